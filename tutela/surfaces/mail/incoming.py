"""From a mail to a report: which mailbox takes it, and what the report says."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from django.conf import settings
from django.db import InterfaceError, OperationalError

from tutela.connectors.mail.authentication import proof
from tutela.connectors.mail.examine import examine
from tutela.connectors.mail.parse import Attachment, ParsedMail, parse, unread
from tutela.core.cases.answering import is_ours
from tutela.core.cases.receive import Incoming, IncomingFile, Received, receive
from tutela.core.errors import BadData

log = logging.getLogger(__name__)


def mailbox_of(address: str) -> str:
    """The mailbox that an address means (`emergency+anything@any.example` → `emergency`), or ""."""
    local = address.strip().rpartition("@")[0] or address.strip()
    name = local.strip('"').partition("+")[0].lower()
    return name if name in settings.MAILBOXES else ""


def take_in(
    raw: bytes,
    mailbox: str,
    *,
    null_sender: bool = False,
    is_cut: bool = False,
    recipients: Sequence[str] = (),
) -> Received:
    """Make a report of a mail, durably. Returns after the commit.

    `null_sender` says that the mail wants no answer (RFC 5321, 4.5.5), `is_cut` that this is only its
    beginning; `recipients` are the addresses of ours that a mail server named. Raises BadData for a mail
    over the limits, and the database's errors when it cannot be reached: then nothing was promised. A mail
    that the report cannot hold as it was read is kept unread.
    """
    try:
        incoming = incoming_from_mail(raw, mailbox, null_sender=null_sender, recipients=recipients)
        if is_cut:
            incoming = replace(incoming, problems=({"code": "mail-cut", "detail": ""}, *incoming.problems))
        return receive(incoming)
    except (OperationalError, InterfaceError, BadData):
        raise
    except Exception:
        log.exception("A mail of %d bytes could not be kept as it was read; it is kept unread", len(raw))
        return receive(_incoming(raw, mailbox, unread(raw), automatic=null_sender))


def incoming_from_mail(
    raw: bytes, mailbox: str, *, null_sender: bool = False, recipients: Sequence[str] = ()
) -> Incoming:
    """What a mail to one of our mailboxes says, as a report. Never raises for any bytes.

    Raises KeyError for a mailbox that is not ours.
    """
    mail = parse(raw, settings.MAIL_AUTHSERV)
    automatic = mail.auto_submitted or null_sender
    return _incoming(raw, mailbox, mail, automatic=automatic, arrival=_arrival(mail, recipients))


def _incoming(
    raw: bytes,
    mailbox: str,
    mail: ParsedMail,
    *,
    automatic: bool,
    arrival: Mapping[str, object] = MappingProxyType({}),
) -> Incoming:
    workflow = settings.MAILBOXES[mailbox]
    files = tuple(_file(one) for one in mail.attachments)
    return Incoming(
        channel="mail",
        workflow=workflow,
        raw=raw,
        text=mail.text,
        mailbox=mailbox,
        # A mail to two workflows is a report in each: neither may swallow the other's.
        source_key=f"{mail.message_id} {workflow}",
        subject=mail.subject,
        language=mail.language,
        sender_name=mail.sender_name,
        sender_email=_answer_to(mail),
        sent_at=mail.date,
        fields=_fields(mail),
        problems=(*({"code": one.code, "detail": one.detail} for one in mail.problems), *_quarantined(files)),
        files=files,
        thread=_thread(mail),
        message_id=mail.message_id,
        automatic=automatic,
        arrival=arrival,
    )


def _arrival(mail: ParsedMail, recipients: Sequence[str]) -> dict[str, object]:
    """What is known of how it came: the letter that it answers or brings back, what speaks for its sender."""
    found: dict[str, object] = {}
    if token := _token((*recipients, *mail.delivered_to, *mail.recipients)):
        found["token"] = token
    if mail.checks:
        found["checks"] = [f"{one.method}={one.outcome} {one.domain}".strip() for one in mail.checks]
        found["proof"] = str(proof(mail.checks, mail.sender_email))
    if mail.spam:
        found["spam"] = True
    if mail.returned and mail.returned.action == "failed":
        found["bounce"] = {
            "message_id": mail.returned.message_id,
            "status": mail.returned.status,
            "words": mail.returned.words,
        }
    return found


def _token(addresses: Sequence[str]) -> str:
    """What we made ourselves for answers to one letter, after the `+` of an address of ours."""
    tokens = (one.rpartition("@")[0].partition("+")[2].lower() for one in addresses if mailbox_of(one))
    return next(filter(is_ours, tokens), "")


def _thread(mail: ParsedMail) -> tuple[str, ...]:
    """The mails that it names as those it answers, or brings back."""
    named = [*mail.references, mail.in_reply_to, mail.returned.message_id if mail.returned else ""]
    return tuple(dict.fromkeys(filter(None, named)))


def _answer_to(mail: ParsedMail) -> str:
    """Where the reporter wants to be answered: a wiki sends for its users, with their address there.

    A list puts its own address there, and our answer would reach everybody on it.
    """
    return mail.reply_to if mail.reply_to and not mail.through_list else mail.sender_email


def _fields(mail: ParsedMail) -> dict[str, object]:
    """Who the mail says it is from, where that is not who is answered."""
    return {"mail_from": mail.sender_email} if mail.sender_email not in {"", _answer_to(mail)} else {}


def _file(one: Attachment) -> IncomingFile:
    finding = examine(one.data)
    return IncomingFile(one.name, one.content_type, one.data, str(finding) if finding else "")


def _quarantined(files: tuple[IncomingFile, ...]) -> list[dict[str, str]]:
    return [{"code": "quarantined", "detail": one.name} for one in files if one.quarantine]
