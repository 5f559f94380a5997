"""Legal holds: what is under one goes nowhere until it is released.

The database keeps them: a trigger refuses to delete what is held, whoever asks. What is here sees to the
audit entry and the timeline in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tutela.core.access.functions import ask
from tutela.core.audit.models import Act
from tutela.core.audit.record import record_each
from tutela.core.cases.models import Case
from tutela.core.cases.numbers import is_number, next_number
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.beside import tell_beside
from tutela.core.flow.perform import lock_in_order
from tutela.core.kept import kept
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.roles import Role, SystemActor

from .models import LEAST_REASON, HeldCase, Hold, HoldQuerySet

#: Who answers for the records of a workflow. The database has the same list (`0002_records.sql`).
KEEPERS = (Role.MANAGER, Role.COUNSEL, Role.RECORDS_MANAGER)
PREFIX, COUNTER = "LH", "legal holds"
PLACED, RELEASED = "hold_placed", "hold_released"


def place_hold(
    actor: Actor,
    references: Iterable[str],
    reason: str,
    authority: str,
    *,
    party: int | None = None,
    review_at: date | None = None,
) -> Hold:
    """Place a hold on cases of one workflow, and with `party` (an id) on every case of that party.

    Raises BadData, NotFound and NotAllowed.
    """
    wanted = sorted({one.strip() for one in references})
    reason, authority = reason.strip(), authority.strip()
    _check(wanted, reason, authority)
    with acting_as(actor):
        cases = list(Case.objects.filter(reference__in=filter(is_number, wanted)))
        if len(cases) != len(wanted):
            raise NotFound(_("There is no such case, or it is not yours to see."))
        if len({case.workflow for case in cases}) > 1:
            raise BadData(
                _("Some answers cannot be used."), {"cases": [_("Name cases of one workflow only.")]}
            )
        if not answers_for(cases[0].workflow):
            raise not_a_keeper()
        numbers = [case.pk for case in cases]
        lock_in_order(numbers)
        number = next_number(PREFIX, COUNTER)
        made = ask("place_hold", number, numbers, party, reason, authority, review_at)
        if made is None:
            raise NotFound(_("There is no such case, or it is not yours to see."))
        hold = Hold.objects.get(pk=made)
        _record(Act.HOLD_PLACED, PLACED, actor, hold)
    return hold


def release_hold(actor: Actor, number: str, reason: str) -> Hold:
    """Release a hold. Raises BadData, NotFound, NotAllowed, StepClosed."""
    reason = reason.strip()
    if len(reason) < LEAST_REASON:
        raise BadData(_("Some answers cannot be used."), {"reason": [say_why()]})
    with acting_as(actor):
        hold = find_hold(number)
        if hold.released_at:
            raise StepClosed(_("This hold was released already."))
        if not ask("release_hold", hold.pk, reason):
            raise not_a_keeper()
        _record(Act.HOLD_RELEASED, RELEASED, actor, hold)
        hold.refresh_from_db()
    return hold


def answers_for(workflow: str) -> bool:
    """Whether the actor answers for the records of a workflow: places holds, proposes, agrees."""
    return bool(ask("actor_keeps_records_of", workflow))


def find_hold(number: str) -> Hold:
    """A hold that the actor may read of. Raises NotFound."""
    found = holds().filter(number=number).first() if is_number(number) else None
    if found is None:
        raise NotFound(_("There is no such hold, or it is not yours to see."))
    return found


def holds() -> HoldQuerySet:
    """All holds that the actor may read of, the newest first."""
    return Hold.objects.select_related("placed_by", "released_by", "party").order_by("-id")


def active_on(case: Case) -> list[str]:
    """The numbers of the holds that keep a case now, the newest first. One query."""
    return _active_on(case.pk)


@kept
def _active_on(case: int) -> QuerySet[Hold, str]:
    return Hold.objects.active().filter(cases__case=case).order_by("-id").values_list("number", flat=True)


def say_why() -> str:
    """What a reason that is too short is answered with."""
    return _("Say why in at least %(n)s characters.") % {"n": LEAST_REASON}


def not_a_keeper() -> NotAllowed:
    """The error for those who do not answer for the records."""
    return NotAllowed(
        _("This step is for %(roles)s.") % {"roles": ", ".join(str(role.label) for role in KEEPERS)}
    )


def _check(references: list[str], reason: str, authority: str) -> None:
    errors = {}
    if not references or not all(references):
        errors["cases"] = [_("Name at least one case.")]
    if len(reason) < LEAST_REASON:
        errors["reason"] = [say_why()]
    if not authority:
        errors["authority"] = [_("Say by whose authority.")]
    if errors:
        raise BadData(_("Some answers cannot be used."), errors)


def _record(act: Act, step: str, actor: Actor, hold: Hold) -> None:
    """In the log and on the timeline of each case that it covers and the actor sees."""
    covered = list(HeldCase.objects.filter(hold=hold).values_list("case_id", flat=True))
    record_each(act, actor, [(case, {"hold": hold.number}) for case in covered])
    for case in covered:
        tell_beside(case, step, actor.id, {"hold": hold.number}, job=SystemActor.RECORDS)
