"""Makes an outgoing mail from an effect's payload, so that no value in it can become a header.

Python's newer policy would decode an encoded word that a reporter wrote into a subject and put the line
end in it into the mail (cpython issue 121650). This uses the older one, in which what we pass is encoded
once and never read again.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, parseaddr, quote
from html import escape
from typing import Any, Final

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from tutela.core.errors import Rejected

from .charsets import clean, one_line
from .headers import message_ids

MAX_SUBJECT: Final = 300
MAX_REFERENCES: Final = 20

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_TOKEN: Final = re.compile(r"[a-z0-9-]{1,50}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_FILE_TYPE: Final = re.compile(r"application/([a-z0-9.+-]{1,60})")
_RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
_POLICY: Final = compat32.clone(linesep="\r\n", max_line_length=76, mangle_from_=False)


@dataclass(frozen=True)
class Mail:
    """A mail ready to go. `message` is what goes over the wire, with CR LF line ends."""

    sender: str
    recipient: str
    message_id: str
    subject: str
    message: bytes


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the mail with this idempotency key: sent again, it is the same mail.

    Nobody can guess it, because an answer that names it is added to the case.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    digest = salted_hmac("tutela.connectors.mail.message-id", key, algorithm="sha256").hexdigest()
    return f"<{digest[:40]}@{domain}>"


def recipient(payload: Mapping[str, Any]) -> str:
    """The one address that the mail goes to, in ASCII. Raises `Rejected` for one that cannot work."""
    given = str(payload.get("to", "")).strip()
    local, at, domain = given.rpartition("@")
    try:
        address = f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        address = ""
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise Rejected(
            _("“%(address)s” is not an address that mail can be sent to.")
            % {"address": one_line(given, 100)},
            what_to_do=_("Correct the address or answer the reporter another way."),
        )
    return address


def subject(payload: Mapping[str, Any]) -> str:
    """The subject in one line."""
    return one_line(str(payload.get("subject", "")), MAX_SUBJECT)


def build(payload: Mapping[str, Any], key: str, sender: str, now: datetime) -> Mail:
    """The mail that a payload asks for.

    `payload`: `to`, `subject`, `text`; and, where wanted, `html` (the inside of a body, already escaped),
    `language`, `in_reply_to`, `references` (a list), `token` (for the address that answers go to, and
    what could not be delivered), `from_name`, `automatic`, `attachments` (each `name`, `content_type`, and
    the bytes as `base64`). `sender` is ours, `Name <address>`. Raises `Rejected`.
    """
    to, identifier = recipient(payload), message_id(key, sender)
    name, address = parseaddr(sender)
    message = _body(payload, identifier)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = identifier
    message["From"] = _mailbox(one_line(str(payload.get("from_name") or name), 100), address)
    message["To"] = to
    message["Subject"] = _words(subject(payload))
    back = _back(payload, address)
    if back != address:
        message["Reply-To"] = back
    _answering(message, payload)
    if payload.get("automatic"):
        message["Auto-Submitted"] = "auto-replied" if message["In-Reply-To"] else "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    if language := _language(payload):
        message["Content-Language"] = language
    return Mail(back, to, identifier, subject(payload), message.as_bytes(policy=_POLICY))


def _back(payload: Mapping[str, Any], address: str) -> str:
    """Our address as this mail alone has it: answers go there, and what could not be delivered."""
    token = str(payload.get("token") or "")
    local, _at, domain = address.rpartition("@")
    fits = _TOKEN.fullmatch(token) and len(local) + len(token) < 64
    return f"{local}+{token}@{domain}" if fits else address


def _answering(message: Message[Any, Any], payload: Mapping[str, Any]) -> None:
    """Which mails this one answers."""
    answered = _identifiers(str(payload.get("in_reply_to") or ""))
    earlier = _identifiers(" ".join(map(str, payload.get("references") or [])))
    if answered:
        message["In-Reply-To"] = answered[-1]
    if earlier or answered:
        message["References"] = " ".join(dict.fromkeys([*earlier, *answered]))


def _identifiers(text: str) -> tuple[str, ...]:
    """Message-IDs that are safe in a header: others are left out."""
    found = message_ids(text.encode("ascii", "ignore"), MAX_REFERENCES)
    return tuple(one for one in found if len(one) <= 250)


def _words(text: str) -> Header:
    """Text for a header. What looks like an encoded word is encoded itself, so nobody decodes it."""
    plain = text.isascii() and "=?" not in text
    return Header(text, "us-ascii" if plain else "utf-8", header_name="Subject")


def _mailbox(name: str, address: str) -> Header:
    header = Header(header_name="From")
    if name:
        plain = name.isascii() and "=?" not in name
        header.append(f'"{quote(name)}"' if plain else name, "us-ascii" if plain else "utf-8")
    header.append(f"<{address}>", "us-ascii")
    return header


def _language(payload: Mapping[str, Any]) -> str:
    given = str(payload.get("language") or "")
    return given if _LANGUAGE.fullmatch(given) else ""


def _body(payload: Mapping[str, Any], identifier: str) -> Message[Any, Any]:
    text = clean(str(payload.get("text", ""))).strip("\n") + "\n"
    inside = clean(str(payload["html"])) if payload.get("html") else _paragraphs(text)
    boundary = f"=_{identifier.strip('<>').partition('@')[0]}"  # `=_` occurs in neither encoding
    body = MIMEMultipart("alternative", boundary=boundary)
    body.attach(_text(text, "plain"))
    body.attach(_text(_page(inside, _language(payload)), "html"))
    files = [_attached(one) for one in payload.get("attachments") or []]
    if not files:
        return body
    message = MIMEMultipart("mixed", boundary=boundary.replace("=_", "=_f", 1))
    for part in (body, *files):
        message.attach(part)
    return message


def _attached(one: Mapping[str, Any]) -> MIMEApplication:
    """A file of ours. A mail that should carry one never leaves without it. Raises `Rejected`."""
    kind = _FILE_TYPE.fullmatch(str(one.get("content_type", "")))
    try:
        data = b64decode(str(one["base64"]), validate=True)
    except (KeyError, ValueError):
        kind = None
    if kind is None:
        raise Rejected(
            _("The file that belongs to this mail cannot be read."),
            what_to_do=_("Take the step again, so that the file is made anew."),
        )
    part = MIMEApplication(data, kind[1])
    part.add_header("Content-Disposition", "attachment", filename=one_line(str(one.get("name", "")), 100))
    return part


def _text(text: str, subtype: str) -> MIMEText:
    """Mostly ASCII goes as quoted-printable, which can be read in the raw mail; the rest as base64."""
    charset = Charset("utf-8")
    plain = sum(sign.isascii() for sign in text) * 6 > len(text) * 5
    charset.body_encoding = QP if plain else BASE64
    text = text if plain else text.replace("\n", "\r\n")  # nobody sets line ends inside base64 for us
    return MIMEText(text, subtype, charset)  # type: ignore[arg-type]  # it takes a Charset, says the manual


def _paragraphs(text: str) -> str:
    blocks = (escape(block.strip("\n")).replace("\n", "<br>\n") for block in re.split(r"\n{2,}", text))
    return "\n".join(f'<p dir="auto">{block}</p>' for block in blocks if block)


def _page(inside: str, language: str) -> str:
    direction = "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
    lang = f' lang="{language}"' if language else ""
    return (
        f'<!DOCTYPE html>\n<html{lang} dir="{direction}">\n<head><meta charset="utf-8"></head>\n'
        f"<body>\n{inside}\n</body>\n</html>\n"
    )
