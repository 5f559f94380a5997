"""Requests for approval and for review: what waits for me, and what I wait for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tutela.core.flow import approvals
from tutela.core.flow.models import Request
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant

from .cursors import USUAL, Cursor, by_id
from .reading import person, step_label

FOR_ME, MINE, ALL = "for_me", "mine", "all"
_AT_A_TIME = 100


def list_requests(
    actor: Actor, which: str = FOR_ME, limit: int = USUAL, cursor: str | None = None
) -> dict[str, Any]:
    """A page of open requests, the oldest first: those on which the actor can decide now, or made, or all."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        found: list[dict[str, Any]] = []
        for request, why_not in _open(actor, which, after):
            found.append(_line(request, actor, why_not))
            if len(found) > limit:
                break
    following = by_id(found[limit - 1]["id"]) if len(found) > limit else None
    return {"items": found[:limit], "next": following}


def _open(actor: Actor, which: str, after: Cursor | None) -> Iterator[tuple[Request, str]]:
    last = after.id if after else 0
    requests = Request.objects.filter(state=Request.State.OPEN).select_related("case", "proposer")
    if which == MINE:
        requests = requests.filter(proposer_id=actor.id)
    if which == FOR_ME:
        requests = requests.exclude(proposer_id=actor.id)
    for request in _in_order(requests, last):
        why_not = _why_not(request, actor)
        if which != FOR_ME or not why_not:
            yield request, why_not


def _in_order(requests: QuerySet[Request], last: int) -> Iterator[Request]:
    while some := list(requests.filter(id__gt=last).order_by("id")[:_AT_A_TIME]):
        yield from some
        last = some[-1].pk


def _why_not(request: Request, actor: Actor) -> str:
    if reason := approvals.why_not(request, actor.id):
        return reason
    roles = Grant.objects.roles_of(actor.id, request.case.workflow)
    mine = {seat["name"] for seat in request.chain if roles.intersection(seat["roles"])}
    if any(seat.open and seat.name in mine for seat in approvals.seats(request)):
        return ""
    return _("It is not your turn yet")


def _line(request: Request, actor: Actor, why_not: str) -> dict[str, Any]:
    return {
        "id": request.pk,
        "reference": request.case.reference,
        "workflow": request.case.workflow,
        "kind": request.kind,
        "state": request.state,
        "step": request.step,
        "label": step_label(request.case.workflow, request.step),
        "proposer": person(request.proposer),
        "opened_at": request.opened_at,
        "mine": request.proposer_id == actor.id,
        "why_not": why_not,
    }
