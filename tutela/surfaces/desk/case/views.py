"""The page of a case, its preview beside a list, and what belongs to it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.db.models import Q, Value
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tutela.core.access.models import Glass
from tutela.core.cases.models import Case
from tutela.core.errors import NotFound
from tutela.core.flow import registry
from tutela.core.flow.models import ClockRow
from tutela.core.flow.reading import read
from tutela.core.kept import kept
from tutela.core.people.roles import PLATFORM, Role
from tutela.core.records.holds import KEEPERS, active_on
from tutela.surfaces.desk.faces import SEVERITY, clock_face, hour
from tutela.surfaces.desk.page import case_or_not_found, desk_page, show
from tutela.surfaces.desk.paging import open_page
from tutela.surfaces.desk.rail import standing_of
from tutela.surfaces.desk.records.stones import tombstone

from .following import next_of
from .known import known
from .looking import be_here, looked, others_here
from .people import exhibits, linked, parties
from .talk import letters, talks
from .timeline import Item, line_of, tabs, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from tutela.core.flow.declare import Workflow
    from tutela.surfaces.desk.page import DeskRequest
    from tutela.ui.clockface import Face

MOST_CLOCKS = 5
#: Lines of the timeline in the preview, and how many events are read for them: many fold into one line.
IN_PREVIEW, READ_FOR_PREVIEW = 4, 24


@desk_page
@require_safe
def case_page(request: DeskRequest, reference: str) -> HttpResponse:
    """Everything about one case, in the order of need."""
    try:
        case = case_or_not_found(reference)
    except NotFound:
        return tombstone(request, reference)
    workflow = registry.workflow(case.workflow)
    read(case)
    be_here(case, request.actor)
    shown = request.GET.get("show", "")
    url = reverse("desk:case", args=[reference])
    context = {
        **head(request, workflow, case),
        "slim": True,
        "clocks": clocks(workflow, case),
        "next": next_of(workflow, case, request.actor, standing_of(request).roles.get(case.workflow, ())),
        "facts": known(workflow, case),
        "tabs": tabs(case, url, shown),
        "show": shown,
        "timeline": timeline(workflow, case, request.user.pk, shown, _number(request.GET.get("before"))),
        "talks": (spoken := talks(workflow, case)),
        "several": len(spoken) > 1,
        "letters": letters(workflow),
        "parties": parties(case),
        "exhibits": exhibits(case),
        "linked": linked(case),
        "done": _done(request, workflow, case),
        "neighbours": neighbours(case),
        "key": secrets.token_hex(16),
        "paged": open_page(case),
    }
    return show(request, "desk/case.html", context)


@desk_page
@require_safe
def preview(request: DeskRequest, reference: str) -> HttpResponse:
    """The same case in short, beside a list. It counts as a look."""
    case = case_or_not_found(reference)
    read(case)
    workflow = registry.workflow(case.workflow)
    context = {
        **head(request, workflow, case),
        "clocks": clocks(workflow, case),
        "next": next_of(workflow, case, request.actor, standing_of(request).roles.get(case.workflow, ())),
        "facts": known(workflow, case),
        "talks": [talk for talk in talks(workflow, case) if talk.unread],
        "latest": timeline(workflow, case, request.user.pk, most=READ_FOR_PREVIEW).items[:IN_PREVIEW],
        "key": secrets.token_hex(16),
    }
    return render(request, "desk/preview.html", context)


@desk_page
@require_POST
def here(request: DeskRequest, reference: str) -> HttpResponse:
    """Say that one still has the case open; answers who else does."""
    case = case_or_not_found(reference)
    be_here(case, request.actor)
    return render(request, "desk/case/presence.html", {"here": others_here(case, request.actor)})


def head(request: DeskRequest, workflow: Workflow, case: Case) -> dict[str, Any]:
    """What the head of every page about a case shows. Whoever sees it has looked at the case."""
    glasses = _open_glasses(case.pk, timezone.now())
    looked(case, request.actor, glasses)
    roles = standing_of(request).roles.get(case.workflow, frozenset())
    return {
        "case": case,
        "workflow": workflow,
        "state": workflow.state(case.state),
        "level": SEVERITY[case.severity],
        "restricted_to": _("%(team)s team only") % {"team": case.team.name} if case.restricted else "",
        "held_since": hour(case.assigned_at) if case.assigned_at else "",
        "is_mine": case.assignee_id == request.user.pk,
        "here": others_here(case, request.actor),
        "glasses": open_to(glasses),
        "legal_holds": legal_holds(case),
        "queue_url": _queue_url(request, case),
        "url": reverse("desk:case", args=[case.reference]),
        "hold_url": f"{reverse('desk:holds')}?{urlencode({'case': case.reference})}"
        if not roles.isdisjoint(KEEPERS)
        else "",
        "slices_url": reverse("desk:slices", args=[case.reference]),
        "access_url": reverse("desk:access", args=[case.reference]) if may_ask(request, case) else "",
    }


@kept
def _open_glasses(case: int, now: datetime) -> QuerySet[Glass]:
    return Glass.objects.open(now).filter(case=case).select_related("staff").order_by("id")


def may_ask(request: DeskRequest, case: Case) -> bool:
    """Whether the person may ask why somebody sees the case: its managers and the security officers."""
    roles = standing_of(request).roles
    return Role.MANAGER in roles.get(case.workflow, ()) or Role.SECURITY in roles.get(PLATFORM, ())


def _queue_url(request: DeskRequest, case: Case) -> str:
    """The queue that the case stands in, or one's own day for who has no grant on it (break-glass)."""
    if case.workflow in standing_of(request).roles:
        return reverse("desk:queue", args=[case.workflow])
    return reverse("desk:my-day")


