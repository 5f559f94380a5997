"""Heads that somebody else kept, for comparison: a mailbox, saved mails, a copy of another anchor's files."""

from __future__ import annotations

import mailbox
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from .anchors import AnchorFault, Leaf
from .heads import Head, heads_in


class HeldElsewhere:
    """The heads in one file, of whatever shape. Raises `AnchorFault` when there are none, OSError."""

    every = timedelta.max  # what is not in it was not kept
    reads_back = True

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path}"
        found = {head.number: head for text in _texts(path) for head in heads_in(text)}
        if not found:
            raise AnchorFault(f"There is no head of an audit log in {path}.")
        self._heads = [found[number] for number in sorted(found)]

    def newest(self) -> Head:
        """The head of the highest number."""
        return self._heads[-1]

    def put(self, head: Head, leaves: Iterable[Leaf]) -> None:  # noqa: ARG002
        """Refused: it is only read."""
        raise AnchorFault(f"{self.name} is only read.")

    def heads(self) -> Iterator[Head]:
        """By their numbers."""
        return iter(self._heads)

    def leaves(self) -> Iterator[Leaf]:
        """None."""
        return iter(())


def _texts(path: Path) -> Iterator[str]:
    """The file as it stands, then the decoded words of each mail in it: mail breaks long lines."""
    data = path.read_bytes()
    yield data.decode("ascii", "replace")
    if data.startswith(b"From "):
        with closing(mailbox.mbox(path, create=False)) as box:
            yield from (words for mail in box for words in _words(mail))
    else:
        yield from _words(message_from_bytes(data))


def _words(mail: Message[Any, Any]) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            words = part.get_payload(decode=True)
            yield words.decode("ascii", "replace") if isinstance(words, bytes) else ""
