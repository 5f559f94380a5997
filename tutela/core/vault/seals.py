"""Sealing bytes: AES-256-GCM under a key of 32 bytes, bound to the place where they stand.

A sealed value is one byte of format (1), a nonce of 12 random bytes, then the ciphertext with its tag.
The place (table, column, row) is the associated data: a value that was moved elsewhere does not open.
Random nonces are safe here: a key seals one case or one report, far from the 2**32 messages at which
NIST SP 800-38D (section 8.3) wants another key.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tutela.core.errors import TryLater, TutelaError

KEY_BYTES = 32
FORMAT = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class VaultError(TutelaError):
    """Something sealed cannot be read or written now. The message says what to do."""


class NotGenuine(VaultError):
    """A sealed value was changed, moved, or sealed with another key."""


class Destroyed(VaultError):
    """The key was destroyed on purpose; what it sealed is gone."""


class Unavailable(VaultError, TryLater):
    """The provider of keys cannot be reached or used now."""


def new_key() -> bytes:
    """A fresh key of 32 random bytes."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plain: bytes, place: str) -> bytes:
    """Seal bytes for one place. The result is 29 bytes longer."""
    head = FORMAT + os.urandom(_NONCE_BYTES)
    # Into one buffer: putting the parts together afterwards takes four times as long for a megabyte.
    sealed = bytearray(len(head) + len(plain) + _TAG_BYTES)
    sealed[: len(head)] = head
    AESGCM(key).encrypt_into(head[1:], plain, place.encode(), memoryview(sealed)[len(head) :])
    return bytes(sealed)


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """What was sealed with that key for that place. Raises NotGenuine."""
    if sealed[:1] != FORMAT:
        raise NotGenuine(f"The sealed value at {place} has an unknown format.")
    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], memoryview(sealed)[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, rest, place.encode())
    except (InvalidTag, ValueError):
        raise NotGenuine(
            f"The sealed value at {place} does not open: it was changed or moved, or its key is another one."
        ) from None
