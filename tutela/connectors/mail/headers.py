"""The head of a message or of one of its parts: lines, encoded words, parameters, addresses, dates.

Python's own header parser raises IndexError, ValueError and AttributeError on headers that real mail
carries (cpython issues 83281, 94306, 114906, 148518, 151857) and slows down with the square of their
length. The functions here never raise, and their work is bounded by the limits below.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote_to_bytes

from .charsets import codec, decode, one_line

MAX_HEADERS: Final = 2_000
MAX_HEAD: Final = 512 * 1024
MAX_VALUE: Final = 64 * 1024
MAX_STRUCTURED: Final = 8 * 1024
MAX_PARAMETERS: Final = 100
MAX_ADDRESS: Final = 320

_LINE: Final = re.compile(rb"([!-9;-~]{1,200}+)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_BLANK: Final = re.compile(rb"\r?\n")
_ENVELOPE: Final = re.compile(rb">?From [^\r\n]*\r?\n")
_FOLD: Final = re.compile(rb"\r?\n")
_WORD: Final = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?([bBqQ])\?([^?]*)\?=")
_PARAMETER: Final = re.compile(r';\s*+([^\s=;"]{1,80}+)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))', re.DOTALL)
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,500})>")
_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"@\\]{1,200}@[^\s<>()\[\],;:\"@\\]{1,200}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True)
class Headers:
    """The fields of one head, in order, names in lower case, values unfolded but not decoded."""

    fields: tuple[tuple[str, bytes], ...] = ()
    troubles: tuple[str, ...] = ()
    index: dict[str, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Where a field comes twice, the first counts, as in every mail program."""
        object.__setattr__(self, "index", dict(reversed(self.fields)))

    def raw(self, name: str) -> bytes:
        """The first value of a field, or nothing."""
        return self.index.get(name, b"")

    def every(self, name: str) -> list[bytes]:
        """All values of a field."""
        return [value for given, value in self.fields if given == name]

    def token(self, name: str) -> str:
        """The first value without comments or parameters, in lower case: for words like `auto-replied`."""
        return one_line(_ascii(self.raw(name))).partition(";")[0].partition("(")[0].strip().lower()


def read_headers(source: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The head that begins at `start`, and where the body begins.

    A line that is no header ends the head, as if a blank line stood before it.
    """
    fields: list[tuple[str, bytes]] = []
    troubles: list[str] = []
    position = _after_envelope(source, start, end)
    while position < end:
        if blank := _BLANK.match(source, position, end):
            return Headers(tuple(fields), tuple(troubles)), blank.end()
        if len(fields) >= MAX_HEADERS or position - start > MAX_HEAD:
            troubles.append("headers-cut")
            position = _skip_head(source, position, end)
            break
        line = _LINE.match(source, position, end)
        if line is None:
            troubles.append("no-blank-line" if fields else "no-headers")
            break
        value = line[2]
        if len(value) > MAX_VALUE:
            troubles.append("header-cut")
        fields.append((line[1].decode("ascii").lower(), _FOLD.sub(b"", value[:MAX_VALUE]).strip()))
        position = line.end()
    return Headers(tuple(fields), tuple(dict.fromkeys(troubles))), position


def _after_envelope(source: bytes, start: int, end: int) -> int:
    """Skip the `From ` line that mailboxes put in front of a message."""
    envelope = _ENVELOPE.match(source, start, end)
    return envelope.end() if envelope else start


def _skip_head(source: bytes, position: int, end: int) -> int:
    """Past the next blank line."""
    ends = [(source.find(blank, max(position - 2, 0), end), len(blank)) for blank in (b"\n\n", b"\n\r\n")]
    return min((found + length for found, length in ends if found >= 0), default=end)


def _ascii(value: bytes) -> str:
    return value.decode("ascii", "replace")


def words(value: bytes, charset: str = "") -> tuple[str, str]:
    """A header's text with its encoded words (RFC 2047) read, and what was wrong with it, or "".

    `charset` is how to read bare 8-bit bytes when they are not UTF-8: the body's, as a rule.
    """
    text, trouble = _bare(value, charset)
    runs: list[tuple[str, bytes]] = []  # charset ("" for plain text) and bytes, in order
    position = 0
    for word in _WORD.finditer(text):
        data = _word_bytes(word[2], word[3])
        if data is None:
            trouble = trouble or "encoded-word"
            continue  # it stays visible, as part of the plain text
        between = text[position : word.start()]
        if between.strip() or not runs:
            runs.append(("", between.encode()))
        _append(runs, word[1].lower(), data)
        position = word.end()
    runs.append(("", text[position:].encode()))
    decoded = [decode(data, name or "utf-8") for name, data in runs]
    return "".join(piece for piece, _ in decoded), trouble or next((w for _, w in decoded if w), "")


def _append(runs: list[tuple[str, bytes]], charset: str, data: bytes) -> None:
    """Join words of one charset before they are read: mailers cut characters between them."""
    if runs[-1][0] == charset:
        runs[-1] = (charset, runs[-1][1] + data)
    else:
        runs.append((charset, data))


def _bare(value: bytes, charset: str) -> tuple[str, str]:
    try:
        return value.decode("utf-8"), ""
    except UnicodeDecodeError:
        return decode(value, charset if codec(charset) not in {"", "utf_8"} else "")


def _word_bytes(encoding: str, content: str) -> bytes | None:
    """The bytes of one encoded word, or None if it is broken."""
    try:
        data = content.encode("ascii")
        if encoding in "qQ":
            return binascii.a2b_qp(data, header=True)
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except ValueError:  # not ASCII, or not base64
        return None


def parameters(value: bytes) -> dict[str, str]:
    """The parameters of a structured header, by name in lower case, with RFC 2231 pieces put together."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    text = value[:MAX_STRUCTURED].decode("utf-8", "surrogateescape")
    for count, match in enumerate(_PARAMETER.finditer(text)):
        if count >= MAX_PARAMETERS:
            break
        content = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3].strip().strip('"')
        name, star, section = match[1].lower().partition("*")
        if not star:
            plain.setdefault(name, _reread(content))
        else:
            number, encoded = section.rstrip("*"), match[1].endswith("*")
            at = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0
            pieces.setdefault(name, {}).setdefault(at, (encoded, content))
    return plain | {name: _joined(parts) for name, parts in pieces.items()}


