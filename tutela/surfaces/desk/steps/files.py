"""Adding a file to a case: the page, and the file itself, sealed while it arrives."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from tutela.core.cases.models import Case
from tutela.core.errors import BadData, KeyReused, NotAllowed, NotFound, StepClosed, TutelaError
from tutela.core.files import keeping
from tutela.core.files.models import File
from tutela.core.flow import registry
from tutela.core.flow.perform import check_allowed, check_open, perform
from tutela.core.people.models import Staff
from tutela.surfaces.desk.case.views import head
from tutela.surfaces.desk.page import case_or_not_found, desk_page, show, to_sign_in

from .prepare import as_utc, form_of
from .uploads import SealedUpload, SealingHandler
from .views import on_case, status_of

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from tutela.core.flow.declare import Step, Workflow
    from tutela.surfaces.desk.page import DeskRequest

STEP = "add_file"


@csrf_exempt  # for a moment: the check reads the form, and whatever reads the form needs the handler
def add_file(request: HttpRequest, reference: str) -> HttpResponseBase:
    """The form for a file, or what came of sending one."""
    if not isinstance(request.user, Staff):
        return to_sign_in(request)  # nothing of the body is read
    handler = SealingHandler(request)
    request.upload_handlers = [handler]
    try:
        return _page(request, reference)
    finally:
        handler.drop()


@csrf_protect
@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def _page(request: DeskRequest, reference: str) -> HttpResponse:
    case = case_or_not_found(reference)
    workflow = registry.workflow(case.workflow)
    step = workflow.step(STEP)
    check_allowed(workflow, step, case, request.actor)
    check_open(workflow, step, case)
    if request.method != "POST":
        return _form_page(request, workflow, case, form_of(step, case), None)
    answers = as_utc(step, case, request.POST)
    try:
        _keep(request, case, answers)
        outcome = perform(case.reference, STEP, request.actor, answers, key=request.POST.get("key", "")[:64])
    except NotFound:
        raise
    except (BadData, StepClosed, KeyReused, NotAllowed) as error:
        case.refresh_from_db()
        return _form_page(request, workflow, case, _bound(step, case, answers, error), error)
    return on_case(case, outcome)


def _keep(request: DeskRequest, case: Case, answers: QueryDict) -> None:
    """Keep the file that came, and name it among the answers. Raises why it did not come whole."""
    handler = request.upload_handlers[0]
    assert isinstance(handler, SealingHandler)
    if handler.error is not None:
        raise handler.error
    sent = request.FILES.get("file")
    if isinstance(sent, SealedUpload):
        kept = keeping.keep(case, sent.draft, sent.name or "", sent.content_type or "", request.actor)
        answers["file"] = str(kept.pk)


def _bound(step: Step, case: Case, answers: QueryDict, error: TutelaError) -> forms.Form | None:
    form = form_of(step, case, answers)
    if form is not None and isinstance(error, BadData) and "file" in error.errors:
        form.errors["file"] = form.error_class(error.errors["file"])
    return form


def _form_page(
    request: DeskRequest, workflow: Workflow, case: Case, form: forms.Form | None, error: TutelaError | None
) -> HttpResponse:
    kept = _kept(case, str(form.data.get("file", "")) if form else "")
    if form is not None:
        # What is kept already is named; only what is not is asked for.
        form.fields["file"].widget = forms.HiddenInput() if kept else forms.ClearableFileInput()
        form.fields["file"].help_text = _("At most %(megabytes)s MB. It is sealed while it arrives.") % {
            "megabytes": settings.LARGEST_FILE // 1_000_000
        }
    context = {
        **head(request, workflow, case),
        "slim": True,
        "step": workflow.step(STEP),
        "form": form,
        "error": error,
        "kept": kept,
        "kept_size": filesizeformat(kept.size) if kept else "",
        "key": secrets.token_hex(16),
    }
    return show(request, "desk/add_file.html", context, status_of(error))


def _kept(case: Case, number: str) -> File | None:
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    return case.files.filter(pk=int(number), gone_at=None).first() if is_number else None
