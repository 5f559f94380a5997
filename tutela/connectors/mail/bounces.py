"""What a report of a mail server (RFC 3464) says of a mail that it could not deliver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .charsets import one_line
from .headers import Headers, message_id, read_headers
from .mime import Part

#: Recipients of one mail that are looked at; ours have one.
MAX_GROUPS: Final = 20
_STATUS: Final = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_HEADS: Final = frozenset({"text/rfc822-headers", "message/rfc822-headers"})


@dataclass(frozen=True)
class Returned:
    """`action` is `failed`, `delayed` or another word of the RFC; `status` is RFC 3463's, or ""."""

    message_id: str
    action: str
    status: str
    words: str


def returned(message: Part) -> Returned | None:
    """What is said of the first recipient whom the mail did not reach; None where nothing can be read."""
    groups = [group for part in _parts(message) if "delivery-status" in part.kind for group in _groups(part)]
    told = [group for group in groups if group.raw("action")]
    group = next((one for one in told if one.token("action") == "failed"), told[0] if told else None)
    if group is None:
        return None
    status = _STATUS.search(one_line(group.raw("status").decode("ascii", "replace")))
    words = one_line(group.raw("diagnostic-code").decode("utf-8", "replace"), 300)
    return Returned(
        message_id=next(filter(None, map(_returned_id, _parts(message))), ""),
        action=group.token("action"),
        status=status[0] if status else "",
        words=words.partition(";")[2].strip() or words,
    )


def _parts(part: Part) -> Iterator[Part]:
    for child in part.children:
        yield child
        yield from _parts(child)


def _groups(part: Part) -> list[Headers]:
    """The blocks of lines of a delivery status: one about the mail, then one for each recipient."""
    data = part.body()[0]
    found: list[Headers] = []
    position = 0
    while position < len(data) and len(found) <= MAX_GROUPS:
        headers, after = read_headers(data, position, len(data))
        if after <= position:
            break
        found.append(headers)
        position = after
    return found


def _returned_id(part: Part) -> str:
    """The Message-ID of a mail that was brought back whole, or with its head only."""
    if part.kind in _HEADS:
        data = part.body()[0]
        return message_id(read_headers(data, 0, len(data))[0].raw("message-id"))
    return message_id(part.children[0].headers.raw("message-id")) if part.is_message else ""
