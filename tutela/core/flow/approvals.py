"""Who must agree, who has, and who may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from tutela.core.cases.models import Case, Event
from tutela.core.errors import NotAllowed, NotFound, ProposalChanged, StepClosed
from tutela.core.people.actor import Actor
from tutela.core.people.models import Grant

from . import registry
from .declare import Asked, Reviewer
from .models import Opinion, Request

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from .declare import Step

Seat = dict[str, Any]


def chain_for(reviewers: Sequence[Reviewer], case: Case, data: Mapping[str, Any]) -> list[Seat]:
    """The seats of one approval as kept on the request; absent ones are left out."""
    return [
        {
            "name": reviewer.name,
            "roles": [str(role.value) for role in reviewer.who],
            "order": reviewer.order,
            "required": asked is Asked.REQUIRED,
        }
        for reviewer in reviewers
        if (asked := reviewer.when(case, data)) is not Asked.ABSENT
    ]


def anyone_required(chain: Sequence[Seat]) -> bool:
    """Whether anybody has to agree at all."""
    return any(seat["required"] for seat in chain)


def ask_review(case: Case, step: Step, actor: Actor, data: Mapping[str, Any], event: Event) -> Request:
    """Ask for the look afterwards at a step taken on the urgent path."""
    from .perform import plain

    assert step.review is not None
    return Request.objects.create(
        case=case,
        step=step.name,
        kind=Request.Kind.REVIEW,
        data=plain(data),
        chain=chain_for(step.review.reviewers, case, data),
        came_from=event.from_state,
        proposer_id=actor.id,
        event=event,
    )


def open_request(case: Case, number: int | None, seen: int | None = None) -> Request:
    """The open request of that id, or the only open one.

    `seen` is the round that the person read, where they named one. Raises NotFound, StepClosed, and
    ProposalChanged when another round waits by now.
    """
    requests = case.requests.filter(state=Request.State.OPEN)
    if number:
        requests = requests.filter(pk=number)
    found = list(requests.order_by("id")[:2])
    if not found:
        said = _("This request does not wait any more.") if number else _("Nothing waits for approval.")
        raise StepClosed(said, state=case.state)
    if len(found) > 1:
        raise NotFound(_("Several requests are open on this case: say which one."))
    if changed := not_the_round(found[0], seen):
        raise changed
    return found[0]


def not_the_round(request: Request, seen: int | None) -> ProposalChanged | None:
    """Why the round that somebody read is not the one that waits, naming who changed it and when.

    None when it is, or when no round is named.
    """
    if seen is None or seen == request.round:
        return None
    last = _amendments(request).select_related("actor").order_by("-id").first()
    if last is None or seen > request.round:
        said = _("This request has no round %(seen)s. Read it: it is at round %(round)s.")
        return ProposalChanged(said % {"seen": seen, "round": request.round}, state=request.case.state)
    said = _("%(who)s changed the proposal at %(time)s. Read it again: it is at round %(round)s now.")
    return ProposalChanged(
        said
        % {
            "who": last.actor.working_name,
            "time": last.at.strftime("%Y-%m-%d %H:%M UTC"),
            "round": request.round,
        },
        state=request.case.state,
        changed_by=last.actor.working_name,
        changed_at=last.at.isoformat(),
        step=last.step,
    )


@dataclass(frozen=True)
class SeatView:
    """One seat as it stands: `verdict` is "" while nothing was said in this round."""

    name: str
    label: str
    required: bool
    open: bool
    verdict: str
    opinion: Opinion | None


def seats(request: Request) -> list[SeatView]:
    """The chain of a request in order, with what each seat said in this round."""
    given = request.opinions.filter(round=request.round).select_related("staff", "note")
    said = {one.reviewer: one for one in given.order_by("id")}
    labels = _labels(request)
    views = []
    for seat in sorted(request.chain, key=lambda seat: seat["order"]):
        opinion = said.get(seat["name"])
        views.append(
            SeatView(
                seat["name"],
                labels.get(seat["name"], seat["name"]),
                seat["required"],
                _is_turn(request, seat, said),
                opinion.verdict if opinion else "",
                opinion,
            )
        )
    return views


def agreed(request: Request) -> list[int]:
    """Who agreed in the round that counts."""
    return list(
        request.opinions.filter(round=request.round, verdict=Opinion.Verdict.AGREE)
        .order_by("id")
        .values_list("staff_id", flat=True)
    )


def why_not(request: Request, staff_id: int) -> str:
    """Why a person may not decide on a request, or "" when they may. Told on the page."""
    if request.proposer_id == staff_id or staff_id in _amenders(request):
        return _("Proposed it")
    if request.kind == Request.Kind.APPROVAL and staff_id in investigators(request.case):
        return _("Investigated it")
    if request.case.recusals.filter(staff_id=staff_id, ended_at=None).exists():
        return _("Is recused")
    if (
        request.opinions.filter(round=request.round, staff_id=staff_id)
        .exclude(verdict=Opinion.Verdict.ASK)
        .exists()
    ):
        return _("Has decided already")
    if not _seats_of(request, staff_id):
        return _("Holds no seat in this approval")
    return ""


def investigators(case: Case) -> set[int]:
    """Everybody who performed an investigating step on the case, or on one merged into it."""
    steps = [step.name for step in registry.workflow(case.workflow).all_steps if step.investigates]
    family = Q(case=case) | Q(case__merged_into=case)
    found = Event.objects.filter(family, kind=Event.Kind.STEP, step__in=steps)
    return set(found.values_list("actor_id", flat=True))


def _amenders(request: Request) -> set[int]:
    """Whoever changed the proposal made it their own."""
    return set(_amendments(request).values_list("actor_id", flat=True))


def _amendments(request: Request) -> QuerySet[Event]:
    return request.case.events.filter(step="amend", data__request=request.pk)


def seat_of(request: Request, actor: Actor) -> str:
    """The seat in which it is the person's turn to decide. Raises NotAllowed, StepClosed."""
    if reason_against := why_not(request, actor.id):
        raise NotAllowed(_("You cannot decide on this: %(reason)s.") % {"reason": reason_against})
    said = {one.reviewer: one for one in request.opinions.filter(round=request.round).order_by("id")}
    mine = [seat for seat in _seats_of(request, actor.id) if _is_turn(request, seat, said)]
    if not mine:
        raise StepClosed(_("It is not your turn in this approval yet."), state=request.case.state)
    return str(mine[0]["name"])


