"""Delivers effects: after the decision, and never twice because of a crash.

Each effect goes through three commits: claimed by one courier; then done outside, with no transaction
open; then written down with its receipt. A courier that dies in between leaves the effect *sending*.
Whoever takes it over asks the other side first whether it is done, and does it only when it surely is
not; or, where nobody can tell, when doing it twice does no harm. Otherwise a person must find out.
README.md says what is promised.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from tutela.core.crashpoint import crashpoint
from tutela.core.errors import ConnectorError, NotConfigured, Rejected, TryLater
from tutela.core.people.actor import Actor, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault.seals import Unavailable

from . import claims
from .ledger import Outcome, write_down
from .models import Effect

if TYPE_CHECKING:
    from tutela.connectors.ports import Connector, Receipt

log = logging.getLogger(__name__)

#: Seconds. What is done outside waits no longer than this for its receipt to be written down.
WRITE_WITHIN: Final = 0.2
#: After so many in a row that must wait, the other side is taken to be away, and left alone for a while.
AWAY_AFTER: Final = 3
AWAY_PAUSE: Final = timedelta(seconds=30)
#: Seconds between two looks for what dead couriers hold.
LOOK_FOR_DEAD: Final = 5.0

_ASK: Final = "ask"  # connectors.ports.OnDoubt.ASK; the core does not import connectors


def deliver_due(connectors: Mapping[str, Connector]) -> int:
    """Deliver what is due now, up to one batch. Returns how many effects were tried."""
    return Courier(connectors).run_once()


class Courier:
    """Delivers the effects of some connectors, in one thread with a database connection of its own.

    `connectors` maps the names in effects to what delivers them; `others` are the names that other
    couriers look after. Effects that name neither are refused here, so that none waits unseen; with
    `others` None, they are left alone.
    """

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        others: Collection[str] | None = (),
        *,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._connectors = connectors
        self._mine = Q(connector__in=connectors) if others is None else ~Q(connector__in=others)
        self._stopping = stopping
        # What came of attempts and is not written down yet: its case is busy, or the database away.
        self._unwritten: list[Outcome] = []
        self._waited_in_row = 0
        self._left_alone_until = 0.0
        self._looked_for_dead = float("-inf")

    def run_once(self) -> int:
        """Deliver what is due. Returns how many were tried; 0 means that there is nothing to do now.

        Raises the database's errors. Called again, it first writes down what it knows.
        """
        actor = system_actor(SystemActor.COURIER)
        self._write_down(actor)
        if monotonic() < self._left_alone_until:
            return 0
        self._take_over(actor)
        claimed = self._readable(claims.claim(self._mine, self._may_repeat, actor), actor)
        crashpoint("courier.after_claim")
        self._deliver_each(claimed, actor)
        self._write_down(actor)
        return len(claimed)

    def finish(self, seconds: float = 3) -> None:
        """Write down what is known before the end. What cannot be written, the next courier finds out."""
        actor = system_actor(SystemActor.COURIER)
        deadline = monotonic() + seconds
        self._write_down(actor)
        while self._unwritten and monotonic() < deadline:
            sleep(0.05)
            self._write_down(actor)

    def _deliver_each(self, claimed: Sequence[tuple[Effect, bool]], actor: Actor) -> None:
        renewed = written = monotonic()
        for place, (effect, agreed) in enumerate(claimed):
            rest = [one for one, _agreed in claimed[place:]]
            if self._stopping():
                claims.give_back(rest, actor)
                return
            if self._waited_in_row >= AWAY_AFTER:
                self._leave_alone(rest, actor)
                return
            if monotonic() - renewed > claims.LEASE.total_seconds() / 3:
                claims.renew(rest, actor)
                renewed = monotonic()
            self._note(self._attempt(effect, agreed=agreed))
            if not self._may_repeat(effect) or monotonic() - written > WRITE_WITHIN:
                self._write_down(actor)
                written = monotonic()

    def _note(self, outcome: Outcome) -> None:
        self._unwritten.append(outcome)
        self._waited_in_row = self._waited_in_row + 1 if isinstance(outcome.error, TryLater) else 0

    def _leave_alone(self, rest: Sequence[Effect], actor: Actor) -> None:
        """The other side is away: do not make each effect wait for its silence in turn."""
        claims.give_back(rest, actor, wait=AWAY_PAUSE)
        self._left_alone_until = monotonic() + AWAY_PAUSE.total_seconds()
        self._waited_in_row = 0

    def _write_down(self, actor: Actor) -> None:
        if not self._unwritten:
            return
        self._unwritten = write_down(self._unwritten, actor)
        crashpoint("courier.after_receipt")
        if self._unwritten:  # still ours, whatever our session was called when we claimed them
            claims.renew([one.effect for one in self._unwritten], actor)

    def _readable(self, claimed: list[tuple[Effect, bool]], actor: Actor) -> list[tuple[Effect, bool]]:
        """Without those whose keys are away: they are left as they were, for later."""
        closed = [effect for effect, _agreed in claimed if isinstance(effect.unread, Unavailable)]
        if closed:
            log.error("Cannot read what is to be sent: %s", closed[0].unread)
            claims.give_back(closed, actor, wait=AWAY_PAUSE)
        return [one for one in claimed if one[0] not in closed]

    def _take_over(self, actor: Actor) -> None:
        if monotonic() - self._looked_for_dead < LOOK_FOR_DEAD:
            return
        self._looked_for_dead = monotonic()
        if harmless := self._harmless():
            taken = claims.take_over(harmless, actor)
            if taken:
                log.warning("Took over %d effects from a courier that is gone.", taken)

    def _harmless(self) -> Q:
        """Which effects may be done twice, if it must be."""
        harmless = Q()
        for name, connector in self._connectors.items():
            verbs = [verb.name for verb in connector.verbs.values() if verb.on_doubt != _ASK]
            if verbs:
                harmless |= Q(connector=name, verb__in=verbs)
        return harmless

    def _may_repeat(self, effect: Effect) -> bool:
        connector = self._connectors.get(effect.connector)
        verb = connector.verbs.get(effect.verb) if connector else None
        return verb is not None and verb.on_doubt != _ASK

    def _attempt(self, effect: Effect, *, agreed: bool) -> Outcome:
        try:
            return Outcome(effect, receipt=self._receipt_for(effect, agreed=agreed))
        except ConnectorError as error:
            return Outcome(effect, error=error)
        except Exception as error:  # noqa: BLE001  a fault in one connector must not stop the others
            # Its words may hold what a reporter wrote, so they stay on the case.
            log.error("Effect %d: fault in %s: %s", effect.pk, effect.connector, type(error).__name__)  # noqa: TRY400
            return Outcome(effect, error=TryLater(_fault(effect.connector, error)))

    def _receipt_for(self, effect: Effect, *, agreed: bool) -> Receipt:
        if not agreed:
            raise Rejected(
                _("The approval that this rests on does not stand, so it was not sent."),
                what_to_do=_("Ask for approval again, and leave this one undone."),
            )
        if effect.unread is not None:
            raise Rejected(
                str(effect.unread),
                what_to_do=_("Leave it undone, or find out who changed the database."),
            )
        connector = self._connectors.get(effect.connector)
        if connector is None:
            raise NotConfigured(
                _("There is no connector “%(name)s” here.") % {"name": effect.connector},
                what_to_do=_("Install it and start the worker again, then try again."),
            )
        return self._done_before(connector, effect) or _deliver(connector, effect)

    def _done_before(self, connector: Connector, effect: Effect) -> Receipt | None:
        """The receipt of an earlier attempt. Raises Rejected when a person must find out."""
        if effect.attempts == 1 and not effect.error:
            return None
        answer = connector.already_done(effect.verb, effect.payload, effect.key)
        if answer.done is None and effect.attempts > 1 and not self._may_repeat(effect):
            raise Rejected(
                _("An earlier attempt was interrupted, and nobody can tell whether it was done."),
                what_to_do=_("Find out on the other side. If it was not done, try again."),
            )
        return answer.receipt if answer.done else None


def _deliver(connector: Connector, effect: Effect) -> Receipt:
    crashpoint("courier.before_delivery")
    receipt = connector.deliver(effect.verb, effect.payload, effect.key)
    crashpoint("courier.after_delivery")
    return receipt


def _fault(name: str, error: Exception) -> str:
    words = {"name": name, "error": f"{type(error).__name__}: {error}"[:300]}
    return _("The connector “%(name)s” has a fault: %(error)s") % words
