"""The API of version 1: its operations, each in a module of its own."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from . import (
    cases,
    conflicts,
    intake,
    on_call,
    openings,
    pages,
    records,
    releases,
    requests,
    reviews,
    sending,
    slices,
    steps,
    workflows,
)
from .openapi import document_view
from .problems import answer_for

DESCRIPTION = """\
Everything that the desk can do to a case, with the same rules, for programs.

Every error is a problem after RFC 9457 with a stable `code`. Lists are objects with `items` and `next`;
send `next` back as `cursor`. A look at a restricted case is recorded, as at the desk.\
"""

api = NinjaAPI(
    title="Tutela",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
)
MODULES = (
    cases, steps, sending, requests, releases, openings, conflicts, slices, records, reviews, on_call, pages,
    workflows, intake,
)  # fmt: skip
for module in MODULES:
    api.add_router("", module.router)
for kind in (Exception, ValidationError, AuthenticationError, HttpError, Http404):  # the library knows these
    api.add_exception_handler(kind, answer_for)


@api.get("/openapi.json", include_in_schema=False, auth=None)
def openapi_json(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """This document."""
    return document_view(api)
