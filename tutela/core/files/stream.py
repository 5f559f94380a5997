"""Sealing a stream in chunks, so that a file of any size needs the memory of two.

The STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, 2015) with AES-256-GCM, as age and Tink
use it: one byte of format (1), then chunks of 1 MiB, each with its tag of 16 bytes. The nonce of a chunk is
its number in eleven bytes and one byte that is 1 for the last, so that chunks which were left out, moved or
cut off do not open. The identity of the file is the associated data. A key seals one stream and never
another: that is what makes counted nonces safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tutela.core.vault.seals import NotGenuine

CHUNK = 1 << 20
TAG = 16
FORMAT = b"\x01"


class Reader(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes; none at the end."""


class Sealer:
    """Seals one stream. Give it bytes in pieces of any size; it hands out what is sealed."""

    def __init__(self, key: bytes, identity: str) -> None:
        self._cipher, self._about = AESGCM(key), identity.encode()
        self._held = bytearray()
        self._number = 0

    def update(self, data: bytes) -> Iterator[bytes]:
        """What can be sealed by now. The last chunk is known to be the last only at the end."""
        self._held += data
        while len(self._held) > CHUNK:
            yield self._next(last=False)

    def finish(self) -> bytes:
        """The last chunk, which may be empty."""
        return self._next(last=True)

    def _next(self, *, last: bool) -> bytes:
        plain = bytes(self._held[:CHUNK])
        del self._held[:CHUNK]
        begin = b"" if self._number else FORMAT
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), plain, self._about)
        self._number += 1
        return begin + sealed


def unseal(source: Reader, key: bytes, identity: str) -> Iterator[bytes]:
    """The chunks of a stream, each as soon as it is known to be genuine. Raises NotGenuine.

    A stream that was cut off fails at its end: nobody has the whole before the last chunk is out.
    """
    cipher, about = AESGCM(key), identity.encode()
    if source.read(1) != FORMAT:
        raise NotGenuine(f"{identity} has an unknown format.")
    number, piece = 0, _exactly(source, CHUNK + TAG)
    while True:
        following = _exactly(source, CHUNK + TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, about)
        except (InvalidTag, ValueError):
            raise NotGenuine(
                f"{identity} does not open: it was changed, cut off or moved, or its key is another one."
            ) from None
        if not following:
            return
        number, piece = number + 1, following


def sealed_size(size: int) -> int:
    """How many bytes a stream has once it is sealed."""
    chunks = max(1, -(-size // CHUNK))
    return len(FORMAT) + size + chunks * TAG


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _exactly(source: Reader, size: int) -> bytes:
    """That many bytes, or what is left: an object store hands out less at a time."""
    found = source.read(size)
    if not found or len(found) == size:
        return found
    parts, missing = [found], size - len(found)
    while missing and (more := source.read(missing)):
        parts.append(more)
        missing -= len(more)
    return b"".join(parts)
