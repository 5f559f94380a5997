"""Steps: a page with the form, performing it, and taking it back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from tutela.core.cases.models import Case, Event
from tutela.core.errors import (
    BadData,
    FreshFactorNeeded,
    KeyReused,
    NotAllowed,
    NotFound,
    StepClosed,
    TutelaError,
)
from tutela.core.flow import registry
from tutela.core.flow.dry_run import dry_run_step
from tutela.core.flow.models import Request
from tutela.core.flow.perform import check_allowed, check_open, perform, plain
from tutela.surfaces.desk.case.described import described, fields_of
from tutela.surfaces.desk.case.timeline import line_of
from tutela.surfaces.desk.case.tried import Tried, tried
from tutela.surfaces.desk.case.views import head
from tutela.surfaces.desk.page import STATUS, case_or_not_found, desk_page, show
from tutela.surfaces.desk.signing_in import fresh

from .prepare import as_utc, fill_in, form_of

if TYPE_CHECKING:
    from django import forms

    from tutela.core.flow.declare import Step, Workflow
    from tutela.core.flow.perform import Outcome
    from tutela.surfaces.desk.page import DeskRequest

#: Steps that only add to the record: a change by somebody else meanwhile does not stand in their way.
ADDING = {
    "note", "edit_note", "answer", "mark_read", "add_exhibit", "add_file", "add_party", "link_case", "undo",
}  # fmt: skip

#: Steps taken on the page of a request, where one reads what it is about.
AT_THE_REQUEST = {"approve", "ask_first", "stop", "amend"}


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def step_page(request: DeskRequest, reference: str, step: str) -> HttpResponse:
    """The form of one step, or what came of performing it."""
    case = case_or_not_found(reference)
    workflow = registry.workflow(case.workflow)
    found = _named(workflow, step)
    if request.method == "POST":
        return _perform(request, workflow, case, found)
    check_allowed(workflow, found, case, request.actor)
    if found.name in AT_THE_REQUEST and (url := _request_url(workflow, case, found)):
        return HttpResponseRedirect(url)
    closed = _closed(workflow, found, case)
    form = form_of(found, case)
    if form is not None:
        fill_in(form, found, workflow, case, request.GET)
    return _form_page(request, workflow, case, found, form, closed)


@desk_page
@require_POST
def undo(request: DeskRequest, reference: str, event: int) -> HttpResponse:
    """Take one's last step back, while nothing of it has left the house."""
    case = case_or_not_found(reference)
    outcome = perform(reference, "undo", request.actor, {"event": str(event)})
    return on_case(case, outcome)


def _request_url(workflow: Workflow, case: Case, step: Step) -> str:
    """The page of the oldest request that waits, or of a change to it; empty where none does."""
    waiting = case.requests.filter(state=Request.State.OPEN)
    if step.name == "amend":
        waiting = waiting.filter(kind=Request.Kind.APPROVAL)
    asked = waiting.order_by("id").first()
    if asked is None:
        return ""
    changes = step.name == "amend" and workflow.step(asked.step).form is not None
    return reverse("desk:amend" if changes else "desk:request", args=[case.reference, asked.pk])


def _perform(request: DeskRequest, workflow: Workflow, case: Case, step: Step) -> HttpResponse:
    answers = as_utc(step, case, request.POST)
    try:
        outcome = perform(
            case.reference,
            step.name,
            request.actor,
            answers,
            key=request.POST.get("key", "")[:64],
            version=_version(request, step),
        )
    except NotFound:
        raise
    except FreshFactorNeeded as error:
        return _ask_for_factor(request, workflow, case, step, answers, error)
    except (BadData, StepClosed, KeyReused, NotAllowed) as error:
        case.refresh_from_db()
        form = form_of(step, case, request.POST)
        return _form_page(request, workflow, case, step, form, error)
    return on_case(case, outcome)


