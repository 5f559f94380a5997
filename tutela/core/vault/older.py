"""Seals what was written before its column was sealed, in small steps, while people work.

Each step is a transaction of its own, so that it goes on where it was stopped. What needs no sealing is
found by partial indexes that are empty in the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import connection

from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from . import keyring
from .blind import of_older_keys
from .seals import VaultError

BATCH = 200


def seal_older() -> int:
    """Seal what still stands in plain. Returns how many rows it sealed. Raises VaultError."""
    done = 0
    for kind, seal in _kinds().items():
        last = 0
        while rows := _some(kind, last):
            done += len(rows)
            last = _seal(kind, rows, seal)
    return done


def index_older() -> int:
    """Write the hashes of addresses that have none yet, or one of an older key. Returns how many.

    A report that does not open now waits for the next time, and stalls no other.
    """
    from tutela.core.cases.models import Report

    keyring.forget()  # with a key that was replaced a moment ago, all would be written back
    waiting = Report.objects.filter(of_older_keys("sender_index")).exclude(case=None)
    waiting = waiting.defer("raw").order_by("id")
    done, last = 0, 0
    while True:
        with acting_as(system_actor(SystemActor.KEYS)):
            rows = list(waiting.filter(pk__gt=last)[:BATCH])
            done += sum(_index(row) for row in rows)
        if not rows:
            return done
        last = rows[-1].pk


def _index(row: Any) -> bool:
    try:
        row.save(update_fields=["sender_index"])
    except VaultError:
        return False
    return True


def older_rows() -> dict[str, int]:
    """How many rows of each table still wait."""
    with acting_as(system_actor(SystemActor.KEYS)), connection.cursor() as cursor:
        cursor.execute("SELECT kind, n FROM tutela.count_unsealed()")
        return {kind: n for kind, n in cursor.fetchall() if n}


_Row = dict[str, Any]
_Seal = Callable[[_Row], list[bytes | None]]


def _some(kind: str, after: int) -> list[_Row]:
    with acting_as(system_actor(SystemActor.KEYS)), connection.cursor() as cursor:
        cursor.execute("SELECT row FROM tutela.unsealed(%s, %s, %s) AS row", [kind, after, BATCH])
        return [row if isinstance(row, dict) else json.loads(row) for (row,) in cursor.fetchall()]


def _seal(kind: str, rows: list[_Row], seal: _Seal) -> int:
    with acting_as(system_actor(SystemActor.KEYS)), connection.cursor() as cursor:
        keyring.remember_case_keys({row["case_id"] for row in rows})
        for row in rows:
            cursor.execute("SELECT tutela.seal_row(%s, %s, %s::bytea[])", [kind, row["id"], seal(row)])
    return int(rows[-1]["id"])


def _kinds() -> dict[str, _Seal]:
    """How the rows of each kind are sealed: the values in the order in which `seal_row` takes them."""
    from tutela.core.cases.models import Case, Message, Note, Report
    from tutela.core.flow.models import Request
    from tutela.core.outbox.models import Effect

    from .fields import SealedBytes, sealed_column

    def sealed(row: Any, name: str, value: Any) -> bytes:
        column: SealedBytes = sealed_column(type(row), name)
        return column.sealed(row.sealing_identity(), row.sealing_key(to_seal=True), value)

    def facts(row: _Row) -> list[bytes | None]:
        return [sealed(Case(pk=row["id"]), "facts", json.loads(row["text"]))]

    def note(row: _Row) -> list[bytes | None]:
        known = Note(case_id=row["case_id"], author_id=row["author"], at=_time(row["at"]))
        return [sealed(known, "sealed_text", row["text"])]

    def message(row: _Row) -> list[bytes | None]:
        report = Report.objects.only("key", "dedup_key").get(pk=row["report"]) if row["report"] else None
        known = Message(case_id=row["case_id"], report=report, at=_time(row["at"]))
        names = ("recipient", "subject", "text")
        return [sealed(known, f"sealed_{name}", row[name]) if row[name] else None for name in names]

    def request(row: _Row) -> list[bytes | None]:
        about = {"kind": row["kind"], "step": row["step"], "opened_at": _time(row["at"])}
        return [sealed(Request(case_id=row["case_id"], **about), "data", json.loads(row["text"]))]

    def effect(row: _Row) -> list[bytes | None]:
        known = Effect(case_id=row["case_id"], key=row["key"])
        error = sealed(known, "error", row["error"]) if row["error"] else b""
        return [sealed(known, "payload", json.loads(row["text"])), error]

    return {"facts": facts, "note": note, "message": message, "request": request, "effect": effect}


def _time(said: str) -> Any:
    from django.utils.dateparse import parse_datetime

    return parse_datetime(said)
