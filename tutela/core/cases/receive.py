"""The only door through which a report comes in.

`receive()` makes the report durable and answers only after the commit: HTTP 201, LMTP 250 and the
receipt page come after it. Turning it into a case is `opening.open_case()`, which a crash can only
delay. The row is written by one database function, so that the portal's login needs no rights on
any table.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg
from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _

from tutela.core.errors import BadData, KeyReused, NotFound
from tutela.core.vault import receipt_keys

from .sealing import ReportSeal

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

# Crockford's letters: no I, L, O, U, so that a code survives being read aloud or copied by hand.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16
MOST_TEXT = 1_000_000
MOST_RAW = 36 * 1024 * 1024


@dataclass(frozen=True)
class IncomingFile:
    """A file that came along; `quarantine` says why it must not be opened, or is empty."""

    name: str
    content_type: str
    data: bytes
    quarantine: str = ""


@dataclass(frozen=True)
class Incoming:
    """A report on its way in.

    `source_key` is the channel's own name for it: a Message-ID, an idempotency key, the one-time key
    of a form. With `strict_key` it alone says whether the report came before, and other content under
    the same key is refused; without, key and content together do.
    """

    channel: str
    workflow: str
    raw: bytes
    text: str
    mailbox: str = ""
    source_key: str = ""
    strict_key: bool = False
    subject: str = ""
    language: str = ""
    sender_name: str = ""
    sender_email: str = ""
    sent_at: datetime | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    problems: tuple[Mapping[str, str], ...] = ()
    files: tuple[IncomingFile, ...] = ()
    receipt_hash: bytes | None = None
    #: The public half of the code's key, so that what we answer opens with the code only.
    receipt_public: bytes | None = None
    thread: tuple[str, ...] = ()
    message_id: str = ""
    automatic: bool = False
    #: How it came. No part of what was said: the same mail by another way is the same report.
    arrival: Mapping[str, object] = field(default_factory=dict)
    #: The receipt hash of the report that this one adds to, where the reporter came back with a code.
    adds_to: bytes | None = None


@dataclass(frozen=True)
class Received:
    """The report's number, and whether it had been received before."""

    report_id: int
    duplicate: bool


def receive(incoming: Incoming, using: str = "default") -> Received:
    """Store a report durably. The same report twice is one report.

    Raises BadData when it is empty or over the limits, KeyReused when a strict key came before with
    other content, NotFound when it adds to a code that nobody has, and lets database errors through:
    then nothing was promised.
    """
    _check(incoming)
    content = content_hash(incoming)
    dedup = _dedup_key(incoming, content)
    seal = ReportSeal.fresh(dedup, using)
    digests = [hashlib.sha256(one.data).digest() for one in incoming.files]
    files = list(zip(incoming.files, digests, strict=True))
    # One statement, so one transaction of its own: it is committed when it answers.
    with _binary_cursor(using) as cursor:
        cursor.execute(
            "SELECT report_id, was_new, content_hash"
            " FROM tutela.receive_report(%b, %b, %b, %b, %b, %s::jsonb, %s::jsonb, %b::bytea[])",
            [
                dedup,
                content,
                incoming.receipt_hash,
                seal.kept,
                seal.of_report("raw", incoming.raw),
                json.dumps(_about(incoming, seal)),
                json.dumps([_about_file(one, digest, seal) for one, digest in files]),
                [seal.of_file("data", one.data, digest) for one, digest in files],
            ],
        )
        report_id, was_new, stored = cursor.fetchone()
    if report_id is None:
        raise NotFound(_("We do not know this code. Check each letter and number."))
    if not was_new and incoming.strict_key and bytes(stored) != content:
        raise KeyReused(_("This key was used before with other content. Use a new key for a new report."))
    return Received(report_id, not was_new)


def _binary_cursor(using: str) -> CursorWrapper:
    """Django's cursor, but for values that go to the server as they are, beside the statement.

    Django writes values into the statement: a byte takes two there, and the statement is copied on its way.
    """
    connection = connections[using]
    connection.close_if_health_check_failed()  # as Django's own does: the server may have been restarted
    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    return wrap(cursor)  # type: ignore[arg-type]  # any cursor of psycopg's, whatever the stubs say


