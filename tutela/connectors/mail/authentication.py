"""What a mail server of ours found out about the sender (RFC 8601), and whether it takes a mail for spam.

Anybody can write such a header line. Only those count that name the mail server which the settings trust; it
removes lines with its own name from what comes in (RFC 8601, 5).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .charsets import one_line
from .headers import Headers

MAX_LINES: Final = 20
MAX_LINE: Final = 8 * 1024

_COMMENT: Final = re.compile(r"\([^()]*\)")
_METHOD: Final = re.compile(r"([a-z0-9-]{1,20})(?:\s*/\s*[0-9]+)?\s*=\s*([a-z]{1,20})\b")
_PROPERTY: Final = re.compile(r"\b(header\.(?:d|i|from)|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]{1,320})")
#: A line with one of these may say that a mail is spam.
_SPAM: Final = ("x-spam-flag", "x-spam-status", "x-spam")


class Proof(StrEnum):
    """What speaks for the address that a mail says it is from."""

    PROVEN = "proven"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True)
class Result:
    """One check: `dkim`, `spf`, `dmarc`, `arc`; what came of it; and the domain that it speaks for."""

    method: str
    outcome: str
    domain: str


def results(headers: Headers, trusted: Collection[str]) -> list[Result]:
    """What mail servers of these names found out."""
    lines = headers.every("authentication-results")[:MAX_LINES] if trusted else []
    return [one for line in lines for one in _read(line, trusted)]


def _read(value: bytes, trusted: Collection[str]) -> Iterator[Result]:
    text = one_line(value[:MAX_LINE].decode("ascii", "replace"), MAX_LINE).lower()
    while (bare := _COMMENT.sub(" ", text)) != text:  # they may stand in each other
        text = bare
    server, *checks = text.split(";")
    if not server.split() or server.split()[0] not in trusted:
        return
    for check in checks:
        found = _METHOD.match(check.strip())
        if found:
            yield Result(found[1], found[2], _domain(found[1], dict(_PROPERTY.findall(check))))


def _domain(method: str, said: dict[str, str]) -> str:
    """The domain that a check is about: who signed, who sent, or whose rule was looked at."""
    named = {"dkim": said.get("header.d") or said.get("header.i"), "spf": said.get("smtp.mailfrom")}
    return (named.get(method) or said.get("header.from") or "").rpartition("@")[2].rstrip(".")


def proof(found: Collection[Result], sender: str) -> Proof:
    """What these checks say of the address in `From`.

    A check of another domain says nothing of it, unless that is the one that the sender's is a part of.
    """
    own = sender.rpartition("@")[2].lower()
    ours = [one for one in found if own and _speaks_for(one.domain, own)]
    # What the domain itself asks for counts before what it is made of.
    for methods in ({"dmarc"}, {"dkim", "spf"}):
        outcomes = {one.outcome for one in ours if one.method in methods}
        if "pass" in outcomes:
            return Proof.PROVEN
        if "fail" in outcomes:
            return Proof.FAILED
    return Proof.NONE


def _speaks_for(domain: str, own: str) -> bool:
    return domain == own or ("." in domain and own.endswith(f".{domain}"))


def is_spam(headers: Headers) -> bool:
    """Whether a filter on the way says so. A mail that wrongly says it of itself is only marked."""
    return any(headers.token(name).startswith(("yes", "true")) for name in _SPAM)
