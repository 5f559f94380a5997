"""One shape for every error: problem details after RFC 9457, as `application/problem+json`.

`code` is stable and meant for programs; `detail` and `what_to_do` are sentences for people.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja.errors import AuthenticationError
from ninja.errors import ValidationError as NinjaValidationError

from tutela.core.errors import (
    BadData,
    Disposed,
    FreshFactorNeeded,
    KeyReused,
    NotAllowed,
    NotFound,
    ProposalChanged,
    Rejected,
    Stale,
    StepClosed,
    TooMany,
    TryLater,
    TutelaError,
)

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Text


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, its stable code, and what is said about it."""

    status: int
    code: str
    title: Text
    what_to_do: Text = ""


UNREADABLE = Kind(
    400, "unreadable", _("The request cannot be read"), _("Send one JSON document in UTF-8, as documented.")
)
NO_TOKEN = Kind(
    401,
    "no_token",
    _("No valid token"),
    _("Send “Authorization: Bearer …” with a token from “tutela token create”."),
)
SCOPE = Kind(403, "scope", _("The token is not for this"), _("Use a token with the scope that is named."))
NOT_ALLOWED = Kind(
    403, "not_allowed", _("Not allowed"), _("Ask somebody who holds one of the roles to do it.")
)
FRESH_FACTOR = Kind(
    403,
    "fresh_factor",
    _("The step asks a person for a second factor"),
    _("Do it at the desk, or with a token that was made with the scope “grave”."),
)
NOT_FOUND = Kind(404, "not_found", _("Not found"), _("Check the address."))
DISPOSED = Kind(
    410, "disposed", _("The case was disposed of."), _("Read the certificate: GET /certificates/{number}.")
)
METHOD = Kind(405, "method", _("This address does not take that method"), _("See the header “Allow”."))
STEP_CLOSED = Kind(
    409, "step_closed", _("The step is not open"), _("Read the case again, then choose from its open steps.")
)
PROPOSAL_CHANGED = Kind(
    409,
    "proposal_changed",
    _("The proposal has changed"),
    _("Read the request again, then decide on the round that it shows."),
)
KEY_REUSED = Kind(
    409, "key_reused", _("The key was used for something else"), _("Use a new Idempotency-Key.")
)
STALE = Kind(
    412,
    "stale",
    _("The case has changed"),
    _("Read the case again, then decide whether the step still fits."),
)
LENGTH = Kind(
    411, "length_required", _("The length of the request is not said"), _("Send the header Content-Length.")
)
TOO_LARGE = Kind(413, "too_large", _("The request is too large"), _("Send less, or send it in parts."))
MEDIA = Kind(
    415, "media_type", _("The content type is not JSON"), _("Send “Content-Type: application/json”.")
)
BAD_DATA = Kind(
    422, "bad_data", _("Some values cannot be used"), _("Correct the fields that “errors” names.")
)
TOO_MANY = Kind(429, "too_many", _("Too many requests"), _("Wait as long as “Retry-After” says."))
FAULT = Kind(
    500,
    "fault",
    _("Something went wrong on our side"),
    _("Try once more. If it stays, give the value of X-Request-Id to whoever runs the platform."),
)
UNAVAILABLE = Kind(
    503, "unavailable", _("The platform cannot answer now"), _("Try again after “Retry-After” seconds.")
)

KINDS = (
    UNREADABLE, NO_TOKEN, SCOPE, NOT_ALLOWED, FRESH_FACTOR, NOT_FOUND, METHOD, STEP_CLOSED, PROPOSAL_CHANGED,
    KEY_REUSED, DISPOSED, LENGTH, STALE, TOO_LARGE, MEDIA, BAD_DATA, TOO_MANY, FAULT, UNAVAILABLE,
)  # fmt: skip

#: The first that fits counts, so the special ones stand before the general ones.
_KIND_OF: tuple[tuple[type[Exception], Kind], ...] = (
    (Disposed, DISPOSED),
    (NotFound, NOT_FOUND),
    (FreshFactorNeeded, FRESH_FACTOR),
    (NotAllowed, NOT_ALLOWED),
    (ProposalChanged, PROPOSAL_CHANGED),
    (Stale, STALE),
    (StepClosed, STEP_CLOSED),
    (KeyReused, KEY_REUSED),
    (BadData, BAD_DATA),
    (TooMany, TOO_MANY),
    (Rejected, BAD_DATA),
    (TryLater, UNAVAILABLE),
)


class RequestProblem(TutelaError):
    """A request that an operation cannot take, whatever it asks for."""

    def __init__(self, kind: Kind, message: Text, errors: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.errors = errors


def problem(
    kind: Kind,
    detail: Text = "",
    *,
    errors: Mapping[str, Sequence[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    **facts: object,
) -> HttpResponse:
    """The answer that tells a problem."""
    said = {
        "type": f"urn:tutela:problem:{kind.code}",
        "title": str(kind.title),
        "status": kind.status,
        "code": kind.code,
        "detail": str(detail or kind.title),
        "errors": errors,
        "what_to_do": str(kind.what_to_do),
        **facts,
    }
    body = json.dumps({name: value for name, value in said.items() if value})
    return HttpResponse(body, status=kind.status, content_type=MEDIA_TYPE, headers=_headers(kind, headers))


def _headers(kind: Kind, more: Mapping[str, str] | None) -> dict[str, str]:
    own = {}
    if kind is NO_TOKEN:
        own["WWW-Authenticate"] = 'Bearer realm="tutela"'
    if kind in {UNAVAILABLE, TOO_MANY}:
        own["Retry-After"] = "5"
    return {**own, **(more or {})}


def answer_for(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The problem that an exception is. What we did not expect goes to the log, not to the caller."""
    if isinstance(error, RequestProblem):
        return problem(error.kind, error.message, errors=error.errors)
    if isinstance(error, TutelaError):
        return _told(error)
    if isinstance(error, NinjaValidationError):
        return problem(BAD_DATA, errors=field_errors(error.errors))
    return _of_a_library(error)


def _told(error: TutelaError) -> HttpResponse:
    kind = next((kind for cls, kind in _KIND_OF if isinstance(error, cls)), FAULT)
    told = ("state", "changed_by", "changed_at", "certificate", "disposed_at", "rule")
    facts = {name: error.facts[name] for name in told if error.facts.get(name)}
    return problem(kind, error.message, errors=getattr(error, "errors", None), **facts)


def _of_a_library(error: Exception | type[Exception]) -> HttpResponse:
    if isinstance(error, AuthenticationError):
        return problem(NO_TOKEN)
    if isinstance(error, Http404):
        return problem(NOT_FOUND)
    if isinstance(error, (OperationalError, InterfaceError)):
        log.warning("The database did not answer: %s", error)
        return problem(UNAVAILABLE, _("The database does not answer. Nothing was changed."))
    if isinstance(error, (DataError, OverflowError)):
        return problem(BAD_DATA, _("A number or a date is out of range."))
    log.error("An operation failed", exc_info=error if isinstance(error, Exception) else True)
    return problem(FAULT)


def field_errors(found: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """What pydantic found, as messages per field: `files.0.name` for something inside."""
    errors: dict[str, list[str]] = {}
    for one in found:
        place = one["loc"]
        assert isinstance(place, (tuple, list))
        parts = [str(part) for part in place if part not in {"query", "path", "header", "body"}]
        errors.setdefault(".".join(parts) or "body", []).append(str(one["msg"]))
    return errors
