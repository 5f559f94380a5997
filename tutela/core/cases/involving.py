"""Compares what is sealed, and so not searched, with the conflicts that people declared.

What is searched is compared by the database itself (`core/access/migrations/0004_conflicts_secured.sql`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection

from .models import Case


def involve(case: Case, *said: Any) -> None:
    """Hide a case from whoever has a conflict with somebody of whom something said speaks.

    What is said may nest as JSON does. Call it last: the actor may lose sight of the case.
    """
    words = " ".join(_strings(said))
    if words:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tutela.involve(%s, %s)", [case.pk, words])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(one)