def content_hash(incoming: Incoming) -> bytes:
    """SHA-256 over what was said, without the headers that differ by the way a mail took."""
    digest = hashlib.sha256(incoming.adds_to or b"")
    for part in (incoming.channel, incoming.sender_email, incoming.subject, incoming.text):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    digest.update(json.dumps(dict(incoming.fields), sort_keys=True, default=str).encode())
    for one in incoming.files:
        digest.update(hashlib.sha256(one.data).digest())
    if incoming.strict_key:  # a key promises the same in every part
        sent_at = incoming.sent_at.isoformat() if incoming.sent_at else ""
        for part in (incoming.workflow, incoming.language, incoming.sender_name, sent_at):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    if incoming.problems and not incoming.text:
        digest.update(hashlib.sha256(incoming.raw).digest())  # nothing could be read: all of it counts
    return digest.digest()


def new_receipt() -> tuple[str, bytes]:
    """A code for the reporter (80 random bits, shown once) and the keyed hash that is kept."""
    code = "".join(secrets.choice(ALPHABET) for _each in range(CODE_LENGTH))
    return " ".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4)), receipt_hash(code)


def receipt_letters(code: str) -> str:
    """A code as somebody typed it, without what does not matter: spaces, dashes and small letters."""
    typed = code.upper().translate(str.maketrans("OIL", "011"))
    return "".join(letter for letter in typed if letter in ALPHABET)


def receipt_hash(code: str) -> bytes:
    """The keyed hash of a code as somebody typed it."""
    letters = receipt_letters(code)
    return hmac.new(settings.RECEIPT_KEY, b"receipt " + letters.encode(), hashlib.sha256).digest()


def receipt_public(code: str) -> bytes:
    """The public half of the key of a code as somebody typed it."""
    return receipt_keys.public_half(receipt_letters(code))


def _check(incoming: Incoming) -> None:
    if not incoming.text.strip() and not incoming.files and not incoming.problems:
        raise BadData(
            _("The report is empty. Write a few words about what you saw."),
            {"text": [_("Write a few words.")]},
        )
    if len(incoming.text) > MOST_TEXT:
        raise BadData(
            _("The text is too long. Send the most important part first; you can add more afterwards."),
            {"text": [_("Keep it under one million characters.")]},
        )
    if len(incoming.raw) > MOST_RAW:
        raise BadData(_("The report is too large. Send it without its files."), {"raw": [_("Over 36 MB.")]})


def _dedup_key(incoming: Incoming, content: bytes) -> bytes:
    said = f"{incoming.channel}\0{incoming.source_key}".encode("utf-8", "surrogatepass")
    if not (incoming.strict_key and incoming.source_key):
        said += b"\0" + content
    return hashlib.sha256(said).digest()


def _about(incoming: Incoming, seal: ReportSeal) -> dict[str, object]:
    fields = {str(k): clean_text(v) if isinstance(v, str) else v for k, v in incoming.fields.items()}
    return {
        "channel": incoming.channel,
        "mailbox": incoming.mailbox,
        "workflow": incoming.workflow,
        "subject": clean_text(incoming.subject),
        "text": clean_text(incoming.text),
        "language": incoming.language,
        "sender_name": seal.of_report("sender_name", clean_text(incoming.sender_name)).hex(),
        "sender_email": seal.of_report("sender_email", clean_text(incoming.sender_email)).hex(),
        "sent_at": incoming.sent_at.isoformat() if incoming.sent_at else None,
        "fields": seal.of_report("fields", fields).hex(),
        "arrival": seal.of_report("arrival", dict(incoming.arrival)).hex() if incoming.arrival else None,
        "problems": [dict(one) for one in incoming.problems],
        "thread": [clean_text(one) for one in incoming.thread][:50],
        "message_id": clean_text(incoming.message_id),
        "automatic": incoming.automatic,
        "adds_to": incoming.adds_to.hex() if incoming.adds_to else None,
        "receipt_public": incoming.receipt_public.hex() if incoming.receipt_public else None,
    }


def _about_file(one: IncomingFile, sha256: bytes, seal: ReportSeal) -> dict[str, object]:
    return {
        "name": seal.of_file("name", clean_text(one.name)[:300], sha256).hex(),
        "content_type": clean_text(one.content_type)[:200],
        "size": len(one.data),
        "sha256": sha256.hex(),
        "quarantine": one.quarantine[:300],
    }


def clean_text(text: str) -> str:
    """Text as the database can hold it: no NUL, no lone surrogates. The raw bytes keep the rest."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