def open_to(glasses: Iterable[Glass]) -> list[dict[str, Any]]:
    """Who sees a case by break-glass now, until when."""
    return [
        {
            "url": reverse("desk:glass", args=[one.pk]),
            "words": _("Break-glass: %(who)s, until %(time)s")
            % {"who": one.staff.working_name, "time": hour(one.expires_at)},
        }
        for one in glasses
    ]


def legal_holds(case: Case) -> list[dict[str, Any]]:
    """The holds that keep the case, so that nothing of it goes. One query."""
    return [
        {
            "url": reverse("desk:hold", args=[number]),
            "words": _("Legal hold %(number)s") % {"number": number},
        }
        for number in active_on(case)
    ]


def clocks(workflow: Workflow, case: Case) -> list[Face]:
    """The clocks of a case: those that run first, then the last run of each that was met or ended late."""
    rows = sorted(case.clocks.all(), key=lambda row: row.pk)
    latest = {row.name: row for row in rows if row.state != ClockRow.State.ENDED}
    shown = sorted(latest.values(), key=lambda row: (row.stopped_at is not None, row.due_at))
    return [clock_face(workflow, row) for row in shown[:MOST_CLOCKS]]


def neighbours(case: Case) -> dict[str, str]:
    """The cases before and after this one in the queue of its workflow, due first. One query."""
    if case.closed_at or case.due_at is None:
        found = _first_of(case.workflow, case.pk)
    else:
        found = _around(case.workflow, case.due_at, case.pk)
    return {side: reverse("desk:case", args=[reference]) for side, reference in found}


@kept
def _first_of(workflow: str, case: int) -> QuerySet[Case, tuple[str, str]]:
    return _nearest(Case.objects.open().in_workflow(workflow).exclude(pk=case), "next", "due_at", "id")


@kept
def _around(workflow: str, due: datetime, case: int) -> QuerySet[Case, tuple[str, str]]:
    cases = Case.objects.open().in_workflow(workflow).exclude(pk=case)
    after = cases.filter(Q(due_at__gt=due) | Q(id__gt=case), due_at__gte=due)
    before = cases.filter(Q(due_at__lt=due) | Q(id__lt=case), due_at__lte=due)
    first = _nearest(after, "next", "due_at", "id")
    return first.union(_nearest(before, "previous", "-due_at", "-id"), all=True)


def _nearest(cases: QuerySet[Case], side: str, *order: str) -> QuerySet[Case, tuple[str, str]]:
    return cases.order_by(*order).values_list(Value(side), "reference")[:1]


def _done(request: DeskRequest, workflow: Workflow, case: Case) -> Item | None:
    """The event that the last step of this person wrote, to be said in place after it."""
    number = _number(request.GET.get("done"))
    if not number:
        return None
    event = case.events.filter(pk=number, actor=request.user).select_related("actor").first()
    recent = event is not None and timezone.now() - event.at < Item.FRESH
    return line_of(workflow, case, event, request.user.pk) if event and recent else None


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
