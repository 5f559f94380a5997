"""One step on many cases: chosen by check boxes, asked once, performed one by one, told one by one.

Each case goes through the one door by itself: what is closed, refused or not theirs says so, and the
others go on. All of them are locked first, in one order for everybody.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotFound, TutelaError
from tutela.core.flow import registry
from tutela.core.flow.perform import lock_in_order, perform
from tutela.core.people.models import Grant, Staff
from tutela.surfaces.desk.faces import moment
from tutela.surfaces.desk.models import BulkRun
from tutela.surfaces.desk.page import desk_page, show
from tutela.surfaces.desk.steps.prepare import as_utc, form_of

if TYPE_CHECKING:
    from tutela.core.flow.declare import Step
    from tutela.surfaces.desk.page import DeskRequest

MOST = 100
STEPS = {
    "assign": gettext_lazy("Assign"),
    "follow_up": gettext_lazy("Follow up later"),
    "link_case": gettext_lazy("Link another case"),
}


@desk_page
@require_POST
def bulk(request: DeskRequest) -> HttpResponse:
    """Ask what the step needs to know, then perform it on each chosen case."""
    name = request.POST.get("step", "")
    cases = _chosen(request)
    if name not in STEPS or not cases:
        raise BadData(_("Choose at least one case, and what to do with it."), {})
    step = registry.workflow(cases[0].workflow).step(name)
    if "do" not in request.POST:
        form = _form(step, cases)
        return _ask(request, step, cases, form)
    form = _form(step, cases, request.POST)
    if form is not None and not form.is_valid():
        return _ask(request, step, cases, form, 422)
    other = form.cleaned_data.get("other") if form is not None else None
    lock_in_order([case.pk for case in (*cases, other) if case])
    run = _run(request, step, cases)
    return HttpResponseRedirect(reverse("desk:bulk-run", args=[run.pk]))


@desk_page
@require_safe
def bulk_run(request: DeskRequest, number: int) -> HttpResponse:
    """What came of a run: one line for each case, and one for all."""
    run = _own(request, number)
    seen = Case.objects.in_bulk([result["case"] for result in run.results])
    results = [
        {"case": seen[result["case"]], "reason": result["reason"], "undo": result.get("undo", "")}
        for result in run.results
        if result["case"] in seen
    ]
    done = sum(not result["reason"] for result in results)
    context = {
        "run": run,
        "label": STEPS[run.step],
        "when": moment(run.at),
        "results": results,
        "summary": _summary(done, len(results)),
        "all_done": done == len(results),
        "may_undo": run.undone_at is None and done > 0 and run.step != "link_case",
        "undone": any(result["undo"] for result in results) or run.undone_at is not None,
    }
    return show(request, "desk/bulk_run.html", context)


@desk_page
@require_POST
def bulk_undo(request: DeskRequest, number: int) -> HttpResponse:
    """Take each part of a run back that can still be taken back."""
    run = _own(request, number)
    lock_in_order(result["case"] for result in run.results)
    seen = Case.objects.in_bulk([result["case"] for result in run.results])
    for result in run.results:
        if result["case"] in seen and result["event"]:
            result["undo"] = _undo_one(request, seen[result["case"]], result["event"])
    run.undone_at = timezone.now()
    run.save(update_fields=["results", "undone_at"])
    return HttpResponseRedirect(reverse("desk:bulk-run", args=[run.pk]))


def _chosen(request: DeskRequest) -> list[Case]:
    references = request.POST.getlist("case")[:MOST]
    return list(
        Case.objects.filter(reference__in=references).select_related("assignee", "team").order_by("id")
    )


def _form(step: Step, cases: list[Case], data: Any = None) -> forms.Form | None:
    """The form of the step, for all the cases at once."""
    form = form_of(step, cases[0], data)
    if form is not None and "assignee" in form.fields:
        form.fields["assignee"].queryset = _workers(cases)  # type: ignore[attr-defined]
    return form


def _workers(cases: list[Case]) -> Any:
    """Whoever works in any of the workflows. Each case says by itself whom it does not take."""
    pairs = {case.workflow: registry.workflow(case.workflow).workers for case in cases}
    people = Staff.objects.none()
    for slug, roles in pairs.items():
        people = people | Staff.objects.filter(pk__in=Grant.objects.holders(slug, roles).values("pk"))
    return people.order_by("working_name").distinct()


def _ask(
    request: DeskRequest, step: Step, cases: list[Case], form: forms.Form | None, status: int = 200
) -> HttpResponse:
    context = {
        "step": step,
        "label": STEPS[step.name],
        "form": form,
        "cases": cases,
        "key": request.POST.get("key") or secrets.token_hex(16),
        "back": reverse("desk:my-day"),
    }
    return show(request, "desk/bulk.html", context, status)


def _run(request: DeskRequest, step: Step, cases: list[Case]) -> BulkRun:
    key = request.POST.get("key", "")[:64] or secrets.token_hex(16)
    earlier = BulkRun.objects.filter(staff=request.user, key=key).first()
    if earlier:
        return earlier
    answers = as_utc(step, cases[0], request.POST)
    for name in ("case", "step", "do"):
        answers.pop(name, None)
    results = [_one(request, case, step.name, answers, f"{key[:40]}-{case.pk}") for case in cases]
    return BulkRun.objects.create(staff=request.user, step=step.name, key=key, results=results)


def _one(request: DeskRequest, case: Case, step: str, answers: Any, key: str) -> dict[str, Any]:
    try:
        outcome = perform(case.reference, step, request.actor, answers, key=key)
    except TutelaError as error:
        return {"case": case.pk, "event": None, "reason": _why(error)}
    return {"case": case.pk, "event": outcome.event_id, "reason": ""}


def _undo_one(request: DeskRequest, case: Case, event: int) -> str:
    try:
        perform(case.reference, "undo", request.actor, {"event": str(event)})
    except TutelaError as error:
        return _("Not undone: %(why)s") % {"why": error}
    return _("undone")


def _why(error: TutelaError) -> str:
    """Why one case was not done. The messages of fields say more than the one above them."""
    fields = getattr(error, "errors", {})
    said = [message for messages in fields.values() for message in messages]
    return " ".join(said) or str(error) or _("There is no such case, or it is not yours to see.")


def _own(request: DeskRequest, number: int) -> BulkRun:
    run = BulkRun.objects.filter(staff=request.user, pk=number).first()
    if run is None:
        raise NotFound
    return run


def _summary(done: int, all_of_them: int) -> str:
    left = all_of_them - done
    if not left:
        return ngettext("%(n)d case done.", "All %(n)d cases done.", done) % {"n": done}
    words = ngettext(
        "%(done)d of %(all)d cases done; %(left)d was not. Nothing happened to it.",
        "%(done)d of %(all)d cases done; %(left)d were not. Nothing happened to them.",
        left,
    )
    return words % {"done": done, "all": all_of_them, "left": left}
