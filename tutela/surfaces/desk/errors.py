"""Pages for what goes wrong outside every view of the desk. They ask nothing of the database."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True)
class Words:
    """What happened, and what to do."""

    title: _StrOrPromise
    text: _StrOrPromise


PAGES = {
    400: Words(
        _("We could not read this"),
        _("Something was cut off or changed on the way. Nothing was sent. Go back and try once more."),
    ),
    403: Words(_("This page is not open"), _("Nothing was sent. Start again from the first page.")),
    500: Words(
        _("Something broke on our side"),
        _("Open the page again and see whether it was done before you do it once more."),
    ),
    503: Words(
        _("This does not work right now"),
        _("The database does not answer. Nothing was changed. Try again in a moment."),
    ),
}


@never_cache
def page(request: HttpRequest, status: int) -> HttpResponse:
    """The page for an HTTP status that `PAGES` lists."""
    words = PAGES[status]
    try:
        return render(request, "desk/error.html", {"words": words}, status=status)
    except Exception:  # noqa: BLE001  whatever broke the page must not break the page that says so
        bare = (
            '<!doctype html><html lang="{}"><meta charset="utf-8"><title>Tutela</title><h1>{}</h1><p>{}</p>'
        )
        return HttpResponse(format_html(bare, get_language() or "en", words.title, words.text), status=status)


# ------------------------------------------------------------------- the handlers of tutela.config.urls


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django names it
    """The page for 400."""
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django names it
    """The page for 403."""
    return page(request, 403)


@never_cache
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django names it
    """The page for 404: the same as for a case that nobody has."""
    return render(request, "desk/not_found.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """The page for 500; for 503 where the database does not answer."""
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    response = page(request, 503 if away else 500)
    if away:
        response["Retry-After"] = "30"
    return response
