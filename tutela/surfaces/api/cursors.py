"""Key-set pages: a cursor names the last row that was given, so that pages never skip or repeat.

A cursor is opaque to callers. Every text of its pattern is a valid cursor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from tutela.core.errors import BadData

PATTERN = r"^(n|[0-9]{1,16})\.[0-9]{1,18}$"
MOST, USUAL = 200, 50
_PATTERN = re.compile(PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before: its moment in the order of the list, and its id."""

    at: datetime | None
    id: int

    @classmethod
    def read(cls, text: str | None) -> Cursor | None:
        """The cursor that a caller sent back, or None for the first page. Raises BadData."""
        if not text:
            return None
        if not _PATTERN.fullmatch(text):
            said = _("This is not a cursor of ours. Send “next” back as it came.")
            raise BadData(said, {"cursor": [said]})
        micros, _dot, number = text.partition(".")
        at = None if micros == "n" else _EPOCH + timedelta(microseconds=int(micros))
        return cls(at, int(number))

    def __str__(self) -> str:
        micros = "n" if self.at is None else str((self.at - _EPOCH) // timedelta(microseconds=1))
        return f"{micros}.{self.id}"


def by_id(number: int) -> str:
    """The cursor of a list that is ordered by id alone."""
    return str(Cursor(None, number))
