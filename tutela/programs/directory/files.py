"""Reads the directory from a file and writes it to one. Loading the same file twice changes nothing."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.errors import BadData

from .models import Agency, EmergencyNumber, Helpline, Venue

SAMPLE = Path(__file__).with_name("sample.toml")
SAMPLE_WRITTEN = date(2026, 3, 12)

Row = Agency | Helpline | EmergencyNumber | Venue


@dataclass(frozen=True)
class Table:
    """One kind of entry in the file: its model, and which fields say that two entries are the same one."""

    model: type[Row]
    keys: tuple[str, ...]

    @property
    def fields(self) -> list[str]:
        """The names that an entry may use."""
        return [one.name for one in self.model._meta.concrete_fields if not one.primary_key]  # noqa: SLF001  Django's public name


TABLES: dict[str, Table] = {
    "agency": Table(Agency, ("country", "place", "name")),
    "helpline": Table(Helpline, ("country", "name")),
    "emergency_number": Table(EmergencyNumber, ("country",)),
    "venue": Table(Venue, ("wiki", "issue", "url")),
}


@dataclass
class Loaded:
    """How many entries of a file were new, differed from what we had, or were the same."""

    added: int = 0
    changed: int = 0
    same: int = 0
    problems: list[str] = field(default_factory=list)


def load(path: Path) -> Loaded:
    """Take the entries of a TOML or JSON file over, all of them or none.

    Entries that the file does not name stay. Raises BadData, with one line per fault: where it is in
    the file and which field.
    """
    text = path.read_text(encoding="utf-8")
    return _load(path, text, _parse(path, text))


def load_sample() -> Loaded:
    """Take the invented sample over, as freshly verified as it was when it was written."""
    text = SAMPLE.read_text(encoding="utf-8")
    age = timezone.now().date() - SAMPLE_WRITTEN
    entries = {kind: [_younger(one, age) for one in listed] for kind, listed in _parse(SAMPLE, text).items()}
    return _load(SAMPLE, text, entries)


def _younger(entry: Mapping[str, Any], age: timedelta) -> dict[str, Any]:
    return {name: value + age if isinstance(value, date) else value for name, value in entry.items()}


def _load(path: Path, text: str, entries: Mapping[str, Any]) -> Loaded:
    loaded = Loaded()
    with transaction.atomic():
        for kind, number, entry in _entries(entries, loaded):
            try:
                _take_over(TABLES[kind], entry, loaded)
            except ValidationError as error:
                loaded.problems += _said(_where(path, text, kind, number), error)
        if loaded.problems:
            raise _refuse(*loaded.problems)
    return loaded


def _refuse(*problems: str) -> BadData:
    return BadData("\n".join(problems), {"file": list(problems)})


def _parse(path: Path, text: str) -> Mapping[str, Any]:
    try:
        entries = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise _refuse(f"{path.name}: {error}") from None
    if not isinstance(entries, dict):
        raise _refuse(_("%(path)s: the file must hold a table of lists.") % {"path": path.name})
    return entries


def _entries(entries: Mapping[str, Any], loaded: Loaded) -> Iterable[tuple[str, int, Mapping[str, Any]]]:
    for kind, listed in entries.items():
        if kind not in TABLES:
            loaded.problems.append(
                _("There is nothing called “%(kind)s”. Known are: %(known)s.")
                % {"kind": kind, "known": ", ".join(TABLES)}
            )
        elif not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            loaded.problems.append(_("“%(kind)s” must be a list of entries.") % {"kind": kind})
        else:
            yield from ((kind, number, one) for number, one in enumerate(listed, start=1))


def _take_over(table: Table, entry: Mapping[str, Any], loaded: Loaded) -> None:
    if unknown := sorted(set(entry) - set(table.fields)):
        known = ", ".join(table.fields)
        raise ValidationError(
            {name: _("There is no such field. Known are: %(known)s.") % {"known": known} for name in unknown}
        )
    blank = table.model()
    key = {name: entry.get(name, getattr(blank, name)) for name in table.keys}
    manager: models.Manager[Any] = table.model._default_manager  # noqa: SLF001  Django's public name
    row = manager.filter(**key).first() or table.model(**key)
    before = None if row.pk is None else values_of(table, row)
    for name, value in entry.items():
        setattr(row, name, value)
    row.full_clean()
    _count(loaded, before, values_of(table, row))
    row.save()


def _count(loaded: Loaded, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    if before is None:
        loaded.added += 1
    elif before != after:
        loaded.changed += 1
    else:
        loaded.same += 1


def values_of(table: Table, row: Row) -> dict[str, Any]:
    """An entry as the file says it: fields that are empty are left out."""
    values = {name: getattr(row, name) for name in table.fields}
    return {name: value for name, value in values.items() if value not in ("", None, [])}


def _said(where: str, error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return [f"{where}: {' '.join(error.messages)}"]
    return [
        f"{where}: {' '.join(messages)}" if name == "__all__" else f"{where}, {name}: {' '.join(messages)}"
        for name, messages in error.message_dict.items()
    ]


def _where(path: Path, text: str, kind: str, number: int) -> str:
    """Where an entry starts: the line of a TOML file, else the number of the entry."""
    heads = [found.start() for found in re.finditer(rf"^\s*\[\[\s*{kind}\s*\]\]", text, re.MULTILINE)]
    if path.suffix != ".json" and number <= len(heads):
        head = heads[number - 1]
        line = text.count("\n", 0, head + text[head:].index("[")) + 1
        return _("%(path)s, line %(line)d (%(kind)s)") % {"path": path.name, "line": line, "kind": kind}
    return _("%(path)s, %(kind)s number %(number)d") % {"path": path.name, "kind": kind, "number": number}


def dump(path: Path) -> int:
    """Write the whole directory to a TOML or JSON file that `load` reads. Returns the number of entries."""
    entries = {kind: [values_of(table, row) for row in rows_of(table)] for kind, table in TABLES.items()}
    if path.suffix == ".json":
        text = json.dumps(entries, indent=2, ensure_ascii=False, default=str) + "\n"
    else:
        text = "\n".join(_toml_entry(kind, one) for kind, listed in entries.items() for one in listed)
    path.write_text(text, encoding="utf-8")
    return sum(map(len, entries.values()))


def rows_of(table: Table) -> Iterable[Row]:
    """All entries of one kind, in the order of their keys."""
    manager: models.Manager[Any] = table.model._default_manager  # noqa: SLF001  Django's public name
    return manager.order_by(*table.keys)


def _toml_entry(kind: str, entry: Mapping[str, Any]) -> str:
    return "\n".join([f"[[{kind}]]", *(f"{name} = {_toml(value)}" for name, value in entry.items()), ""])


def _toml(value: Any) -> str:
    """A value as TOML. Its strings are JSON's, but for the one character that JSON leaves as it is."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
