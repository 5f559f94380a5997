"""Reads any bytes as mail. What cannot be read is named, and the mail itself stays whole elsewhere."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .authentication import Result, is_spam, results
from .bounces import Returned, returned
from .charsets import clean, decode, has_controls, one_line, turns_direction
from .flowed import unflow
from .headers import Headers, addresses, date, language, message_id, message_ids, words
from .markup import MAX_MARKUP, to_text
from .mime import MAX_DEPTH, Part, Splitter
from .problems import MAX_PROBLEMS, Problem

MAX_TEXT: Final = 1_000_000
MAX_TEXT_BYTES: Final = 4 * MAX_TEXT
MAX_RECIPIENTS: Final = 1_000
MAX_FILES: Final = 100
MAX_REFERENCES: Final = 100
MAX_FILE_NAME: Final = 120

_SHOWN: Final = frozenset(
    {"text/plain", "text/html", "text/enriched", "text/markdown", "text/rfc822-headers"}
    | {"message/delivery-status", "message/disposition-notification"}
)
_DELIVERED: Final = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_FORWARDED: Final = ("From", "To", "Date", "Subject")
_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE
)
_ARMOUR: Final = "-----BEGIN PGP MESSAGE-----"
_NOT_IN_NAMES: Final = re.compile(r"[<>\"|?*:]")
_EXTENSIONS: Final = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "application/pgp-signature": ".asc",
    "message/rfc822": ".eml",
}
# A text part this much shorter than its HTML twin only says that the mail is in HTML.
_STAND_IN: Final = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attachment:
    """A file in a mail. `name` is safe to show, `content_type` is only what the sender says."""

    name: str
    content_type: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """In bytes, without transfer encoding."""
        return len(self.data)


@dataclass(frozen=True)
class ParsedMail:
    """What a mail says, in text without control characters. Identifiers keep their `<>`."""

    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    sender_name: str = ""
    sender_email: str = ""
    reply_to: str = ""
    recipients: tuple[str, ...] = ()
    # Also where the mail servers on its way say that it went: this is how the part after a `+` survives.
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    text: str = ""
    language: str = ""
    attachments: tuple[Attachment, ...] = ()
    # Sent by a program on its own: an answer to it would go round in circles.
    auto_submitted: bool = False
    bounce: bool = False
    # The checks of mail servers that are trusted, and whether a filter on the way takes it for spam.
    checks: tuple[Result, ...] = ()
    spam: bool = False
    # What a mail server says of a mail that it brings back.
    returned: Returned | None = None
    # Sent on by a mailing list: an answer to its Reply-To may reach everybody on it.
    through_list: bool = False
    problems: tuple[Problem, ...] = ()


def parse(raw: bytes, trusted: Collection[str] = ()) -> ParsedMail:
    """What the mail in `raw` says. Never raises: mail that breaks the reader is shown as characters.

    `trusted` are the mail servers whose word on the sender counts.
    """
    try:
        return read(raw, trusted)
    except Exception:
        log.exception("A mail of %d bytes broke the reader", len(raw))
        return unread(raw)


def unread(raw: bytes) -> ParsedMail:
    """A mail shown as the characters in it, for when it cannot be read."""
    text = clean(decode(raw[:MAX_TEXT_BYTES])[0])[:MAX_TEXT]
    return ParsedMail(text=text, problems=(Problem("unparsable"),))


def read(raw: bytes, trusted: Collection[str] = ()) -> ParsedMail:
    """As `parse`, but a fault of the reader comes out."""
    splitter = Splitter()
    message = splitter.split(_tidy(raw))
    reader = _Reader(message, trusted)
    text = reader.text_of(message)
    reader.note(*splitter.troubles)
    return reader.mail(text)


def _tidy(raw: bytes) -> bytes:
    """Old Mac line ends become line feeds; what stands before the first header goes."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")


