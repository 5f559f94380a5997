"""Reviews of roles at the desk: who holds what, kept or ended with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tutela.core.access import reviews
from tutela.core.access.models import Review
from tutela.core.errors import BadData, NotAllowed, StepClosed, TutelaError
from tutela.core.people.roles import Role

from .conflicts import Words
from .faces import full, moment
from .page import STATUS, desk_page, show

if TYPE_CHECKING:
    from .page import DeskRequest

MOST_ROWS = 100


@desk_page
@require_safe
def listed(request: DeskRequest) -> HttpResponse:
    """The reviews that one may read, the newest first."""
    rows = [_row(one) for one in reviews.every()[:MOST_ROWS]]
    return show(request, "desk/reviews.html", {"rows": rows})


@desk_page
@require_safe
def review(request: DeskRequest, number: int) -> HttpResponse:
    """One review: each role, when it was last used, and what was decided."""
    return _page(request, reviews.find(number))


@desk_page
@require_POST
def decide(request: DeskRequest, number: int, line: int) -> HttpResponse:
    """Keep a role, or end it."""
    found = reviews.find(number)
    keep, words = request.POST.get("keep") != "no", request.POST.get("words", "")
    try:
        reviews.decide(request.actor, number, line, words, keep=keep)
    except BadData as error:
        return _page(request, found, typed={line: (words, error)}, status=422)
    except (StepClosed, NotAllowed) as error:
        return _page(request, found, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:review", args=[number]))


def _page(
    request: DeskRequest,
    found: Review,
    *,
    error: TutelaError | None = None,
    typed: dict[int, tuple[str, BadData]] | None = None,
    status: int = 200,
) -> HttpResponse:
    lines = [_line(one, (typed or {}).get(one.line.pk)) for one in reviews.held_in(found, request.actor)]
    context = {"review": found, "row": _row(found), "lines": lines, "error": error}
    return show(request, "desk/review.html", context, status)


def _row(one: Review) -> dict[str, Any]:
    return {
        "url": reverse("desk:review", args=[one.pk]),
        "about": reviews.label_of(one),
        "quarter": one.quarter,
        "due": moment(one.due_at),
        "closed": full(one.closed_at) if one.closed_at else "",
        "is_late": one.is_late,
    }


def _line(held: reviews.Held, typed: tuple[str, BadData] | None) -> dict[str, Any]:
    line, grant = held.line, held.line.grant
    name = f"id_{line.pk}_%s"
    form = Words({"words": typed[0]}, auto_id=name) if typed else Words(auto_id=name)
    return {
        "id": line.pk,
        "who": grant.staff.working_name,
        "role": Role(grant.role).label,
        "since": moment(grant.since),
        "until": moment(grant.until) if grant.until else "",
        "by": grant.granted_by.working_name if grant.granted_by else "",
        "why": grant.reason,
        "used": moment(held.last_used) if held.last_used else "",
        "waits": held.waits,
        "own": held.own,
        "kept": line.kept,
        "decided_by": line.decided_by.working_name if line.decided_by else "",
        "decided": full(line.decided_at) if line.decided_at else "",
        "words": line.words,
        "form": form,
    }
