"""Pages about records: what is kept how long, what is held, what is due, what was disposed of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tutela.core.cases.models import Case
from tutela.core.errors import (
    BadData,
    FreshFactorNeeded,
    NotAllowed,
    NotFound,
    StepClosed,
    TutelaError,
)
from tutela.core.flow import registry
from tutela.core.records import disposal, holds, runs
from tutela.core.records.classes import by_record
from tutela.core.records.described import with_cases, with_items
from tutela.core.records.due import coming, rule_of
from tutela.core.records.models import LEAST_REASON, Hold, Run, Tombstone
from tutela.core.records.rules import CLASS_MEANS, DataClass
from tutela.core.records.schedule import schedule
from tutela.surfaces.desk.case.described import Line
from tutela.surfaces.desk.faces import full
from tutela.surfaces.desk.page import STATUS, desk_page, show
from tutela.surfaces.desk.rail import standing_of
from tutela.surfaces.desk.signing_in import fresh

from . import tables

if TYPE_CHECKING:
    from tutela.surfaces.desk.page import DeskRequest

MOST_ROWS = 100
#: How far the preview looks ahead.
AHEAD = timedelta(days=90)


class Placing(forms.Form):
    """Which cases are to be kept, why, and by whose authority."""

    cases = forms.CharField(
        label=gettext_lazy("References of the cases"),
        help_text=gettext_lazy("Of one workflow, with spaces between them."),
        max_length=2000,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=LEAST_REASON,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    authority = forms.CharField(
        label=gettext_lazy("Authority"),
        help_text=gettext_lazy("Who demands it, by which rule."),
        max_length=300,
    )
    review_at = forms.DateField(
        label=gettext_lazy("Look at it again on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class Why(forms.Form):
    """Why."""

    words = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=LEAST_REASON,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )


class Deciding(forms.Form):
    """What another person says of a run."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[(runs.APPROVED, gettext_lazy("Agree")), (runs.REFUSED, gettext_lazy("Stop"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )


@desk_page
@require_safe
def overview(request: DeskRequest) -> HttpResponse:
    """What is due soon, runs, and what is gone. The number of queries does not grow with the cases."""
    names = _workflows()
    gone = Tombstone.objects.select_related("certificate").order_by("-id")[:MOST_ROWS]
    context = {
        "tabs": _tabs("desk:records"),
        "due": [
            {"label": one.plural, "url": reverse("desk:due", args=[one.slug]), "rule": one.retention}
            for one in standing_of(request).workflows
            if rule_of(one.slug)
        ],
        "runs": tables.run_table(runs.runs()[:MOST_ROWS], names),
        "gone": tables.gone_table(gone),
    }
    return show(request, "desk/records/overview.html", context)


@desk_page
@require_safe
def schedule_page(request: DeskRequest) -> HttpResponse:
    """The schedule in plain words, and the class of every field."""
    labels = {one.name: one.label for one in schedule()}
    cases = _("Cases and what hangs on them")
    context = {
        "tabs": _tabs("desk:schedule"),
        "table": tables.schedule_table(schedule()),
        "classes": [(one.label, CLASS_MEANS[one]) for one in DataClass],
        "records": [
            (labels.get(record, cases), [(label, _fields(kept.fields)) for label, kept in models])
            for record, models in by_record()
        ],
    }
    return show(request, "desk/records/schedule.html", context)


def _fields(fields: dict[str, DataClass]) -> list[tuple[Any, str]]:
    return [
        (cls.label, ", ".join(name for name, its in fields.items() if its is cls))
        for cls in DataClass
        if cls in fields.values()
    ]


