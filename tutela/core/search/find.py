"""Finds cases by words. What comes out is what the acting person may see."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection

from tutela.core.cases.models import Case

#: What a result shows: enough to choose, nothing that somebody wrote but the title.
COLUMNS = (
    "id",
    "reference",
    "workflow",
    "state",
    "title",
    "severity",
    "restricted",
    "closed_at",
    "received_at",
)
LONGEST = 400
_REFERENCE = re.compile(r"[A-Za-z]{2,3}-\d{4}-\d{1,12}")


def find(text: str, limit: int = 25, before: int | None = None) -> list[dict[str, Any]]:
    """Cases that hold all the words, the newest first; an exact reference comes before all others.

    `before` is the id of the last case of the page before. Two queries at most. The database function
    gives candidates, row security decides which of them are seen.
    """
    typed = text.replace("\0", " ").strip()[:LONGEST]
    if not typed:
        return []
    exact = _exact(typed) if before is None else []
    ids = _candidates(typed, limit + 1, before)
    rows = Case.objects.filter(pk__in=ids).order_by("-id").values(*COLUMNS) if ids else []
    known = {row["id"] for row in exact}
    return [*exact, *(row for row in rows if row["id"] not in known)][: limit + 1]


def _exact(typed: str) -> list[dict[str, Any]]:
    if not _REFERENCE.fullmatch(typed):
        return []
    return list(Case.objects.filter(reference=typed.upper()).values(*COLUMNS))


def _candidates(typed: str, most: int, before: int | None) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id FROM tutela.search(%s, %s, %s)", [typed, most, before])
        return [row[0] for row in cursor.fetchall()]
