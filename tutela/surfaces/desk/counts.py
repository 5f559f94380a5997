"""How many, up to ninety-nine: all the counts of a page in one statement.

Nobody needs to know that 214,387 cases wait; knowing it would mean reading them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST = 100

#: A statement and its values, where a queryset cannot say it.
Statement = tuple[str, Sequence[Any]]


def bounded(lists: Mapping[str, QuerySet[Any] | Statement]) -> dict[str, int]:
    """How many rows each list has, at most `MOST`. One query, none when there are no lists."""
    parts, values = [], list[Any]()
    for name, rows in lists.items():
        statement = rows if isinstance(rows, tuple) else _statement(rows)
        if statement is not None:
            parts.append(f"SELECT %s, count(*) FROM (SELECT FROM ({statement[0]}) AS l LIMIT {MOST}) AS c")  # noqa: S608  our own statements
            values += [name, *statement[1]]
    if not parts:
        return dict.fromkeys(lists, 0)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return dict.fromkeys(lists, 0) | dict(cursor.fetchall())


def said(count: int) -> str:
    """A count as a page says it."""
    return _("99+") if count >= MOST else str(count)


def _statement(rows: QuerySet[Any]) -> Statement | None:
    try:
        return rows.order_by().values("pk")[:MOST].query.sql_with_params()
    except EmptyResultSet:
        return None