def _ask_for_factor(
    request: DeskRequest,
    workflow: Workflow,
    case: Case,
    step: Step,
    answers: QueryDict,
    error: FreshFactorNeeded,
) -> HttpResponse:
    """Ask for the second factor, with what was answered and what would happen."""
    case.refresh_from_db()
    context = {
        **head(request, workflow, case),
        "step": step,
        "what": step.label,
        "lines": described(fields_of(step, case), plain(answers)),
        "held": step.approval is not None,
        "dry": None
        if step.approval
        else tried(workflow, lambda: dry_run_step(case.reference, step.name, request.actor, answers)),
        "back": reverse("desk:case", args=[case.reference]),
    }
    return fresh.ask(request, error, context)


def _version(request: DeskRequest, step: Step) -> int | None:
    text = request.POST.get("version", "")
    return (
        int(text)
        if text.isascii() and text.isdigit() and len(text) < 10 and step.name not in ADDING
        else None
    )


def on_case(case: Case, outcome: Outcome) -> HttpResponse:
    """Go on to where the result is: the case, or the queue when the case is theirs no more."""
    if not Case.objects.filter(pk=case.pk).exists():
        return HttpResponseRedirect(reverse("desk:queue", args=[case.workflow]))
    url = reverse("desk:case", args=[case.reference])
    return HttpResponseRedirect(f"{url}?{urlencode({'done': outcome.event_id})}")


def _form_page(
    request: DeskRequest,
    workflow: Workflow,
    case: Case,
    step: Step,
    form: forms.Form | None,
    error: TutelaError | None,
) -> HttpResponse:
    seen = _seen(request)
    context = {
        **head(request, workflow, case),
        "slim": True,
        "step": step,
        "form": form,
        "error": error,
        "can_go_on": not isinstance(error, NotAllowed)
        and (error is None or _closed(workflow, step, case) is None),
        "changes": _changes(request, workflow, case, seen) if isinstance(error, StepClosed) and seen else [],
        "seen": case.events.order_by("-id").values_list("pk", flat=True).first() or 0,
        "key": request.POST.get("key") if isinstance(error, BadData) else secrets.token_hex(16),
        "tried": _tried(request, workflow, case, step) if error is None and form is None else None,
        "open": True,
        "held": step.approval is not None,
        "letters": _letters(workflow, step),
        "stay": request.get_full_path(),
    }
    return show(request, "desk/step.html", context, status_of(error))


def _tried(request: DeskRequest, workflow: Workflow, case: Case, step: Step) -> Tried | None:
    """What a step that asks nothing and cannot be taken back would do."""
    if step.undo is not None or step.common or step.approval is not None:
        return None
    return tried(workflow, lambda: dry_run_step(case.reference, step.name, request.actor))


def status_of(error: TutelaError | None) -> int:
    """The status of a page that shows an error, or none."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 200)


def _closed(workflow: Workflow, step: Step, case: Case) -> TutelaError | None:
    """Why the step cannot be performed now, if it cannot. The page is shown all the same."""
    try:
        check_open(workflow, step, case)
    except StepClosed as error:
        return error
    reason = next((str(why) for need in step.needs if (why := need(case))), "")
    return StepClosed(reason, state=case.state) if reason else None


def _seen(request: DeskRequest) -> int:
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _changes(request: DeskRequest, workflow: Workflow, case: Case, seen: int) -> list[Any]:
    """What happened on the case since the person opened the form."""
    events = case.events.filter(pk__gt=seen).exclude(kind=Event.Kind.EFFECT).select_related("actor")
    return [line_of(workflow, case, event, request.user.pk) for event in events.order_by("id")[:10]]


def _letters(workflow: Workflow, step: Step) -> list[tuple[str, Any]]:
    if step.name != "answer":
        return []
    return [(one.name, one.label) for one in workflow.letters if one.audience == "reporter"]


def _named(workflow: Workflow, name: str) -> Step:
    try:
        found = workflow.step(name)
    except KeyError:
        raise NotFound from None
    if found.is_system:
        raise NotFound
    return found
