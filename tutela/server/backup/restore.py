"""Brings a backup back into a fresh data folder, compares every table, and makes it safe to start."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import psycopg

from tutela.config import environment
from tutela.server import postgres, prepare
from tutela.server.backup import age, keys, manifest, source
from tutela.server.backup.write import DATABASE, FILES, piped
from tutela.server.errors import CannotStartError

if TYPE_CHECKING:
    from tutela.server.backup.age import Identity
    from tutela.server.backup.manifest import Manifest

# Where settings of the machine that was backed up must not reach into the restored place.
_ELSEWHERE = (
    *keys.ELSEWHERE,
    "TUTELA_VAULT",
    "TUTELA_VAULT_ALSO",
    "TUTELA_FILES",
    "TUTELA_DATABASE_URL",
    *environment.SIGN_IN.values(),
)


@dataclass(frozen=True)
class Restored:
    """What came back. `differences` and `faults` are sentences; with none of them all is as it was.

    `held` acts were due outside: each is asked about before it is done. `opened` sealed values were tried,
    and `files` read to their end; `elsewhere` more lie in an object store, of which the backup holds nothing.
    """

    taken_at: str
    tables: int
    rows: int
    held: int
    opened: int
    files: int
    elsewhere: int
    audit_entries: int
    differences: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, changed or closed for good."""
        return not self.differences and not self.faults


def restore(backup: Path, with_: Sequence[Identity], keys_file: Path, data: Path) -> Restored:
    """Restore into `data`, a folder that is not there or empty, with a private server of its own.

    The server is stopped again: start the platform with TUTELA_DATA naming the folder. Raises
    `CannotStartError` for a backup that is not whole, changed, or of another installation than the keys.
    """
    if data.exists() and any(data.iterdir()):
        raise CannotStartError(f"{data} is not empty. Restore into a new folder; nothing was changed.")
    with _of(data):
        keys.unpack(keys_file, data, with_)
        said = manifest.read(backup, _public_key(data))
        check_parts(backup, said)
        server = postgres.Server(data)
        server.start()
        try:
            with prepare.connect(server.owner_url()) as connection:
                prepare.make_roles(connection)
                prepare.let_in(connection)
            _load(source.private(data, server.sockets), backup / DATABASE, with_)
            if FILES in said.parts:
                _unpack(backup / FILES, data / "files", with_)
            with source.reading(server.admin_url()) as reading:
                differences = manifest.differences(said, reading)
            held = _ask_first(server.admin_url())
            after = _look(data, server.admin_url())
        finally:
            server.stop()
    return Restored(
        taken_at=said.taken_at,
        tables=len(said.tables),
        rows=sum(rows for rows, _print in said.tables.values()),
        held=held,
        opened=after["opened"],
        files=after["files"],
        elsewhere=after["elsewhere"],
        audit_entries=after["entries"],
        differences=differences,
        faults=after["faults"],
    )


@contextmanager
def _of(data: Path) -> Iterator[None]:
    """Let everything of ours mean this data folder, and nothing of the machine's own settings."""
    before = dict(os.environ)
    for name in _ELSEWHERE:
        os.environ.pop(name, None)
    os.environ["TUTELA_DATA"] = str(data)
    data.mkdir(parents=True, exist_ok=True, mode=0o711)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _public_key(data: Path) -> str:
    from tutela.core.audit.heads import public_text, signing_key

    path = data / "keys" / "audit"
    if not path.is_file():
        raise CannotStartError(
            "The file of keys has no key of the audit log: it is not of a Tutela that ran."
        )
    return public_text(signing_key(path))


def check_parts(backup: Path, said: Manifest) -> None:
    """Whether every part is there as it was written. Raises `CannotStartError`."""
    for name, part in said.parts.items():
        path = backup / name
        if not path.is_file() or path.stat().st_size != part.size:
            raise CannotStartError(f"{path} is not there as a whole: it should have {part.size} bytes.")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
                raise CannotStartError(
                    f"{path} was changed, or is damaged: its SHA-256 is not the signed one."
                )


def _load(into: source.Source, path: Path, with_: Sequence[Identity]) -> None:
    command = [into.programs.program("pg_restore"), "--exit-on-error", f"--dbname={into.login['PGDATABASE']}"]
    reader = piped(lambda file: age.decrypt(path, file, with_))
    with subprocess.Popen(
        command,
        env=into.environ(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as loading:
        assert loading.stdin is not None
        assert loading.stderr is not None
        try:
            with loading.stdin as pipe:
                while data := reader.read(1 << 20):
                    pipe.write(data)
        except BrokenPipeError:
            pass  # it says why below
        except BaseException:
            loading.kill()
            raise
        finally:
            reader.close()
        words = loading.stderr.read().decode(errors="replace").strip()
    if loading.returncode:
        raise CannotStartError(f"pg_restore did not finish: {words or loading.returncode}")


def _unpack(path: Path, folder: Path, with_: Sequence[Identity]) -> None:
    reader = piped(lambda file: age.decrypt(path, file, with_))
    folder.mkdir(mode=0o700)
    try:
        with tarfile.open(fileobj=cast("BinaryIO", reader), mode="r|") as tar:
            tar.extractall(folder, filter="data")
    finally:
        reader.close()


def _ask_first(url: str) -> int:
    """Let what was due outside be asked about before it is done: it may have been, after the backup.

    One attempt is on record for each then, as if a courier had died at it; what cannot be asked about waits
    for a person. Returns how many.
    """
    with psycopg.connect(url) as connection:
        done = connection.execute(
            "update outbox_effect set state = 'due', attempts = greatest(attempts, 1), claimed_by = null, "
            "claimed_until = null where state in ('due', 'sending')"
        )
        return done.rowcount


def _look(data: Path, url: str) -> dict[str, Any]:
    """Try the keys and the audit log of the restored database, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tutela.server.backup.after"],
        env={**os.environ, "TUTELA_DATA": str(data), "TUTELA_DATABASE_URL": url, "TUTELA_ROLE": "owner"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStartError(f"The restored platform does not answer: {done.stderr.strip()[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