# What is due


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def due(request: DeskRequest, workflow: str) -> HttpResponse:
    """What would go, when, and what keeps some of it; those who answer for records propose."""
    if workflow not in standing_of(request).roles:
        raise NotFound
    if request.method != "POST":
        return _due(request, workflow)
    try:
        made = runs.propose(
            request.actor,
            request.POST.getlist("case"),
            request.POST.get("words", "").replace("\0", "")[:2000],
        )
    except (BadData, NotAllowed) as error:
        return _due(request, workflow, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:run", args=[made.number]))


def _due(
    request: DeskRequest, workflow: str, error: TutelaError | None = None, status: int = 200
) -> HttpResponse:
    lines = coming(workflow, timezone.now() + AHEAD, MOST_ROWS)
    declared = registry.workflow(workflow)
    context = {
        "workflow": declared,
        "rule": declared.retention,
        "rows": [tables.due_row(one) for one in lines],
        "may_propose": holds.answers_for(workflow) and any(one.may_go for one in lines),
        "error": error,
        "said": sorted(error.errors.items()) if isinstance(error, BadData) else [],
        "chosen": set(request.POST.getlist("case")),
        "words": request.POST.get("words", ""),
    }
    return show(request, "desk/records/due.html", context, status)


# Holds


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def hold_list(request: DeskRequest) -> HttpResponse:
    """The holds that one may read of, the newest first, and the form for one more."""
    if request.method != "POST":
        return _holds(request, Placing(initial={"cases": request.GET.get("case", "")}))
    form = Placing(request.POST)
    if not form.is_valid():
        return _holds(request, form, status=422)
    asked = form.cleaned_data
    try:
        made = holds.place_hold(
            request.actor,
            asked["cases"].replace(",", " ").split(),
            asked["reason"],
            asked["authority"],
            review_at=asked["review_at"],
        )
    except BadData as error:
        for field, said in error.errors.items():
            form.add_error(field, said)
        return _holds(request, form, status=422)
    return HttpResponseRedirect(reverse("desk:hold", args=[made.number]))


def _holds(request: DeskRequest, form: Placing, status: int = 200) -> HttpResponse:
    rows = with_cases()[:MOST_ROWS]
    context = {
        "tabs": _tabs("desk:holds"),
        "form": form,
        "table": tables.hold_table(rows),
        "may_place": _keeps(request),
    }
    return show(request, "desk/records/holds.html", context, status)


@desk_page
@require_safe
def hold_page(request: DeskRequest, number: str) -> HttpResponse:
    """One hold: why, by whose authority, what it covers, and its release."""
    return _hold(request, holds.find_hold(number), Why())


@desk_page
@require_POST
def hold_release(request: DeskRequest, number: str) -> HttpResponse:
    """Release a hold."""
    found = holds.find_hold(number)
    form = Why(request.POST)
    if not form.is_valid():
        return _hold(request, found, form, status=422)
    try:
        holds.release_hold(request.actor, number, form.cleaned_data["words"])
    except (StepClosed, NotAllowed) as error:
        return _hold(request, found, form, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:hold", args=[number]))


def _hold(
    request: DeskRequest, found: Hold, form: Why, *, error: TutelaError | None = None, status: int = 200
) -> HttpResponse:
    covered = with_cases().get(pk=found.pk)
    context = {
        "hold": covered,
        "state": tables.hold_state(covered),
        "placed": full(covered.placed_at),
        "released": full(covered.released_at) if covered.released_at else "",
        "may_release": covered.released_at is None and holds.answers_for(covered.workflow),
        "form": form,
        "error": error,
    }
    return show(request, "desk/records/hold.html", context, status)


# Runs and certificates


@desk_page
@require_safe
def run_page(request: DeskRequest, number: str) -> HttpResponse:
    """One run: its cases, what came of each, and the decision of another person."""
    return _run(request, runs.find_run(number))


@desk_page
@require_POST
def run_decide(request: DeskRequest, number: str) -> HttpResponse:
    """Agree to a run, with a fresh second factor; stop it; or withdraw one's own."""
    found = runs.find_run(number)
    own = found.proposed_by_id == request.user.pk
    form: forms.Form = Why(request.POST) if own else Deciding(request.POST)
    if not form.is_valid():
        return _run(request, found, form=form, status=422)
    said = form.cleaned_data
    verdict = runs.WITHDRAWN if own else said["verdict"]
    try:
        runs.decide(request.actor, number, verdict, said["words"])
    except FreshFactorNeeded as error:
        return fresh.ask(request, error, _asked(found, said["words"]))
    except BadData as error:
        for field, texts in error.errors.items():
            form.add_error(field, texts)
        return _run(request, found, form=form, status=422)
    except (StepClosed, NotAllowed) as error:
        return _run(request, found, form=form, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:run", args=[number]))


def _asked(found: Run, words: str) -> dict[str, Any]:
    """What the page that asks for the second factor shows."""
    cases = ", ".join(found.items.order_by("id").values_list("reference", flat=True))
    return {
        "reference": found.number,
        "what": _("Dispose of %(n)s cases") % {"n": found.size},
        "lines": [Line("", _("Cases"), cases, fold=False)],
        "reason": words,
        "after": _("What is disposed of cannot be brought back."),
        "back": reverse("desk:run", args=[found.number]),
    }


def _run(
    request: DeskRequest,
    found: Run,
    *,
    form: forms.Form | None = None,
    error: TutelaError | None = None,
    status: int = 200,
) -> HttpResponse:
    one = with_items().get(pk=found.pk)
    items = sorted(one.items.all(), key=lambda item: item.pk)
    seen = set(Case.objects.filter(pk__in=[item.case_id for item in items]).values_list("pk", flat=True))
    own = one.proposed_by_id == request.user.pk
    waits = one.state == Run.State.PROPOSED and holds.answers_for(one.workflow)
    context = {
        "run": one,
        "state": tables.run_state(one),
        "workflow": _workflows().get(one.workflow, one.workflow),
        "proposed": full(one.proposed_at),
        "decided": full(one.decided_at) if one.decided_at else "",
        "table": tables.item_table(items, seen),
        "own": own,
        "form": (form or (Why() if own else Deciding())) if waits else None,
        "error": error,
    }
    return show(request, "desk/records/run.html", context, status)


@desk_page
@require_safe
def certificate(request: DeskRequest, number: str) -> HttpResponse:
    """What was disposed of, when, by whose word and by which rule; compared with the audit log."""
    found = disposal.find_certificate(number)
    context = {
        "certificate": found,
        "at": full(found.at),
        "due": full(found.due_at),
        "table": tables.rows_table(found),
        "as_logged": disposal.is_as_logged(found),
    }
    return show(request, "desk/records/certificate.html", context)


def _tabs(current: str) -> list[dict[str, Any]]:
    pages = (
        ("desk:records", _("Due and disposal")),
        ("desk:holds", _("Legal holds")),
        ("desk:schedule", _("Retention schedule")),
    )
    return [{"label": label, "url": reverse(name), "current": name == current} for name, label in pages]


def _workflows() -> dict[str, Any]:
    return {one.slug: one.plural for one in registry.workflows()}


def _keeps(request: DeskRequest) -> bool:
    """Whether the person answers for the records of any workflow."""
    roles = standing_of(request).roles
    return any(set(held) & set(holds.KEEPERS) for held in roles.values())
