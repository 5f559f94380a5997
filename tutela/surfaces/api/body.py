"""Reads the body of a request within limits, before anything looks inside."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from tutela.core.errors import BadData

from .problems import BAD_DATA, LENGTH, MEDIA, TOO_LARGE, UNREADABLE, RequestProblem, field_errors

MOST_BYTES = 12 * 1024 * 1024
MOST_BYTES_OF_A_STEP = 1024 * 1024
Asked = TypeVar("Asked", bound=BaseModel)
_JSON = re.compile(r"application/json\s*(;\s*charset=\"?utf-?8\"?\s*)?$", re.IGNORECASE)


def read_body(request: HttpRequest, most: int = MOST_BYTES) -> bytes:
    """The body of a JSON request. Raises RequestProblem: 413 over the limit, 415 for another type."""
    _refuse_chunks(request)
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > most:
        raise _too_large(most)
    if not _JSON.match(request.META.get("CONTENT_TYPE") or ""):
        raise RequestProblem(MEDIA, _("Send the body as application/json in UTF-8."))
    try:
        return request.body
    except RequestDataTooBig:
        raise _too_large(most) from None
    except UnreadablePostError:
        raise RequestProblem(UNREADABLE, _("The request broke off before its end.")) from None


def read_object(request: HttpRequest, most: int = MOST_BYTES_OF_A_STEP) -> dict[str, Any]:
    """The body as one JSON object. Raises RequestProblem, also for NaN."""
    _refuse_chunks(request)
    if request.META.get("CONTENT_LENGTH") in {None, "", "0"}:
        return {}  # a step that asks nothing needs no body
    raw = read_body(request, most)
    try:
        read = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RequestProblem(UNREADABLE, _("The body is not JSON.")) from None
    if not isinstance(read, dict):
        raise RequestProblem(BAD_DATA, _("The body must be a JSON object."), {"body": [_("Send an object.")]})
    return read


def read_as(request: HttpRequest, model: type[Asked]) -> Asked:
    """The body as a model. Raises RequestProblem; BadData with a message for each field."""
    try:
        return model.model_validate(read_object(request))
    except ValidationError as error:
        said = field_errors([dict(one) for one in error.errors()])
        raise BadData(_("Some answers cannot be used."), said) from None


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """How the document tells of such a body."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"content": content, "required": True}}


def begin_bytes(request: HttpRequest, most: int) -> int:
    """How many bytes follow, of a request that sends a file. Raises RequestProblem: 411, 413, 415."""
    _refuse_chunks(request)
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        raise RequestProblem(LENGTH, _("Send the body in one piece, with its length."))
    if int(length) > most:
        raise _too_large(most)
    if request.content_type != "application/octet-stream":
        raise RequestProblem(MEDIA, _("Send the file as application/octet-stream."))
    return int(length)


def _refuse_chunks(request: HttpRequest) -> None:
    """Refuse a body of unknown length: Django would pass over it, and a step would miss its answers."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        raise RequestProblem(LENGTH, _("Send the body in one piece, with its length."))


def _too_large(most: int) -> RequestProblem:
    said = _("The body may have at most %(megabytes)s MB.") % {"megabytes": most // 1024 // 1024}
    return RequestProblem(TOO_LARGE, said)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
