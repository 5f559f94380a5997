"""The door for wikis: takes what the extension ReportIncident sends to its help desk.

It stands where Zendesk has it, below any base address that a wiki names, so that a wiki changes that one
setting. The extension tries once: what it sent is stored before anything reads it closely, and what cannot be
read is stored whole. It shows its user that nothing was sent for every answer but 2xx.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tutela.core.cases.receive import Incoming
from tutela.core.errors import BadData
from tutela.surfaces.visitor import address_of

from . import brakes, posted, store

MOST_BODY = 1024 * 1024
#: A second press within this time is the same report. The extension itself never sends anything again.
SAME_FOR = 600
_MAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}")


class Refused(Exception):
    """Nothing was stored; the status, and what the extension writes into the wiki's log."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description


@dataclass(frozen=True)
class _Said:
    """The parts of a report that could be read. `more` is whatever else it held."""

    text: str
    subject: str = ""
    name: str = ""
    email: str = ""
    more: str = ""
    unreadable: bool = False


@csrf_exempt
def take(request: HttpRequest, secret: str = "") -> HttpResponse:
    """Store one report and answer 201 after the commit, as Zendesk does."""
    if request.method != "POST":
        answer = _error(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", "Send reports with POST.")
        answer["Allow"] = "POST"
        return answer
    try:
        wiki = _wiki(request, secret)
        body = _body(request)
        brakes.hold_wiki(request, wiki)
        return _stored(body, wiki)
    except Refused as refused:
        return _error(refused.status, refused.error, refused.description)
    except brakes.TooFast:
        answer = _error(
            HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests", "Too many reports from this network."
        )
        answer["Retry-After"] = str(brakes.WINDOW)
        return answer
    except store.Unreachable:
        answer = _error(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", "Nothing was stored.")
        answer["Retry-After"] = "30"
        return answer


def _wiki(request: HttpRequest, secret: str) -> str:
    """The wiki whose secret stands in the address; "" for a wiki that shows none. Raises Refused."""
    if secret:
        shown = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        for wiki, kept in settings.WIKI_KEYS.items():
            if hmac.compare_digest(shown, kept):
                return str(wiki)
    elif settings.WIKI_NETWORKS:
        if _is_within(address_of(request), settings.WIKI_NETWORKS):
            return ""
    elif not settings.WIKI_KEYS:
        return ""
    raise Refused(HTTPStatus.FORBIDDEN, "Forbidden", "Reports of this wiki are not taken at this address.")


def _is_within(address: str, networks: list[str]) -> bool:
    try:
        seen = ipaddress.ip_address(address)
    except ValueError:
        return False
    plain = getattr(seen, "ipv4_mapped", None) or seen
    return any(plain in ipaddress.ip_network(one, strict=False) for one in networks)


def _body(request: HttpRequest) -> bytes:
    """What was sent, within limits. Raises Refused."""
    try:
        body = posted.body(request, MOST_BODY)
    except posted.TooLarge:
        raise Refused(413, "PayloadTooLarge", "A report may have one megabyte.") from None
    except BadRequest:
        raise Refused(HTTPStatus.BAD_REQUEST, "BadRequest", "The request broke off.") from None
    if not body.strip():
        raise Refused(HTTPStatus.BAD_REQUEST, "BadRequest", "The report is empty.")
    return body


def _stored(body: bytes, wiki: str) -> HttpResponse:
    said = _read(body)
    try:
        received = store.send(_incoming(body, said, wiki))
    except BadData:  # over a limit of what can be shown: kept whole, as its bytes came
        received = store.send(_incoming(body, _unread(b""), wiki))
    told = {
        "request": {
            "id": _number(received.report_id),
            "status": "new",
            "subject": said.subject,
            "created_at": timezone.now().isoformat(timespec="seconds"),
        }
    }
    return _json(told, HTTPStatus.CREATED)


def _incoming(body: bytes, said: _Said, wiki: str) -> Incoming:
    fields: dict[str, object] = {"wiki": wiki, "more": said.more}
    return Incoming(
        channel="wiki",
        mailbox=wiki[:120],
        workflow="emergency",
        raw=body,
        text=said.text,
        subject=said.subject,
        # Content counts as well: only the very same report is the same. After a while it is another one.
        source_key=f"{wiki} {int(time.time()) // SAME_FOR}",
        sender_name=said.name,
        sender_email=said.email,
        fields={name: value for name, value in fields.items() if value},
        problems=({"code": "unreadable", "detail": "json"},) if said.unreadable else (),
    )


def _read(body: bytes) -> _Said:
    """The parts of a report. Whatever is wrong with it, it is kept: then all of it is its text."""
    try:
        read = json.loads(body)
        request = read["request"]
        requester = request.get("requester") or {}
        text, email = request["comment"]["body"], str(requester.get("email") or "")
        said = _Said(
            text=text,
            subject=str(request.get("subject") or "")[:1000],
            name=str(requester.get("name") or "")[:300],
            email=email if _MAIL.fullmatch(email) else "",
            more=_more(read),
        )
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return _unread(body)
    return said if isinstance(text, str) and text.strip() else _unread(body)


def _unread(body: bytes) -> _Said:
    return _Said(text=body.decode("utf-8", "replace"), unreadable=True)


def _more(read: dict[str, Any]) -> str:
    """What the extension of today does not send, as JSON."""
    request = read["request"]
    requester, comment = request.get("requester") or {}, request["comment"]
    parts: dict[str, dict[str, Any]] = {
        "": {name: value for name, value in read.items() if name != "request"},
        "request": {k: v for k, v in request.items() if k not in {"requester", "subject", "comment"}},
        "requester": {name: value for name, value in requester.items() if name not in {"name", "email"}},
        "comment": {name: value for name, value in comment.items() if name != "body"},
    }
    found = {name: part for name, part in parts.items() if part}
    return json.dumps(found, ensure_ascii=False) if found else ""


def _number(report_id: int) -> int:
    """A number for the wiki's log. It tells nobody how many reports there are."""
    said = f"wiki report {report_id}".encode()
    return int.from_bytes(hmac.digest(settings.SECRET_KEY.encode(), said, hashlib.sha256)[:6])


def _error(status: int, error: str, description: str) -> HttpResponse:
    return _json({"error": error, "description": description}, status)


def _json(told: dict[str, Any], status: int) -> HttpResponse:
    # Without a charset: the extension compares this header letter by letter.
    return HttpResponse(json.dumps(told), status=status, content_type="application/json")
