"""What every answer of both apps says to the browser: pages, the API, files of the look, faults.

It stands before everything else that answers, so that nothing is left out; what an answer says itself stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

Answers = Callable[[HttpRequest], HttpResponseBase]

#: For answers that bring no policy of their own: files of the look, and whatever is no page.
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": NOTHING,
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=(), camera=(), display-capture=(), geolocation=(), microphone=(),"
    " payment=(), usb=()",
    "X-Frame-Options": "DENY",
    # Files of the look say themselves how long they keep; whatever forgets to say so is kept by nobody.
    "Cache-Control": "no-store",
}


class EveryAnswer:
    """Adds the headers that every answer has."""

    def __init__(self, get_response: Answers) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class NoBombs:
    """Refuses a body that is announced as longer than any page takes, before anybody reads of it.

    Django's own limit leaves files out, and the check against forged posts reads every form. A body that does
    not say its length is not read by pages at all; the API has limits of its own.
    """

    MOST = 64 * 1024 * 1024
    #: What takes files of any size, piece by piece, with a limit of its own.
    TAKES_FILES = re.compile(r"/desk/case/[^/]+/steps/add_file/|/api/v1/cases/[^/]+/files")

    def __init__(self, get_response: Answers) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        announced = str(request.META.get("CONTENT_LENGTH") or "0")
        is_more = announced.isdigit() and int(announced) > self.MOST
        if is_more and not self.TAKES_FILES.fullmatch(request.path_info):
            return HttpResponse("Content Too Large", status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)