class _Reader:
    """Goes through the parts of one mail and collects text, files and problems."""

    def __init__(self, message: Part, trusted: Collection[str]) -> None:
        self.message, self.trusted = message, trusted
        self.charset = next(
            (found for part in _walk(message) if (found := part.parameters.get("charset"))), ""
        )
        self.files: list[Attachment] = []
        self.problems: dict[Problem, None] = {}
        self.left = MAX_TEXT

    def note(self, *codes: str, detail: str = "") -> None:
        """Remember problems, each once and no more of them than a person reads."""
        for code in codes:
            if code and len(self.problems) < MAX_PROBLEMS:
                self.problems[Problem(code, detail)] = None

    def header(self, headers: Headers, name: str, limit: int = 1000) -> str:
        """A header's text in one line."""
        text, trouble = words(headers.raw(name), self.charset)
        self.note(trouble)
        return one_line(text, limit)

    # The text

    def text_of(self, part: Part) -> str:
        """The readable text of a part and all that is in it. Files are put aside on the way."""
        if part.kind == "multipart/encrypted" or _is_enveloped(part):
            self.note("encrypted")
        if part.is_message:
            return self._forwarded(part.children[0])
        if part.kind == "multipart/alternative" and part.children:
            return self._best(part)
        if part.is_multipart:
            return _join(self.text_of(child) for child in part.children)
        if _is_text(part):
            return self._leaf(part)
        self._file(part)
        return ""

    def _forwarded(self, message: Part) -> str:
        heads = [
            f"{name}: {value}" for name in _FORWARDED if (value := self.header(message.headers, name.lower()))
        ]
        return _join(["--------\n" + "\n".join(heads), self.text_of(message)])

    def _best(self, part: Part) -> str:
        """The text among versions of the same: plain where there is one, unless it only points to HTML."""
        plain, marked = "", ""
        for child in part.children:
            text = self.text_of(child)
            if _is_text(child) and child.kind != "text/html":
                plain = plain or text
            else:
                marked = text or marked
        if not plain.strip() or (len(plain) < _STAND_IN and len(marked) > 4 * len(plain) + _STAND_IN):
            return marked or plain
        return plain

    def _leaf(self, part: Part) -> str:
        data, trouble = part.body()
        charset = part.parameters.get("charset", "")
        if part.kind == "text/html" and not charset and (meta := _META_CHARSET.search(data[:2048])):
            charset = meta[1].decode("ascii")
        raw_text, wrong = decode(data[:MAX_TEXT_BYTES], charset)
        self.note(trouble, wrong, "control-characters" if has_controls(raw_text) else "")
        text = self._laid_out(part, clean(raw_text))
        if _ARMOUR in text:
            self.note("encrypted")
        too_much_markup = part.kind == "text/html" and len(raw_text) > MAX_MARKUP
        if len(text) > self.left or len(data) > MAX_TEXT_BYTES or too_much_markup:
            self._whole_text(part, data)
        text = text[: self.left]
        self.left -= len(text)
        return text.strip("\n")

    @staticmethod
    def _laid_out(part: Part, text: str) -> str:
        if part.kind == "text/html":
            return clean(to_text(text))
        if part.parameters.get("format", "").lower() == "flowed":
            return unflow(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
        return text

    def _whole_text(self, part: Part, data: bytes) -> None:
        self.note("text-cut")
        if len(self.files) < MAX_FILES:
            name = "message.html" if part.kind == "text/html" else "message.txt"
            self.files.append(Attachment(name, part.kind, data))

    # The files

    def _file(self, part: Part) -> None:
        if len(self.files) >= MAX_FILES:
            self.note("too-many-files")
            return
        data, trouble = part.body()
        name = file_name(part.filename, part.kind, len(self.files) + 1)
        if turns_direction(part.filename):
            self.note("direction-control", detail=name)
        if part.kind == "application/ms-tnef" or name.lower() == "winmail.dat":
            self.note("tnef")
        self.note(trouble, detail=name)
        self.files.append(Attachment(name, part.kind, data))

    # The whole

    def mail(self, text: str) -> ParsedMail:
        """All that was found."""
        headers = self.message.headers
        name, email = self._sender(headers)
        if not email:
            self.note("no-sender")
        if not text.strip() and not self.files:
            self.note("empty")
        sent = date(headers.raw("date"))
        if sent is None and headers.raw("date"):
            self.note("no-date")
        bounce = _is_bounce(self.message, email)
        return ParsedMail(
            message_id=message_id(headers.raw("message-id")),
            in_reply_to=next(iter(message_ids(headers.raw("in-reply-to"), 1)), ""),
            references=message_ids(headers.raw("references"), MAX_REFERENCES),
            sender_name=name,
            sender_email=email,
            reply_to=next((found for _, found in self._addresses(headers, "reply-to", 1) if found), ""),
            recipients=self._recipients(headers),
            delivered_to=self._delivered_to(headers),
            subject=self.header(headers, "subject"),
            date=sent,
            text=text,
            language=language(headers.raw("content-language")),
            attachments=tuple(self.files),
            auto_submitted=bounce or _is_automatic(headers),
            bounce=bounce,
            checks=tuple(results(headers, self.trusted)),
            spam=is_spam(headers),
            returned=returned(self.message) if bounce else None,
            through_list=bool(headers.raw("list-id") or headers.raw("list-post"))
            or headers.token("precedence") == "list",
            problems=tuple(self.problems),
        )

    def _addresses(self, headers: Headers, name: str, limit: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for value in headers.every(name):
            some, more = addresses(value, limit - len(found), self.charset)
            found += some
            if more:
                if limit > 1:
                    self.note("too-many-recipients")
                break
        return found

    def _sender(self, headers: Headers) -> tuple[str, str]:
        """Who wrote: From, or else who sent it or wants the answer."""
        writers = self._addresses(headers, "from", 20)
        for name, email in writers:
            if email:
                return name, email
        others = self._addresses(headers, "sender", 1) + self._addresses(headers, "reply-to", 1)
        name = writers[0][0] if writers else ""
        return next(((name or other, email) for other, email in others if email), (name, ""))

    def _recipients(self, headers: Headers) -> tuple[str, ...]:
        to = self._addresses(headers, "to", MAX_RECIPIENTS)
        to += self._addresses(headers, "cc", MAX_RECIPIENTS - len(to))
        return tuple(dict.fromkeys(email for _, email in to if email))

    def _delivered_to(self, headers: Headers) -> tuple[str, ...]:
        found = (self._addresses(headers, name, 20) for name in _DELIVERED)
        return tuple(dict.fromkeys(email for some in found for _, email in some if email))


def _walk(part: Part) -> Iterator[Part]:
    yield part
    for child in part.children:
        yield from _walk(child)


def _join(texts: Iterator[str] | list[str]) -> str:
    return "\n\n".join(text for text in texts if text.strip())


def _is_text(part: Part) -> bool:
    if part.disposition == "attachment" or part.children:
        return False
    if part.kind.startswith("multipart/"):
        return part.depth < MAX_DEPTH  # no parts were found in it: show what is there
    return part.kind in _SHOWN and not part.filename


def _is_enveloped(part: Part) -> bool:
    """Whether S/MIME hides the content. Signed data in the same clothes hides nothing on purpose."""
    return part.kind.removeprefix("application/x-").removeprefix("application/") == "pkcs7-mime" and (
        part.parameters.get("smime-type", "").lower() != "signed-data"
    )


def _is_automatic(headers: Headers) -> bool:
    """RFC 3834 and the marks that older programs use. Mail through a list is by a person all the same."""
    return (
        headers.token("auto-submitted") not in {"", "no"}
        or headers.token("precedence") in {"auto_reply", "auto-reply"}
        or any(headers.raw(name) for name in ("x-autoreply", "x-autorespond", "x-auto-reply"))
        or headers.raw("return-path").strip() == b"<>"
    )


def _is_bounce(message: Part, sender: str) -> bool:
    if message.kind == "multipart/report":
        return message.parameters.get("report-type", "").lower() == "delivery-status"
    return sender.partition("@")[0].lower() == "mailer-daemon"


def file_name(name: str, kind: str, number: int) -> str:
    """A name to show for a file: one line, no folders, no turning of direction, its ending kept."""
    last = re.split(r"[/\\]", one_line(name, 1000))[-1]
    shown = _NOT_IN_NAMES.sub("_", last).strip(". ")
    if not shown:
        return f"attachment-{number}{_EXTENSIONS.get(kind, '.bin')}"
    stem, dot, ending = shown.rpartition(".")
    if not dot or len(ending) > 20:
        return shown[:MAX_FILE_NAME]
    return f"{stem[: MAX_FILE_NAME - len(ending) - 1]}.{ending}"
