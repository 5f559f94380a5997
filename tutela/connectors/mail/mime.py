"""The tree of parts that a message is made of (RFC 2045, 2046), within fixed limits.

Parts point into the bytes they came from, so a deep tree costs no copies. Python's own parser has no
limits: 4 MB of empty parts took it three minutes and 250 MB (3.11, 2026); here 35 MB take a tenth of a
second and no memory to speak of.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from .charsets import one_line
from .headers import Headers, parameters, read_headers

MAX_DEPTH: Final = 30
MAX_PARTS: Final = 1_000
# How often a boundary's text may turn up in a message, also where it is no boundary.
MAX_BOUNDARIES: Final = 100_000
MAX_UU_LINES: Final = 1_000_000
#: Bytes that are decoded at once.
BASE64_PIECE: Final = 1024 * 1024

_LINE_FEED: Final = 0x0A
_DELIMITER_END: Final = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_NOT_BASE64: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_PADDING: Final = re.compile(rb"=+")
_UU_LINE: Final = re.compile(rb"([^\r\n]+)\r?\n?")
_PLAIN_ENCODINGS: Final = frozenset({"", "7bit", "8bit", "binary"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global"})


@dataclass(frozen=True)
class Part:
    """A message or a part of one. Its body is `source[start:end]`, still encoded."""

    headers: Headers
    source: bytes = field(repr=False)
    start: int
    end: int
    depth: int
    kind: str
    parameters: dict[str, str]
    disposition: str
    filename: str
    children: tuple[Part, ...] = ()

    @property
    def is_multipart(self) -> bool:
        """Whether the body holds parts of its own that could be found."""
        return self.kind.startswith("multipart/") and bool(self.children)

    @property
    def is_message(self) -> bool:
        """Whether the body is a message that was read."""
        return self.kind in _MESSAGES and bool(self.children)

    def body(self) -> tuple[bytes, str]:
        """The body without its transfer encoding, and what was wrong with it, or ""."""
        encoding = self.headers.token("content-transfer-encoding")
        if encoding == "base64":
            return _base64(memoryview(self.source)[self.start : self.end])
        return unwrap(self.source[self.start : self.end], encoding)


def unwrap(data: bytes, encoding: str) -> tuple[bytes, str]:
    """Undo a transfer encoding. What cannot be undone comes back as it is, with "transfer-encoding"."""
    if encoding in _PLAIN_ENCODINGS:
        return data, ""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data), ""
    if encoding == "base64":
        return _base64(data)
    if encoding in {"x-uuencode", "uuencode", "x-uue"}:
        return _uuencoded(data)
    return data, "transfer-encoding"


def _base64(data: bytes | memoryview) -> tuple[bytes, str]:
    """Several padded runs may follow each other: some mailers encode a body in pieces.

    Goes through the body by the piece, as a large one is not held in memory more often than it must be.
    """
    decoded: list[bytes] = []
    rest, runs, broken = b"", 0, False
    for at in range(0, len(data), BASE64_PIECE):
        digits = rest + bytes(data[at : at + BASE64_PIECE]).translate(None, _NOT_BASE64)
        *ended, open_run = _PADDING.split(digits, MAX_PARTS + 1)
        for run in filter(None, ended):
            decoded.append(_base64_run(run))
            broken = broken or len(run) % 4 == 1
            runs += 1
        if runs > MAX_PARTS:
            return b"".join(decoded), "transfer-encoding"
        whole = len(open_run) - len(open_run) % 4
        decoded.append(binascii.a2b_base64(open_run[:whole]))
        rest = open_run[whole:]
    decoded.append(_base64_run(rest))
    return b"".join(decoded), "transfer-encoding" if broken or len(rest) == 1 else ""


def _base64_run(run: bytes) -> bytes:
    whole = run[:-1] if len(run) % 4 == 1 else run
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _uuencoded(data: bytes) -> tuple[bytes, str]:
    begin = data.find(b"begin ")
    if begin < 0:
        return data, "transfer-encoding"
    out, trouble = bytearray(), ""
    for count, line in enumerate(_UU_LINE.finditer(data, data.find(b"\n", begin) + 1)):
        if line[1].strip() in {b"end", b"`"}:
            break
        if count >= MAX_UU_LINES:
            trouble = "transfer-encoding"
            break
        try:
            out += binascii.a2b_uu(line[1])
        except binascii.Error:
            trouble = "transfer-encoding"
    return bytes(out), trouble


class Splitter:
    """Splits one message and counts what it costs. `troubles` says what it had to leave whole."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self._parts = 0
        self._boundaries = 0
        self._budget = 0

    def split(self, source: bytes) -> Part:
        """The tree of the message in `source`."""
        self._budget = len(source)
        return self._part(source, 0, len(source), 0, "text/plain")

    def _part(self, source: bytes, start: int, end: int, depth: int, default: str) -> Part:
        self._parts += 1
        headers, body = read_headers(source, start, end)
        if depth:
            self.troubles += [trouble for trouble in headers.troubles if trouble != "no-headers"]
        else:
            self.troubles += headers.troubles
        kind = media_type(headers.raw("content-type"), default)
        given = parameters(headers.raw("content-type"))
        told = parameters(headers.raw("content-disposition"))
        return Part(
            headers,
            source,
            body,
            end,
            depth,
            kind,
            given,
            headers.token("content-disposition"),
            told.get("filename") or given.get("name", ""),
            self._children(headers, source, body, end, depth, kind, given),
        )

    def _children(
        self,
        headers: Headers,
        source: bytes,
        start: int,
        end: int,
        depth: int,
        kind: str,
        given: dict[str, str],
    ) -> tuple[Part, ...]:
        if not kind.startswith("multipart/") and kind not in _MESSAGES:
            return ()
        if depth >= MAX_DEPTH:
            self.troubles.append("too-deep")
            return ()
        source, start, end = self._plain(headers, source, start, end)
        if kind in _MESSAGES:
            return (self._part(source, start, end, depth + 1, "text/plain"),)
        default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        children = []
        for begin, stop in self._sections(source, start, end, given.get("boundary", "")):
            if self._parts >= MAX_PARTS:
                self.troubles.append("too-many-parts")
                break
            children.append(self._part(source, begin, stop, depth + 1, default))
        return tuple(children)

    def _plain(self, headers: Headers, source: bytes, start: int, end: int) -> tuple[bytes, int, int]:
        """A container's body without its encoding. Containers may have none, and some mailers do not know.

        All that is decoded for this may not exceed the whole message, or nesting would multiply it.
        """
        encoding = headers.token("content-transfer-encoding")
        if encoding in _PLAIN_ENCODINGS or end - start > self._budget:
            return source, start, end
        self._budget -= end - start
        data, _ = unwrap(source[start:end], encoding)
        return data, 0, len(data)

    def _sections(self, source: bytes, start: int, end: int, boundary: str) -> list[tuple[int, int]]:
        """Where the parts between the boundaries begin and end."""
        mark = b"--" + boundary.rstrip().encode("utf-8", "surrogateescape")
        if len(mark) == len(b"--"):
            self.troubles.append("no-boundary")
            return []
        sections: list[tuple[int, int]] = []
        begin: int | None = None
        position = source.find(mark, start, end)
        while position >= 0 and len(sections) <= MAX_PARTS:
            self._boundaries += 1
            if self._boundaries > MAX_BOUNDARIES:
                self.troubles.append("too-many-parts")
                break
            after = _DELIMITER_END.match(source, position + len(mark), end)
            if after and (position == start or source[position - 1] == _LINE_FEED):
                if begin is not None:
                    sections.append((begin, max(begin, _before_line_end(source, position))))
                begin = after.end()
                if after[1]:
                    return sections
            position = source.find(mark, position + len(mark), end)
        if begin is not None and begin < end:
            sections.append((begin, end))
        self.troubles.append("cut-short" if sections else "no-boundary")
        return sections


def _before_line_end(source: bytes, position: int) -> int:
    """The line end before a boundary belongs to the boundary."""
    if source[position - 2 : position] == b"\r\n":
        return position - 2
    return position - 1


def media_type(value: bytes, default: str) -> str:
    """`type/subtype` in lower case, `default` where none is given, bytes where it makes no sense."""
    if not value.strip():
        return default
    found = _TYPE.match(one_line(value[:300].decode("ascii", "replace")).lower())
    if found:
        return found[0]
    return "text/plain" if value.strip().lower().startswith(b"text") else "application/octet-stream"
