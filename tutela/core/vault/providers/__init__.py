"""Where key-encryption keys live: chosen by `TUTELA_VAULT`, behind one port.

`file:PATH` is a file on this machine (the default: `keys/vault.json` in the data folder). The other kinds
are connectors to key services: the settings name them (`VAULT_SERVICES`), since the core knows none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Protocol, TypeVar

from django.conf import settings
from django.utils.module_loading import import_string

from tutela.core.errors import NotConfigured, Rejected, TryLater
from tutela.core.vault.seals import NotGenuine, Unavailable

from .moving import Moving

T = TypeVar("T")


class Provider(Protocol):
    """Wraps keys with a key-encryption key that stays with the provider.

    `context` names what is wrapped and must be given again to unwrap it. What `wrap` returns says itself
    which key-encryption key it needs. Both raise Unavailable; `unwrap` raises NotGenuine as well.
    """

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, wrapped with the newest key-encryption key."""

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key that was wrapped."""

    def is_newest(self, wrapped: bytes, context: str) -> bool:
        """Whether it was wrapped with the key-encryption key that is newest now."""

    def renew(self) -> str:
        """Make a new key-encryption key and use it from now on. Returns its name."""

    def drop_older(self, replaced_before: datetime) -> list[str]:
        """Destroy the key-encryption keys that were replaced before that time. Returns their names."""


class Service:
    """A connector to a key service as a provider: the errors of connectors become those of the vault."""

    def __init__(self, path: str, where: str) -> None:
        self._keys: Provider = _said(lambda: import_string(path)(where))

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, wrapped with the newest key-encryption key."""
        return _said(lambda: self._keys.wrap(key, context))

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key that was wrapped."""
        return _said(lambda: self._keys.unwrap(wrapped, context))

    def is_newest(self, wrapped: bytes, context: str) -> bool:
        """Whether it was wrapped with the key-encryption key that is newest now."""
        return _said(lambda: self._keys.is_newest(wrapped, context))

    def renew(self) -> str:
        """Make a new key-encryption key and use it from now on. Returns its name."""
        return _said(self._keys.renew)

    def drop_older(self, replaced_before: datetime) -> list[str]:
        """Destroy the key-encryption keys that were replaced before that time. Returns their names."""
        return _said(lambda: self._keys.drop_older(replaced_before))


def _said(call: Callable[[], T]) -> T:
    try:
        return call()
    except (TryLater, NotConfigured) as error:
        raise Unavailable(error.message, what_to_do=error.what_to_do) from error
    except Rejected as error:
        raise NotGenuine(error.message) from error


@cache
def provider() -> Provider:
    """The provider that `TUTELA_VAULT` names; what `TUTELA_VAULT_ALSO` wrapped opens too.

    Raises Unavailable when there is none of that kind.
    """
    home = place(settings.VAULT)
    return Moving(home, place(settings.VAULT_ALSO)) if settings.VAULT_ALSO else home


def place(address: str) -> Provider:
    """The provider of that address alone. Raises Unavailable when there is none of that kind."""
    kind, _colon, where = address.partition(":")
    if kind == "file":
        from .file import KeyFile

        return KeyFile(where)
    if path := settings.VAULT_SERVICES.get(kind):
        return Service(path, where)
    raise Unavailable(f"TUTELA_VAULT={address}: there is no kind of key provider called {kind}.")


__all__ = ["Provider", "place", "provider"]
