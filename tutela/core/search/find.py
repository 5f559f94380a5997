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
MOST_ROUNDS = 8
_REFERENCE = re.compile(r"[A-Za-z]{2,3}-\d{4}-\d{1,12}")


def find(text: str, limit: int = 25, before: int | None = None) -> list[dict[str, Any]]:
    """Cases that hold all the words, the newest first; an exact reference comes before all others.

    `before` is the id of the last case of the page before. Gives one row more than `limit` where there
    is a next page. The database function gives candidates, row security decides which of them are seen;
    where it hides many, up to `MOST_ROUNDS` rounds are asked.
    """
    typed = text.replace("\0", " ").strip()[:LONGEST]
    if not typed:
        return []
    found = _exact(typed) if before is None else []
    known = {row["id"] for row in found}
    for _again in range(MOST_ROUNDS):
        ids = _candidates(typed, limit + 1, before)
        rows = Case.objects.filter(pk__in=ids).order_by("-id").values(*COLUMNS) if ids else []
        found += [row for row in rows if row["id"] not in known]
        if len(found) > limit or len(ids) <= limit:
            break
        before = min(ids)  # some candidates were not for this person's eyes: look further back
    return found[: limit + 1]


def _exact(typed: str) -> list[dict[str, Any]]:
    if not _REFERENCE.fullmatch(typed):
        return []
    return list(Case.objects.filter(reference=typed.upper()).values(*COLUMNS))


def _candidates(typed: str, most: int, before: int | None) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id FROM tutela.search(%s, %s, %s)", [typed, most, before])
        return [row[0] for row in cursor.fetchall()]
