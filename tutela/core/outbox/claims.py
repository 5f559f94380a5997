"""Who holds which effect. Each function is one transaction, or a part of its caller's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from tutela.core.flow.models import Request
from tutela.core.moment import database_now
from tutela.core.people.actor import Actor, acting_as
from tutela.core.vault import keyring
from tutela.core.vault.fields import is_erased
from tutela.core.vault.seals import Destroyed, VaultError

from .models import Effect, EffectState

if TYPE_CHECKING:
    from django.db.models import QuerySet

BATCH: Final = 100
#: How long a claim holds without a word of its courier. Longer than any one delivery may take.
LEASE: Final = timedelta(minutes=5)
WAITING: Final = Q(state__in=[EffectState.DUE, EffectState.SENDING])


def claim(of: Q, may_repeat: Callable[[Effect], bool], actor: Actor) -> list[tuple[Effect, bool]]:
    """Take what is due, the longest waiting first; each with whether its approval stands.

    What must not be done twice is claimed alone: a courier that dies then leaves one such effect in
    doubt and not a hundred. Two couriers never get the same one.
    """
    with acting_as(actor):
        now = database_now()
        due = Effect.objects.filter(WAITING, of, due_at__lte=now).order_by("due_at", "id")
        rows = list(due.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        rows = list(takewhile(may_repeat, rows)) or rows[:1]
        for effect in rows:
            effect.state, effect.attempts = EffectState.SENDING, effect.attempts + 1
        _hold(rows, attempts=F("attempts") + 1, state=EffectState.SENDING)
        released = _released(rows)
        _open(rows)
    return [(effect, effect.request_id is None or effect.request_id in released) for effect in rows]


def renew(effects: Sequence[Effect], actor: Actor) -> None:
    """Hold on to claimed effects for another lease."""
    with acting_as(actor):
        _hold(effects)


def give_back(effects: Sequence[Effect], actor: Actor, *, wait: timedelta = timedelta()) -> None:
    """Let go of claimed effects that were not tried, so that they are due again after a wait."""
    with acting_as(actor):
        held = Effect.objects.filter(pk__in=[one.pk for one in effects], state=EffectState.SENDING)
        held.update(
            state=EffectState.DUE,
            attempts=F("attempts") - 1,
            due_at=database_now() + wait,
            claimed_by=None,
            claimed_until=None,
        )


def take_over(of: Q, actor: Actor) -> int:
    """Make due what a dead courier holds: one whose database session has ended. Returns how many.

    Only for acts that may be repeated (`of` says which). Its session may also have ended while the
    courier itself lives and is still at it, so the others wait for the end of the lease.
    """
    alive = RawSQL("SELECT pid FROM pg_stat_activity", [])
    with acting_as(actor):
        now = database_now()
        held = Effect.objects.filter(of, state=EffectState.SENDING, due_at__gt=now)
        return held.exclude(claimed_by__in=alive).update(due_at=now)


def _hold(effects: Sequence[Effect], **more: object) -> None:
    """Hold effects until the end of a lease. `due_at` says so too: it is what the index finds them by."""
    until = database_now() + LEASE
    held: QuerySet[Effect] = Effect.objects.filter(pk__in=[one.pk for one in effects])
    held.update(claimed_by=_session(), claimed_until=until, due_at=until, **more)


def _open(effects: Sequence[Effect]) -> None:
    """Open what they carry while somebody is named who may: outside of a transaction nobody is."""
    keyring.remember_case_keys({effect.case_id for effect in effects})
    for effect in effects:
        try:
            if is_erased(effect.payload) or is_erased(effect.error):
                effect.unread = Destroyed(_("What it would have sent was erased with its case."))
        except VaultError as error:
            effect.unread = error


def _session() -> int:
    connection.ensure_connection()
    assert connection.connection is not None
    return int(connection.connection.info.backend_pid)


def _released(effects: Sequence[Effect]) -> set[int]:
    """Those approvals of the effects to which everybody has agreed."""
    asked = {effect.request_id for effect in effects if effect.request_id is not None}
    if not asked:
        return set()
    released = Request.objects.filter(pk__in=asked, state=Request.State.RELEASED)
    return set(released.values_list("pk", flat=True))
