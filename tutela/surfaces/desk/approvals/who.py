"""Who may decide on a request and who may not, for all holders of its seats at once.

Says the same as `core.flow.approvals.why_not` says of one person (a test compares the two), in a
number of queries that does not grow with the number of people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tutela.core.flow.approvals import investigators
from tutela.core.flow.models import Opinion, Request
from tutela.core.people.models import Grant, Staff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tutela.core.flow.approvals import SeatView


@dataclass(frozen=True)
class Holder:
    """One person who holds a seat's role; `against` says why they may not decide, or is empty."""

    id: int
    name: str
    roles: frozenset[str]
    against: str = ""


#: Why somebody may not decide, said of them and to them.
OF_THEM = {
    "proposed": _("Proposed it"),
    "investigated": _("Investigated it"),
    "recused": _("Is recused"),
    "decided": _("Has decided already"),
}
TO_THEM = {
    "proposed": _("You proposed it, so you cannot approve it."),
    "investigated": _("You investigated the case, so you cannot approve it."),
    "recused": _("You are recused from the case."),
    "decided": _("You have decided already."),
}


def holders(request: Request, against: Mapping[int, str] | None = None) -> list[Holder]:
    """Everybody who holds the role of a seat. One query, and those of `barred` when that is not given."""
    roles = {role for seat in request.chain for role in seat["roles"]}
    held: dict[int, set[str]] = {}
    names: dict[int, str] = {}
    grants = Grant.objects.active().filter(
        workflow=request.case.workflow, role__in=roles, staff__is_active=True, staff__kind=Staff.Kind.PERSON
    )
    for pk, name, role in grants.values_list("staff_id", "staff__working_name", "role"):
        held.setdefault(pk, set()).add(role)
        names[pk] = name
    against = barred(request) if against is None else against
    return [
        Holder(pk, names[pk], frozenset(held[pk]), against.get(pk, ""))
        for pk in sorted(held, key=lambda pk: (names[pk], pk))
    ]


def barred(request: Request) -> dict[int, str]:
    """Whoever may not decide, and why, by the names of `OF_THEM`. The gravest reason wins."""
    case = request.case
    decided = request.opinions.filter(round=request.round).exclude(verdict=Opinion.Verdict.ASK)
    amended = case.events.filter(step="amend", data__request=request.pk)
    recused = case.recusals.filter(ended_at=None)
    found = dict.fromkeys(decided.values_list("staff_id", flat=True), "decided")
    found |= dict.fromkeys(recused.values_list("staff_id", flat=True), "recused")
    if request.kind == Request.Kind.APPROVAL:
        found |= dict.fromkeys(investigators(case), "investigated")
    proposers = {request.proposer_id, *amended.values_list("actor_id", flat=True)}
    return found | dict.fromkeys(proposers, "proposed")


def deciders(request: Request, people: Iterable[Holder], turn: Iterable[SeatView]) -> list[Holder]:
    """Whoever may decide now: in a seat whose turn it is, with nothing against them."""
    names = {seat.name for seat in turn if seat.open}
    roles = {role for seat in request.chain if seat["name"] in names for role in seat["roles"]}
    return [one for one in people if not one.against and one.roles & roles]
