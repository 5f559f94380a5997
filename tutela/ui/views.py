"""Two small pages of our own: every element in every state, and the choice of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from tutela.ui.samples import sample_elements
from tutela.ui.templatetags.ui import THEMES

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

YEAR = 365 * 24 * 3600


@require_safe
def elements(request: HttpRequest) -> HttpResponse:
    """Show every element in every state. It holds invented content and reads nothing."""
    return render(request, "ui/elements.html", sample_elements())


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Pin light or dark in this browser, or go with the system again; then go back to `next`."""
    wish, back = request.POST.get("theme", ""), request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    answer = HttpResponseRedirect(back)
    if wish in THEMES:
        answer.set_cookie(
            "tutela-theme", wish, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        answer.delete_cookie("tutela-theme", samesite="Lax")
    return answer
