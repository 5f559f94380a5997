"""What every answer of the portal has in common: methods, headers, and pages for what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.views.decorators.csrf import csrf_exempt

from . import errors, posted, store

View = Callable[..., HttpResponse]


def public(*methods: str) -> Callable[[View], View]:
    """Make a view of the portal: its methods, its headers, and a page of ours for each error.

    Django's own check against forged posts is off, as it needs a cookie: see `tokens`.
    """
    allowed = (*methods, "HEAD") if "GET" in methods else methods

    def wrap(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in allowed:
                return errors.page(request, 405, Allow=", ".join(allowed))
            return harden(_answer(view, request, *args, **kwargs))

        return answer

    return wrap


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        return view(request, *args, **kwargs)
    except posted.TooLarge:
        return errors.page(request, 413)
    except BadRequest:
        return errors.page(request, 400)
    except store.Unreachable:
        return errors.page(request, 503, **{"Retry-After": "30"})


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
    *,
    again_after: int = 0,
) -> HttpResponse:
    """Show a page of the portal; `again_after` are the seconds after which a retry makes sense."""
    response = render_template(request, f"portal/{template}.html", context or {}, status=status)
    if again_after:
        response["Retry-After"] = str(again_after)
    return response


def harden(response: HttpResponse) -> HttpResponse:
    """Let the browser keep nothing, tell nobody, and run nothing but our own scripts."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    policy = {
        "connect-src": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
        **getattr(response, "_csp_replace", {}),
    }
    response._csp_replace = policy  # type: ignore[attr-defined]  # noqa: SLF001  what django-csp's own decorator sets
    return response
