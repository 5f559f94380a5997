"""Pages for what goes wrong, in the look of the portal and without scripts.

They ask nothing of the database and say first what to do in danger.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.html import format_html
from django.utils.translation import (
    get_language,
    get_language_from_path,
    get_language_from_request,
    gettext,
    override,
)
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_LANGUAGE = re.compile(r"/[a-z]{2,3}([-_][a-z0-9]{2,8})*(/|$)", re.IGNORECASE)


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
    404: Words(
        _("There is no such page"),
        _("The address may be old, or a letter may be missing. Start from the first page."),
    ),
    405: Words(
        _("This page works differently"), _("Nothing was sent. Open the page again and use its form.")
    ),
    413: Words(
        _("This is too much to take at once"),
        _(
            "Nothing was sent. Go back: your words should still be in the form. Send the most important part"
            " first; you can add the rest with your code."
        ),
    ),
    429: Words(_("Too many tries"), _("Nothing is lost. Wait ten minutes, then try again.")),
    500: Words(
        _("Something broke on our side"),
        _(
            "We do not know whether anything was sent. Go back and try once more:"
            " the same report twice counts once."
        ),
    ),
    503: Words(
        _("This does not work right now"),
        _("Nothing was sent. Try again in a few minutes."),
    ),
}


def page(request: HttpRequest, status: int, **headers: str) -> HttpResponse:
    """The page for an HTTP status that `PAGES` lists."""
    from .answers import harden

    response = HttpResponse(_body(request, status), status=status)
    response._csp_replace = {"script-src": ["'none'"]}  # type: ignore[attr-defined]  # noqa: SLF001  what django-csp's own decorator sets
    for name, value in headers.items():
        response[name] = value
    return harden(response)


def _body(request: HttpRequest, status: int) -> str:
    context = {
        "status": status,
        "words": PAGES[status],
        "emergency_address": settings.EMERGENCY_ADDRESS,
    }
    try:
        return render_to_string("portal/error.html", context, request)
    except Exception:  # noqa: BLE001  whatever broke the page must not break the page that says so
        return _bare(status)


def _bare(status: int) -> str:
    """A page that needs nothing: for the day on which templates or styles are missing."""
    return format_html(
        '<!doctype html><html lang="{}"><meta charset="utf-8"><title>{}</title><h1>{}</h1><p>{}</p><p>{}</p>',
        get_language() or settings.LANGUAGE_CODE,
        settings.ORGANISATION,
        PAGES[status].title,
        PAGES[status].text,
        gettext("In danger right now? Call your local emergency services. Or write to %(address)s.")
        % {"address": settings.EMERGENCY_ADDRESS},
    )


# ------------------------------------------------------------ the handlers of tutela.config.portal.urls


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django names it
    """The page for 400."""
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django names it
    """The page for 403."""
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:  # noqa: ARG001  Django names it
    """The way to the page that was probably meant, or the page for 404."""
    meant = _probably_meant(request)
    return HttpResponseRedirect(meant) if meant else page(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """The page for 500; for 503 where the database does not answer."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return page(request, 503, **{"Retry-After": "30"})
    return page(request, 500)


def _probably_meant(request: HttpRequest) -> str:
    """The same page of the portal in the best language, or an empty string.

    For a path without a language (`/back`, as it stands on the receipt) and for one in a language that
    we do not speak (`/xx/back/`). Posts are never redirected: their words would be lost.
    """
    if request.method not in {"GET", "HEAD"}:
        return ""
    best = get_language_from_path(request.path_info) or get_language_from_request(request)
    parts = [part for part in request.path_info.split("/") if part]
    with override(best):
        for rest in (parts, parts[1:]) if _LANGUAGE.match(request.path_info) else (parts,):
            path = "/".join(["", best, *rest, ""])
            if path != request.path_info and _is_ours(path):
                return path
    return ""


def _is_ours(path: str) -> bool:
    try:
        return resolve(path).namespace == "portal"
    except Resolver404:
        return False
