"""How many, up to ninety-nine: all the counts of a page in one statement.

Nobody needs to know that 214,387 cases wait; knowing it would mean reading them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tutela.core.kept import Written

MOST = 100

#: Rows to be counted; SQL and its values, where a queryset cannot say it.
Rows = QuerySet[Any] | Written


def bounded(lists: Mapping[str, Rows]) -> dict[str, int]:
    """How many rows each list has, at most `MOST`. One query, none when there are no lists."""
    sql, values = counting(lists)
    if not sql:
        return dict.fromkeys(lists, 0)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return dict.fromkeys(lists, 0) | dict(cursor.fetchall())


def counting(lists: Mapping[str, Rows]) -> Written:
    """The statement that gives each list's name and count. Empty when there is nothing to count."""
    parts, values = [], list[Any]()
    for name, rows in lists.items():
        statement = rows if isinstance(rows, tuple) else _statement(rows)
        if statement is not None:
            parts.append(f"SELECT %s, count(*) FROM (SELECT FROM ({statement[0]}) AS l LIMIT {MOST}) AS c")  # noqa: S608  our own statements
            values += [name, *statement[1]]
    return " UNION ALL ".join(parts), values


def said(count: int) -> str:
    """A count as a page says it."""
    return _("99+") if count >= MOST else str(count)


def _statement(rows: QuerySet[Any]) -> Written | None:
    try:
        return rows.order_by().values("pk")[:MOST].query.sql_with_params()
    except EmptyResultSet:
        return None