def everybody_agreed(request: Request) -> bool:
    """Whether every required seat agreed in this round."""
    agreeing = set(
        request.opinions.filter(round=request.round, verdict=Opinion.Verdict.AGREE).values_list(
            "reviewer", flat=True
        )
    )
    return all(seat["name"] in agreeing for seat in request.chain if seat["required"])


def _seats_of(request: Request, staff_id: int) -> list[Seat]:
    roles = Grant.objects.roles_of(staff_id, request.case.workflow)
    return [
        seat
        for seat in sorted(request.chain, key=lambda one: one["order"])
        if roles.intersection(seat["roles"])
    ]


def _is_turn(request: Request, seat: Seat, said: Mapping[str, Opinion]) -> bool:
    own = said.get(seat["name"])
    if own is not None and own.verdict != Opinion.Verdict.ASK:
        return False
    if not seat["required"]:
        return True  # nobody waits for this seat, so that it may speak at any time
    earlier = [one for one in request.chain if one["required"] and one["order"] < seat["order"]]
    return all(_agrees(said.get(one["name"])) for one in earlier)


def _agrees(opinion: Opinion | None) -> bool:
    return opinion is not None and opinion.verdict == Opinion.Verdict.AGREE


def _labels(request: Request) -> dict[str, str]:
    step = registry.workflow(request.case.workflow).step(request.step)
    declared = step.approval if request.kind == Request.Kind.APPROVAL else step.review
    return {one.name: str(one.label) for one in declared.reviewers} if declared else {}
