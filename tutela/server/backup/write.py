"""Takes a backup: one snapshot, counted, printed, dumped, encrypted and signed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tutela.server.backup import age, manifest
from tutela.server.errors import CannotStartError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from tutela.server.backup.age import Recipient
    from tutela.server.backup.source import Source

DATABASE, FILES = "database.age", "files.age"


def take(
    source: Source, into: Path, to: Sequence[Recipient], key: Ed25519PrivateKey, files: Path | None = None
) -> Path:
    """Take a backup into a new folder below `into`, named for the moment. Returns the folder.

    `files` is the folder of sealed files, `key` signs. Whatever goes wrong, nothing that looks like a backup
    is left. Raises `CannotStartError` and OSError.
    """
    at = datetime.now(UTC)
    done = into / f"tutela-{at:%Y-%m-%dT%H-%M-%SZ}"
    part = done.with_name(f"{done.name}.part")
    part.mkdir(parents=True, mode=0o700)
    try:
        with source.snapshot() as (connection, snapshot):
            parts = {DATABASE: _dump(source, snapshot, part / DATABASE, to)}
            if files is not None and files.is_dir():
                parts[FILES] = _pack(files, part / FILES, to)
            server = connection.execute("show server_version").fetchone()
            manifest.Manifest(
                form=manifest.FORM,
                taken_at=at.isoformat(timespec="seconds"),
                version=version("tutela"),
                server=server[0] if server else "",
                audit_head=manifest.audit_head(connection),
                parts=parts,
                tables=manifest.tables_of(connection),
                sequences=manifest.sequences_of(connection),
            ).write(part, key)
        part.rename(done)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return done


def _dump(source: Source, snapshot: str, path: Path, to: Sequence[Recipient]) -> manifest.Part:
    command = [
        source.programs.program("pg_dump"),
        "--format=custom",
        "--compress=1",
        f"--snapshot={snapshot}",
    ]
    command += [f"--exclude-table-data=public.{table}" for table in manifest.LEFT_OUT]
    with subprocess.Popen(
        command,
        env=source.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as dump:
        assert dump.stdout is not None
        assert dump.stderr is not None
        said: list[bytes] = []
        listening = threading.Thread(target=lambda: said.append(dump.stderr.read()))  # type: ignore[union-attr]
        listening.start()
        try:
            size, digest = age.encrypt(dump.stdout, path, to)
        except BaseException:
            dump.kill()
            raise
        finally:
            listening.join()
    if dump.returncode:
        words = b"".join(said).decode(errors="replace").strip()
        raise CannotStartError(f"pg_dump did not finish: {words or dump.returncode}")
    return manifest.Part(size, digest)


def _pack(folder: Path, path: Path, to: Sequence[Recipient]) -> manifest.Part:
    """A folder as an encrypted tar, in constant memory: one thread packs what the other encrypts."""

    def pack(file: BinaryIO) -> None:
        with tarfile.open(fileobj=file, mode="w|") as tar:
            tar.add(folder, arcname=".", filter=_steady)

    reader = piped(pack)
    try:
        return manifest.Part(*age.encrypt(reader, path, to))
    finally:
        reader.close()


def _steady(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what is just being written, and who owns it here."""
    if member.name.endswith((".part", ".tmp")):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


class Pipe:
    """The end from which one reads what a thread writes. An error of the thread is raised to the reader."""

    def __init__(self, file: BinaryIO, thread: threading.Thread, faults: list[BaseException]) -> None:
        self._file, self._thread, self._faults = file, thread, faults

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        data = self._file.read(size)
        if not data:
            self._thread.join()
            if self._faults:
                raise self._faults[0]
        return data

    def close(self) -> None:
        """Stop reading; a thread that still writes ends."""
        self._file.close()
        self._thread.join()


def piped(write: Callable[[BinaryIO], None]) -> Pipe:
    """Let `write` write in a thread to what is returned for reading."""
    out, into = os.pipe()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(into, "wb") as file:
                write(file)
        except BrokenPipeError:
            pass  # the reader went away, and knows why
        except BaseException as error:  # noqa: BLE001  raised to the reader
            faults.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    with suppress(OSError):
        return Pipe(os.fdopen(out, "rb"), thread, faults)
    raise CannotStartError("This process may open no more files.")
