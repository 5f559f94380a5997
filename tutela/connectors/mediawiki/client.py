"""Asks one wiki's `api.php` (MediaWiki 1.39 and later) and reads its envelope. Knows no module of it.

It connects only to the host and port that it was made for: it looks the name up itself, refuses addresses of
private networks unless the wiki is marked as local, connects to the very address that it checked, and
follows no redirect.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from functools import partial
from ipaddress import ip_address
from time import monotonic
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

SECONDS: Final = 15.0
#: For a whole answer, however slowly it comes.
MOST_SECONDS: Final = 60.0
#: A page has at most 2 MB of text; as JSON it may be six times as long.
MOST_BYTES: Final = 16 << 20
LAG: Final = 5
_PIECE: Final = 1 << 16
_WAIT: Final = {"maxlag", "ratelimited", "readonly"}
_BUSY: Final = {429, 500, 502, 503, 504}

Addresses = Callable[[str, int], list[str]]


class Away(Exception):
    """No answer, or none of an `api.php`."""


class Busy(Exception):
    """The wiki asks us to come back; after so many seconds, where it says so."""

    def __init__(self, words: str, seconds: float | None) -> None:
        super().__init__(words)
        self.seconds = seconds


class Refused(Exception):
    """The API answered with errors. `codes` are stable words of MediaWiki's."""

    def __init__(self, codes: tuple[str, ...], words: str) -> None:
        super().__init__(words)
        self.codes = codes


class Forbidden(Exception):
    """We do not connect there: the name leads into a private network, or the address is none of the web."""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises OSError."""
    return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Api:
    """One wiki's API. `local` allows addresses of private networks, and plain HTTP."""

    url: str
    agent: str
    local: bool = False
    addresses: Addresses = look_up

    def get(self, **parameters: str | int) -> dict[str, Any]:
        """Ask, and return the answer. Raises Away, Busy, Refused, Forbidden."""
        status, headers, body = self._fetch(self.path_of(**parameters))
        after = _seconds(headers.get("Retry-After"))
        if status in _BUSY:
            raise Busy(f"HTTP {status}", after)
        if status != http.HTTPStatus.OK:
            raise Away(f"HTTP {status}")
        return _read(body, after)

    def path_of(self, **parameters: str | int) -> str:
        """The path and query of a call, as it is sent."""
        fixed = {"format": "json", "formatversion": 2, "errorformat": "plaintext", "maxlag": LAG}
        return f"{urlsplit(self.url).path}?{urlencode({**parameters, **fixed})}"

    def _fetch(self, path: str) -> tuple[int, Message, bytes]:
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"User-Agent": self.agent, "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            return answer.status, answer.headers, _whole(answer)
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        """A line to an address that was checked. The name is not looked up a second time."""
        parts = urlsplit(self.url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        if not host or parts.username is not None or not (secure or (self.local and parts.scheme == "http")):
            raise Forbidden("the address of the API must begin with https://")
        port = parts.port or (443 if secure else 80)
        try:
            found = self.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise Away(f"{host} is not known: {error}") from error
        if not found or not (self.local or all(ip_address(one).is_global for one in found)):
            raise Forbidden(f"{host} leads into a private network")
        connection: Any = http.client.HTTPConnection(host, port, timeout=SECONDS)
        if secure:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
        # The one place where http.client lets a caller say how to connect. TLS checks the name all the same.
        connection._create_connection = partial(_connect, found[0])  # noqa: SLF001
        line: http.client.HTTPConnection = connection
        return line


def _connect(address: str, place: tuple[str, int], timeout: float, source: object) -> socket.socket:  # noqa: ARG001
    return socket.create_connection((address, place[1]), timeout)


def _whole(answer: http.client.HTTPResponse) -> bytes:
    """The body, within limits of size and time."""
    deadline, found = monotonic() + MOST_SECONDS, bytearray()
    while piece := answer.read1(_PIECE):
        found += piece
        if len(found) > MOST_BYTES or monotonic() > deadline:
            raise Away("the answer does not end")
    return bytes(found)


def _seconds(said: str | None) -> float | None:
    return float(said) if said and said.isdigit() else None


def _read(body: bytes, after: float | None) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Away("the answer is no JSON") from error
    if not isinstance(read, dict):
        raise Away("the answer is no object")
    # The older of the two shapes is what comes from proxies and from wikis that do not know `errorformat`.
    errors = read.get("errors") or ([read["error"]] if isinstance(read.get("error"), dict) else [])
    if errors:
        codes = tuple(str(one.get("code", "")) for one in errors)
        words = "; ".join(str(one.get("text") or one.get("info") or one.get("code")) for one in errors)
        if _WAIT.intersection(codes):
            raise Busy(words, after)
        raise Refused(codes, words)
    return read
