"""A folder of this machine. What is kept is on the disk, whole, under its name; or it is not there."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from tutela.core.errors import TryLater

#: Where files lie while they are written. Backups leave out what ends like this.
COMING, UNFINISHED = "coming", ".part"
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}\.[0-9a-f]{8}")


@dataclass(frozen=True)
class Found:
    """A file in the folder."""

    name: str
    size: int
    since: datetime


class Folder:
    """The store `folder:`. Only our account reads it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def writer(self) -> FolderWriter:
        """Begin a file."""
        with _room():
            coming = self._path / COMING
            coming.mkdir(parents=True, exist_ok=True, mode=0o700)
            return FolderWriter(self._path, coming / f"{secrets.token_hex(16)}{UNFINISHED}")

    def open(self, name: str) -> BinaryIO:
        """A file to read. Raises FileNotFoundError."""
        with _room():
            return self._place(name).open("rb")

    def size(self, name: str) -> int | None:
        """How many bytes it has; None where it is not there."""
        with _room(), suppress(FileNotFoundError):
            return self._place(name).stat().st_size
        return None

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _room():
            self._place(name).unlink(missing_ok=True)

    def objects(self) -> Iterator[Found]:
        """Every file that is kept."""
        for path in self._path.glob("[0-9a-f][0-9a-f]/*"):
            name = path.relative_to(self._path).as_posix()
            with suppress(FileNotFoundError):  # removed meanwhile
                about = path.stat()
                if _NAME.fullmatch(name):
                    yield Found(name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))

    def tidy(self, before: datetime) -> int:
        """Remove what was begun and left."""
        removed = 0
        for path in (self._path / COMING).glob(f"*{UNFINISHED}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    removed += 1
        return removed

    def _place(self, name: str) -> Path:
        assert _NAME.fullmatch(name), name
        return self._path / name


class FolderWriter:
    """A file beside the others, which gets its name when it is on the disk."""

    def __init__(self, folder: Path, path: Path) -> None:
        self._folder, self._path = folder, path
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(opened, "wb", buffering=0)

    def write(self, data: bytes) -> None:
        """Add bytes."""
        with _room():
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]

    def keep(self, name: str) -> None:
        """Write it to the disk, then give it its name, then write that."""
        target = self._folder / name
        with _room():
            os.fsync(self._file.fileno())
            self._file.close()
            if not target.parent.is_dir():
                target.parent.mkdir(exist_ok=True, mode=0o700)
                _to_disk(self._folder)
            self._path.rename(target)
            _to_disk(target.parent)

    def drop(self) -> None:
        """Remove it, if it has no name yet."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _to_disk(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _room() -> Iterator[None]:
    """Say what a person can do about a disk that does not take or give a file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            what_to_do = _("Make room on the disk of TUTELA_FILES, then try again.")
            raise TryLater(_("There is no room for files."), what_to_do=what_to_do) from error
        said = _("The folder of files does not answer: %(error)s") % {"error": error.strerror or error}
        raise TryLater(said) from error
