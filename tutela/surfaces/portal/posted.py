"""Reads what a form sent, within limits, so that it can be given back whatever is wrong with it.

Django's own reading refuses a large body before anybody sees a word of it. Here the limit is high enough
that every text which a person may type or paste comes back to them with a message; beyond it
nothing is read at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, cast

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

# 5 MB of text in any script are up to 15 MB as a browser sends them.
MOST_BODY = 16 * 1024 * 1024

#: Fields that are ours and not the reporter's. They stay out of what is kept: whoever reads a report
#: later must not be able to ask for its code with them.
OURS = ("key", "wait", "code", "show")


@dataclass(frozen=True)
class Posted:
    """The fields of a form, and its body as it came but for the fields in `OURS`."""

    data: QueryDict
    raw: bytes


class TooLarge(Exception):
    """The body is over the limit and was not read (HTTP 413)."""


def read(request: HttpRequest) -> Posted:
    """Read the body of a POST.

    Raises TooLarge, and BadRequest where it holds too many fields or is cut short.
    """
    if request.content_type == "multipart/form-data":
        return _read_parts(request)
    try:
        body = _read_whole(request, MOST_BODY)
        data = QueryDict(body, encoding="utf-8")
    except (SuspiciousOperation, UnreadablePostError) as error:
        raise BadRequest from error
    return Posted(data, without_ours(body))


def without_ours(body: bytes) -> bytes:
    """A body without our own fields, every other byte as it was."""
    names = tuple(f"{name}=".encode() for name in OURS)
    return b"&".join(part for part in body.split(b"&") if not part.startswith(names))


def body(request: HttpRequest, most: int) -> bytes:
    """The body of a POST as it came. Raises TooLarge, and BadRequest where it is cut short."""
    try:
        return _read_whole(request, most)
    except (SuspiciousOperation, UnreadablePostError) as error:
        raise BadRequest from error


def _read_whole(request: HttpRequest, most: int) -> bytes:
    """The whole body. One that is announced as too long is not read at all."""
    if _announced(request) > most:
        raise TooLarge
    body = _stream(request).read(most + 1)
    if len(body) > most:
        raise TooLarge
    return body


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _stream(request: HttpRequest) -> IO[bytes]:
    """Where the body comes from.

    A proxy may pass a form on in pieces, without saying how long it is. Django then reads nothing; where
    the server marks the end of the input itself, all of it can be read.
    """
    if "CONTENT_LENGTH" not in request.META and request.META.get("wsgi.input_terminated"):
        return cast("IO[bytes]", request.META["wsgi.input"])
    return cast("IO[bytes]", request)


def _read_parts(request: HttpRequest) -> Posted:
    """Read a form sent in parts. Ours never are; a person's own tool may do so."""
    if _announced(request) > MOST_BODY:  # Django's own limit leaves files out
        raise TooLarge
    try:
        data = request.POST
    except RequestDataTooBig:
        raise TooLarge from None
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError) as error:
        raise BadRequest from error
    theirs = data.copy()
    for name in OURS:
        theirs.pop(name, None)
    return Posted(data, theirs.urlencode().encode())