def _reread(content: str) -> str:
    """A plain parameter: often 8-bit or with encoded words, though no standard allows it."""
    return words(content.encode("utf-8", "surrogateescape"))[0]


def _joined(parts: dict[int, tuple[bool, str]]) -> str:
    ordered = [parts[number] for number in sorted(parts)]
    charset, data = "", b""
    for position, (encoded, content) in enumerate(ordered):
        piece = content
        if position == 0 and encoded and content.count("'") > 1:
            charset, _, piece = content.split("'", 2)
        octets = piece.encode("utf-8", "surrogateescape")
        data += unquote_to_bytes(octets) if encoded else octets
    return decode(data, charset)[0]


def addresses(value: bytes, limit: int, charset: str = "") -> tuple[list[tuple[str, str]], bool]:
    """Names and addresses in a header, at most `limit`, and whether there were more.

    An entry without a usable address keeps its name and has "" for the address.
    """
    found: list[tuple[str, str]] = []
    for entry in _entries(value.decode("utf-8", "surrogateescape")):
        if not entry.strip():
            continue
        if len(found) >= limit:
            return found, True
        found.append(_mailbox(entry, charset))
    return found, False


def _entries(text: str) -> Iterator[str]:
    """Cut a list of addresses at the commas that stand outside quotes, comments and brackets."""
    start, quoted, depth, position = 0, False, 0, 0
    while position < len(text):
        sign = text[position]
        if sign == "\\":
            position += 1
        elif sign == '"' and not depth:
            quoted = not quoted
        elif quoted:
            pass
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif sign in ",;" and not depth:
            yield text[start:position]
            start = position + 1
        elif sign == ":" and not depth and _ends_group_name(text, start, position):
            start = position + 1
        position += 1
    yield text[start:]


def _ends_group_name(text: str, start: int, colon: int) -> bool:
    """Whether what stands before a colon is the name of a group, rather than part of an address or word."""
    return text.find("<", start, colon) < 0 and text.find("=?", start, colon) < 0


def _mailbox(entry: str, charset: str) -> tuple[str, str]:
    entry = entry[: 4 * MAX_ADDRESS]
    name, bracket, rest = entry.rpartition("<")
    if bracket and (match := _ADDRESS.search(rest)):
        return _name(name, charset), _address(match[0])
    if match := _ADDRESS.search(entry):
        comment = re.search(r"\(([^()]*)\)", entry)
        return _name(comment[1] if comment else "", charset), _address(match[0])
    return _name(entry, charset), ""


def _name(text: str, charset: str) -> str:
    unquoted = re.sub(r'\\(.)|"', r"\1", text.strip())
    return one_line(words(unquoted.encode("utf-8", "surrogateescape"), charset)[0], 200)


def _address(text: str) -> str:
    local, _, domain = one_line(text, MAX_ADDRESS).rpartition("@")
    return f"{local}@{domain.lower()}"


def message_ids(value: bytes, limit: int) -> tuple[str, ...]:
    """The `<…>` identifiers in a header, the last `limit` of them, each once."""
    ids = [f"<{one_line(match[1], 500)}>" for match in _MESSAGE_ID.finditer(_ascii(value))]
    return tuple(dict.fromkeys(ids[-limit:]))


def message_id(value: bytes) -> str:
    """The identifier of a message, or "". One without its brackets counts: it still tells mails apart."""
    text = _ascii(value[:1000])
    found = _MESSAGE_ID.search(text)
    bare = one_line(found[1] if found else text, 500).strip("<> ")
    return f"<{bare}>" if bare else ""


def date(value: bytes) -> datetime | None:
    """The moment in a date header, aware, in UTC; None where none can be read."""
    try:
        moment = parsedate_to_datetime(_ascii(value[:200]))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def language(value: bytes) -> str:
    """The first language tag (RFC 5646) in a header, or ""."""
    found = _LANGUAGE.match(_ascii(value[:200]).strip())
    return found[0] if found and len(found[0]) <= 20 else ""
