"""Streams encrypted with age, to public keys. The only file that knows the library."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyrage
from pyrage.x25519 import Identity, Recipient

from tutela.server.errors import CannotStartError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Identity", "Recipient", "decrypt", "encrypt", "identities", "new_identity", "recipients"]


class Reader(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class Writer(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> int | None:
        """Write all of it."""

    def flush(self) -> None:
        """Hand on what was written."""


def new_identity(path: Path) -> str:
    """Make a key pair: the private half into a new file that only our account reads. Returns the public half.

    Raises `CannotStartError` when the file is there already.
    """
    identity = Identity.generate()
    public = str(identity.to_public())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"# public key: {public}\n{identity}\n")
    except FileExistsError:
        raise CannotStartError(f"{path} is there already. Name another file.") from None
    return public


def recipients(texts: Sequence[str]) -> list[Recipient]:
    """Public keys as they are written (`age1…`). Raises `CannotStartError` for none, or one that is none."""
    if not texts:
        raise CannotStartError(
            "Say to whom the backup is encrypted: --recipient age1…, or TUTELA_BACKUP_RECIPIENTS. "
            "`tutela backup-key FILE` makes such a key pair; keep its file away from this machine."
        )
    found = []
    for text in texts:
        try:
            found.append(Recipient.from_str(text))
        except pyrage.RecipientError:
            raise CannotStartError(f"{text[:80]} is not a public key of age (age1…).") from None
    return found


def identities(path: Path) -> list[Identity]:
    """The private keys of a file, one per line. Raises `CannotStartError` when it holds none."""
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
        return [Identity.from_str(line) for line in lines if line and not line.startswith("#")] or _none(path)
    except (pyrage.IdentityError, UnicodeDecodeError):
        return _none(path)
    except OSError as error:
        raise CannotStartError(f"{path}: {error.strerror}.") from None


def _none(path: Path) -> list[Identity]:
    raise CannotStartError(f"{path} holds no private key of age (AGE-SECRET-KEY-1…).")


class Sealed:
    """A file being written; afterwards its size in bytes and its SHA-256."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> int:
        """Write all of it."""
        self._hash.update(data)
        self.size += len(data)
        self._file.write(data)
        return len(data)

    def flush(self) -> None:
        """Hand on what was written."""
        self._file.flush()

    def close(self) -> str:
        """Put it on the disk for good. Returns the SHA-256."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._hash.hexdigest()


def encrypt(reader: Reader, path: Path, to: Sequence[Recipient]) -> tuple[int, str]:
    """Encrypt a stream into a new file. Returns its size and its SHA-256. Raises OSError."""
    sealed = Sealed(path)
    try:
        pyrage.encrypt_io(reader, sealed, list(to))
    finally:
        digest = sealed.close()
    return sealed.size, digest


def decrypt(path: Path, writer: Writer, with_: Sequence[Identity]) -> None:
    """Decrypt a file into a stream. Raises `CannotStartError` when no key fits or the file was changed."""
    try:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, writer, list(with_))
    except pyrage.DecryptError as error:
        raise CannotStartError(
            f"{path.name} cannot be decrypted: {error}. It was encrypted to another key, or was changed."
        ) from None
