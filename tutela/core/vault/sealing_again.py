"""Seals again what the older key of a case sealed: columns of all models that declare them, keys of reports.

Each value is a transaction of its own, which changes it only where it is still the one that was read.
So people go on working, nobody waits for more than one row, and it goes on where it was stopped: what
the newer key opens already is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from tutela.core.crashpoint import crashpoint
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from . import keyring, report_keys
from .fields import SealedBytes, case_column, sealed_by_cases
from .models import CaseKey
from .seals import FORMAT, NotGenuine, seal, unseal

BATCH = 100


@dataclass(frozen=True)
class _Keys:
    """The key of a case, and the one that it replaced."""

    new: bytes
    old: bytes

    def sealed_again(self, sealed: bytes, place: str) -> bytes | None:
        """Sealed with the newer key; None where the older one did not seal it."""
        try:
            return seal(self.new, unseal(self.old, sealed, place), place)
        except NotGenuine:  # the newer one sealed it, or the key of a report
            return None


def seal_again(case_id: int) -> int:
    """Seal again what is left of a case whose key was replaced. Returns how many values that were."""
    keys = _keys(case_id)
    if keys is None:
        return 0
    done = sum(_report_key(case_id, number, keys) for number in _reports(case_id))
    for model, columns in sealed_by_cases().items():
        for row in _rows(model, case_id):
            done += sum(_value(row, column, keys) for column in columns)
    return done


def _keys(case_id: int) -> _Keys | None:
    with acting_as(system_actor(SystemActor.KEYS)):
        row = CaseKey.objects.filter(pk=case_id, replaced_at__isnull=False).first()
        return None if row is None else _Keys(*keyring.both_keys(row))


def _rows(model: type[models.Model], case_id: int) -> Iterator[models.Model]:
    last = 0
    while True:
        with acting_as(system_actor(SystemActor.KEYS)), connection.cursor() as cursor:
            table = model._meta.db_table  # noqa: SLF001  Django's public name
            asked = (table, case_column(model), case_id, last, BATCH)
            cursor.execute("SELECT tutela.rows_of_case(%s, %s, %s, %s, %s)", asked)
            found = [_row(model, json.loads(text)) for (text,) in cursor.fetchall()]
        if not found:
            return
        yield from found
        last = found[-1].pk


def _row(model: type[models.Model], said: dict[str, Any]) -> models.Model:
    fields = model._meta.concrete_fields  # noqa: SLF001  Django's public name
    return model.from_db(
        "default", [one.attname for one in fields], [_given(one, said[one.column or ""]) for one in fields]
    )


def _given(field: models.Field[Any, Any], said: Any) -> Any:
    """A value as the database gives it, from how it writes it in JSON."""
    if said is None or not isinstance(field, models.BinaryField):
        return field.to_python(said)
    raw = bytes.fromhex(said.removeprefix("\\x"))
    return field.from_db_value(raw) if isinstance(field, SealedBytes) else raw


def _value(row: Any, column: SealedBytes, keys: _Keys) -> bool:
    stored = row.__dict__[column.attname]
    if not stored or stored[:1] != FORMAT:
        return False
    becomes = keys.sealed_again(bytes(stored), column.place(row.sealing_identity()))
    if becomes is None:
        return False
    with acting_as(system_actor(SystemActor.KEYS)), connection.cursor() as cursor:
        named = [column.model._meta.db_table, row.pk, column.column]  # noqa: SLF001  Django's public name
        cursor.execute(
            "SELECT tutela.seal_again(%s, %s, %s, %s, %s)", [*named, bytes(stored), bytes(becomes)]
        )
        crashpoint("vault.before_commit")
    crashpoint("vault.after_commit")
    return True  # also where it is another one by now: the next pass looks at that one


def _reports(case_id: int) -> list[int]:
    from tutela.core.cases.models import Report

    with acting_as(system_actor(SystemActor.KEYS)):
        return list(Report.objects.filter(case_id=case_id).exclude(key=None).values_list("pk", flat=True))


def _report_key(case_id: int, number: int, keys: _Keys) -> bool:
    from tutela.core.cases.models import Report

    with acting_as(system_actor(SystemActor.KEYS)):
        row = (
            Report.objects.select_for_update(of=("self",)).only("key", "dedup_key").filter(pk=number).first()
        )
        if row is None or row.key is None:
            return False
        stored = bytes(row.key)
        becomes = report_keys.seal_again(stored, row.sealing_identity(), case_id, keys.new, keys.old)
        if becomes != stored:
            Report.objects.filter(pk=number).update(key=becomes)
        return becomes != stored
