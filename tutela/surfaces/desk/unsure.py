"""The page for a form that we cannot be sure came from a page of ours: most often a cookie is gone.

Nothing of the form is done. What was typed stands on the page, to be copied: the page that it was typed into
may be empty when the browser goes back. What another site's form sent is not shown.
"""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from tutela.core.people.models import Staff

from .steps.prepare import OURS

#: What nobody types: numbers, moments, names of choices.
_NOT_TYPED: Final = re.compile(r"[a-z0-9_.:+-]*")
_OURS_OR_SILENT: Final = {"", "none", "same-origin"}


@never_cache
def unsure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django says why in English
    """Say what happened and what to do (HTTP 403)."""
    speaks = request.user.language if isinstance(request.user, Staff) else translation.get_language()
    with translation.override(speaks):
        context = {"again": _page_before(request), "typed": _typed(request)}
        return render(request, "desk/unsure.html", context, status=403)


def _page_before(request: HttpRequest) -> str:
    """The page with the form, where the browser says which it was."""
    before = request.headers.get("Referer", "")
    known = url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure())
    return before if known else reverse("desk:my-day")


def _typed(request: HttpRequest) -> list[str]:
    if request.headers.get("Sec-Fetch-Site", "") not in _OURS_OR_SILENT:
        return []
    values = [value for name, some in request.POST.lists() if name not in OURS for value in some]
    return [value for value in values if not _NOT_TYPED.fullmatch(value)]
