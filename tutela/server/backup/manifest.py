"""What a backup says of itself, and whether a database is what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg import sql

from tutela.server.errors import CannotStartError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .source import Connection

FORM = 1
NAME, SIGNATURE = "manifest.json", "manifest.sig"
# Rows that a backup leaves out: who is signed in, and who looks at what just now.
LEFT_OUT = ("django_session", "cases_presence")


@dataclass(frozen=True)
class Part:
    """One encrypted file: its size in bytes and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`tables` maps a table to its number of rows and their print; `sequences` to their last value."""

    form: int
    taken_at: str
    version: str
    server: str
    audit_head: str
    parts: Mapping[str, Part]
    tables: Mapping[str, tuple[int, str]]
    sequences: Mapping[str, int]

    def write(self, folder: Path, key: Ed25519PrivateKey) -> None:
        """Write it and its signature."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"
        (folder / NAME).write_bytes(text)
        public = key.public_key().public_bytes_raw().hex()
        (folder / SIGNATURE).write_text(f"key: {public}\nsignature: {key.sign(text).hex()}\n")


def read(folder: Path, key: str = "") -> Manifest:
    """The manifest of a backup, its signature checked. `key` is the public key that must have signed (hex).

    Raises `CannotStartError` when it is no backup, was changed, or another key signed it.
    """
    try:
        text = (folder / NAME).read_bytes()
        said = dict(line.split(": ", 1) for line in (folder / SIGNATURE).read_text().splitlines())
    except (OSError, ValueError):
        raise CannotStartError(f"{folder} is not a backup of Tutela, or not a whole one.") from None
    if key and said.get("key") != key:
        raise CannotStartError(
            f"{folder} was signed by another installation's key: {said.get('key', '')[:64]}."
        )
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["key"])).verify(
            bytes.fromhex(said["signature"]), text
        )
    except (InvalidSignature, KeyError, ValueError):
        raise CannotStartError(f"{folder / NAME} is not what was signed: it was changed.") from None
    found: dict[str, Any] = json.loads(text)
    if found.get("form") != FORM:
        raise CannotStartError(
            "This backup was made by another version of Tutela. Restore it with that version."
        )
    found["parts"] = {name: Part(**part) for name, part in found["parts"].items()}
    found["tables"] = {name: (rows, digest) for name, (rows, digest) in found["tables"].items()}
    return Manifest(**found)


def tables_of(connection: Connection) -> dict[str, tuple[int, str]]:
    """Rows and print of each table. The print does not depend on the order of the rows."""
    return {name: _table(connection, schema, table) for name, schema, table in _tables(connection)}


def _tables(connection: Connection) -> Iterator[tuple[str, str, str]]:
    rows = connection.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('public', 'tutela') order by 1, 2"
    ).fetchall()
    for schema, table in rows:
        if table not in LEFT_OUT:
            yield f"{schema}.{table}", schema, table


_PRINT: LiteralString = (
    "select count(*), coalesce(bit_xor(hashtextextended(t::text, 0)), 0)::text from {} as t"
)


def _table(connection: Connection, schema: str, table: str) -> tuple[int, str]:
    row = connection.execute(sql.SQL(_PRINT).format(sql.Identifier(schema, table))).fetchone()
    assert row is not None
    return row[0], row[1]


def sequences_of(connection: Connection) -> dict[str, int]:
    """The last value of each sequence, 0 before the first."""
    rows = connection.execute(
        "select schemaname || '.' || sequencename, coalesce(last_value, 0) from pg_sequences "
        "where schemaname in ('public', 'tutela') order by 1"
    ).fetchall()
    return dict(rows)


def audit_head(connection: Connection) -> str:
    """The newest signed head of the audit log, or nothing."""
    row = connection.execute("select text from audit_head order by number desc limit 1").fetchone()
    return row[0] if row else ""


def differences(manifest: Manifest, connection: Connection) -> list[str]:
    """What a database has that the backup did not, or the other way round: one sentence each."""
    found, faults = tables_of(connection), []
    for name in sorted({*found, *manifest.tables}):
        then, now = manifest.tables.get(name), found.get(name)
        if then is None or now is None:
            faults.append(f"{name} is {'missing' if now is None else 'not in the backup'}.")
        elif then[0] != now[0]:
            faults.append(f"{name} has {now[0]} rows; the backup has {then[0]}.")
        elif then != now:
            faults.append(f"{name} has other values than the backup, in the same number of rows.")
    sequences = sequences_of(connection)
    changed = [name for name, value in manifest.sequences.items() if sequences.get(name) != value]
    return faults + [f"The sequence {name} stands elsewhere." for name in changed]
