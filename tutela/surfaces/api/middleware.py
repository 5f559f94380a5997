"""The short way: calls of the API pass by sessions, cookies, forms' tokens and page headers.

They carry a bearer token and nothing that a browser adds by itself, so none of those protects them;
and the intake is twice as quick without. What every answer of the API has in common is added here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils import translation

from .auth import new_request_id
from .problems import METHOD, answer_for, problem

PREFIX = "/api/v1/"
ADDRESSES = "tutela.surfaces.api.urls"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")

Answers = Callable[[HttpRequest], HttpResponseBase]


class ApiShortWay:
    """Answers what is below /api/v1/ at once, and lets everything else through."""

    def __init__(self, get_response: Answers) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        return respond(request)


def respond(request: HttpRequest) -> HttpResponseBase:
    """The answer of the API to one request, with its headers and in the caller's language."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else new_request_id()
    caller: Any = request
    caller.request_id = request_id
    with translation.override(_language(request)):
        response = _call(request)
    response["X-Request-Id"] = request_id
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _call(request: HttpRequest) -> HttpResponseBase:
    asks_head = request.method == "HEAD"
    if asks_head:
        request.method = "GET"
    try:
        # Only the API's own addresses: nothing that is wrong elsewhere stops the intake.
        match = request.resolver_match = resolve(f"/{request.path_info.removeprefix(PREFIX)}", ADDRESSES)
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    except Exception as error:  # noqa: BLE001  whatever it is, the caller gets our shape
        return answer_for(request, error)
    if isinstance(response, HttpResponseNotAllowed):
        return problem(METHOD, headers={"Allow": response["Allow"]})
    if asks_head and isinstance(response, HttpResponse):
        response["Content-Length"] = str(len(response.content))
        response.content = b""
    if asks_head and isinstance(response, StreamingHttpResponse):
        response.close()
        response.streaming_content = ()
    return response


def _language(request: HttpRequest) -> str:
    if "HTTP_ACCEPT_LANGUAGE" in request.META:
        return translation.get_language_from_request(request)
    return settings.LANGUAGE_CODE
