"""Asks the functions of the database that are the only doors to what this package and `records` keep."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection


def ask(function: str, *values: str | int | bool | bytes | date | list[int] | list[str] | None) -> Any:
    """What a function of ours in the database answers."""
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tutela.{function}({marks})", list(values))  # a name of ours
        return cursor.fetchone()[0]
