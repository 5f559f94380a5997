"""Entries as bytes to be hashed, and the rows of the tree, read through the functions that may see them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from . import tree
from .models import HeadRow

#: How many rows are read at once.
AT_ONCE = 5000
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
FIELDS = ("id", "at", "act", "actor_id", "via", "request_id", "case_id", "detail")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A leaf, and its entry as bytes (None when the entry is gone)."""

    number: int
    entry_id: int
    hash: bytes
    data: bytes | None


def canonical(values: Mapping[str, Any]) -> bytes:
    """One entry as bytes: JSON on one line with sorted keys, moments in UTC to the microsecond."""
    at: datetime = values["at"]
    said = {name: values[name] for name in FIELDS}
    said["at"] = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return _ENCODER.encode(said).encode()


@contextmanager
def as_sealer() -> Iterator[None]:
    """A transaction in which the functions of the seal answer. A long log may take its time."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        ask("SET LOCAL statement_timeout = 0")
        yield


def ask(statement: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of one statement, by column. JSON columns are read."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        if cursor.description is None:
            return []
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        if isinstance(row.get("detail"), str):
            row["detail"] = json.loads(row["detail"])
    return rows


def unsealed(most: int) -> list[tuple[int, bytes]]:
    """Entries that wait for their seal, as id and bytes, by id."""
    return [(row["id"], canonical(row)) for row in ask("SELECT * FROM tutela.audit_unsealed(%s)", most)]


def sealed_since(number: int) -> Iterator[list[Sealed]]:
    """The leaves from a number on, in lists."""
    while rows := ask("SELECT * FROM tutela.audit_sealed(%s, %s)", number, AT_ONCE):
        yield [_sealed(row) for row in rows]
        number = rows[-1]["number"] + 1


def of_case(case_id: int) -> list[Sealed | None]:
    """The entries of one case in their order; None for one that waits for its seal."""
    rows = ask("SELECT * FROM tutela.audit_of_case(%s)", case_id)
    return [None if row["number"] is None else _sealed(row) for row in rows]


def _sealed(row: dict[str, Any]) -> Sealed:
    data = None if row["id"] is None else canonical(row)
    return Sealed(row["number"], row["entry_id"], bytes(row["hash"]), data)


def subtrees(wanted: Iterable[tree.Coordinate]) -> dict[tree.Coordinate, bytes]:
    """The hashes that are stored for these coordinates."""
    pairs = list(wanted)
    rows = ask(
        "SELECT * FROM tutela.audit_nodes(%s::smallint[], %s::bigint[])",
        [level for level, _number in pairs],
        [number for _level, number in pairs],
    )
    return {(row["level"], row["number"]): bytes(row["hash"]) for row in rows}


def edge(size: int) -> list[bytes] | None:
    """What a tree of this size goes on from; None when a part of it is not stored."""
    wanted = tree.full_subtrees(0, size)
    found = subtrees(wanted)
    return [found[one] for one in wanted] if len(found) == len(wanted) else None


def heads_since(number: int) -> Iterator[HeadRow]:
    """The stored heads from a number on, in their order."""
    while rows := list(HeadRow.objects.filter(number__gte=number).order_by("number")[:AT_ONCE]):
        yield from rows
        number = rows[-1].number + 1
