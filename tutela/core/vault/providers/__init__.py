"""Where key-encryption keys live: chosen by `TUTELA_VAULT`, behind one port.

`file:PATH` is a file on this machine (the default: `keys/vault.json` in the data folder).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings

from tutela.core.vault.seals import Unavailable


class Provider(Protocol):
    """Wraps keys with a key-encryption key that stays with the provider.

    `context` names what is wrapped and must be given again to unwrap it. What `wrap` returns says itself
    which key-encryption key it needs. Both raise Unavailable; `unwrap` raises NotGenuine as well.
    """

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, wrapped with the newest key-encryption key."""

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key that was wrapped."""

    def is_newest(self, wrapped: bytes) -> bool:
        """Whether it was wrapped with the key-encryption key that is newest now."""

    def renew(self) -> str:
        """Make a new key-encryption key and use it from now on. Returns its name."""

    def drop_older(self, replaced_before: datetime) -> list[str]:
        """Destroy the key-encryption keys that were replaced before that time. Returns their names."""


@cache
def provider() -> Provider:
    """The provider that `TUTELA_VAULT` names. Raises Unavailable when there is none of that kind."""
    kind, _colon, where = settings.VAULT.partition(":")
    if kind == "file":
        from .file import KeyFile

        return KeyFile(where)
    raise Unavailable(f"TUTELA_VAULT={settings.VAULT}: there is no kind of key provider called {kind}.")


__all__ = ["Provider", "provider"]
