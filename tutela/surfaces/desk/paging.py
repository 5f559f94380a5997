"""Pages at the desk: what a case shows while nobody has answered, and the two ways to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tutela.core.cases.models import Case
from tutela.core.errors import NotFound, StepClosed
from tutela.core.oncall import duty
from tutela.core.paging import pages
from tutela.core.people.actor import acting_as
from tutela.core.people.sign_in import take
from tutela.surfaces.visitor import network_of

from .faces import hour
from .page import case_or_not_found, desk_page

if TYPE_CHECKING:
    from .page import DeskRequest

#: How often one network address may open links of pages, and in how many seconds.
TRIES, WINDOW = 60, 600


def open_page(case: Case) -> dict[str, Any] | None:
    """What the page of a case shows while nobody has answered for it; None otherwise."""
    page = pages.page_of(case) if case.is_open and case.assignee_id is None else None
    if page is None or page.answered_at is not None:
        return None
    names = [person.working_name for person in duty.people(page.last_asked)]
    return {"names": names, "when": hour(page.last_asked_at or page.made_at)}


@desk_page
@require_POST
def answer(request: DeskRequest, reference: str) -> HttpResponse:
    """Answer for a case from its page."""
    case = case_or_not_found(reference)
    pages.answer(request.actor, case)
    return HttpResponseRedirect(reverse("desk:case", args=[reference]))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Answer by the link of a mail, signed in or not. Looking answers nothing; the button does."""
    if not take(f"page from {network_of(request)}", TRIES, WINDOW):
        return HttpResponse(status=429)
    try:
        case, person, actor = pages.asked_by(secret)
    except NotFound:
        return render(request, "desk/page_gone.html", status=404)
    with translation.override(person.language):
        page = case.page
        if request.method == "POST" and page.answered_at is None:
            try:
                page = pages.answer(actor, case)
            except StepClosed:  # somebody was quicker
                with acting_as(actor):
                    page.refresh_from_db()
        context = {"reference": case.reference, "answered": page.answered_at is not None}
        context["mine"] = page.answered_by_id == person.pk
        return render(request, "desk/page_link.html", context)
