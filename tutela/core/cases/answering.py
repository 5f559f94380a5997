"""Which letter of ours a mail answers. Only what nobody can guess joins a mail to a case.

A letter goes out with an address of its own to answer to (`safety+TOKEN@…`) and a Message-ID, both made with
our secret key. A reference in a subject, or a Message-ID of somebody else's, joins nothing: it is shown to
whoever sees that case as what the mail may belong to.
"""

from __future__ import annotations

import re
from base64 import b32encode
from hmac import compare_digest
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from tutela.core.vault.blind import plain_address

from .models import Case, Message, Report

#: A letter, or a mail that is no part of a conversation and has a case only.
_LETTER: Final = "m"
_CASE: Final = "c"

_TOKEN: Final = re.compile(r"([mc])([0-9]{1,15})-([a-z2-7]{26})")
_REFERENCE: Final = re.compile(r"\b([A-Z]{2,4}-[0-9]{4}-[0-9]{4,8})\b")


def token_of_letter(message_id: int) -> str:
    """What stands in the address that answers to this letter go to. 130 bits of it nobody can guess."""
    return _token(_LETTER, message_id)


def token_of_case(case_id: int) -> str:
    """The same for a mail about a case that is no letter of a conversation."""
    return _token(_CASE, case_id)


def is_ours(token: str) -> bool:
    """Whether we made this token."""
    found = _TOKEN.fullmatch(token)
    return found is not None and compare_digest(token, _token(found[1], int(found[2])))


def _token(kind: str, number: int) -> str:
    digest = salted_hmac("tutela.core.cases.answering", f"{kind}{number}", algorithm="sha256").digest()
    return f"{kind}{number}-{b32encode(digest)[:26].decode().lower()}"


def answered(report: Report) -> Message | Case | None:
    """The letter (or the case of a mail) that a report answers; None where it answers none that we have."""
    token = str((report.arrival or {}).get("token", ""))
    return (_by_token(token) if token else None) or _by_message_ids(report)


def _by_token(token: str) -> Message | Case | None:
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    if found[1] == _CASE:
        return Case.objects.filter(pk=int(found[2])).first()
    return _letters().filter(pk=int(found[2])).first()


def _letters() -> QuerySet[Message]:
    return Message.objects.filter(direction=Message.Direction.OUT).select_related("report")


def _by_message_ids(report: Report) -> Message | None:
    """The newest letter whose Message-ID it names, if it is from somebody to whom we wrote on that case."""
    named = [one for one in report.thread if one]
    letter = _letters().filter(message_id__in=named).order_by("-id").first() if named else None
    if letter is None or (report.arrival or {}).get("bounce"):
        return letter  # who says that a letter came back is a mail server
    sender = str(report.fields.get("mail_from") or report.sender_email)
    ours = _letters().filter(case=letter.case_id)
    return (
        letter if sender and plain_address(sender) in {plain_address(one.recipient) for one in ours} else None
    )


def may_belong(report: Report) -> QuerySet[Case]:
    """Cases that a mail speaks of without proof, as far as the actor sees them."""
    references = set(_REFERENCE.findall(report.subject.upper()))
    named = Message.objects.filter(direction=Message.Direction.OUT, message_id__in=list(report.thread))
    about = Q(reference__in=references) | Q(pk__in=named.exclude(message_id="").values("case"))
    return Case.objects.filter(about).exclude(reports=report).order_by("pk")
