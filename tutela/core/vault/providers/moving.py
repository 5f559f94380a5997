"""Two places for key-encryption keys at once, while they move from one to the other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tutela.core.vault.seals import NotGenuine, Unavailable, VaultError

if TYPE_CHECKING:
    from . import Provider


class Moving:
    """Wraps with `home`, and opens what either of the two wrapped. Nothing is destroyed in the other one."""

    def __init__(self, home: Provider, other: Provider) -> None:
        self.home, self.other = home, other

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, wrapped at home."""
        return self.home.wrap(key, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key that one of the two wrapped. Raises NotGenuine and Unavailable."""
        away: Unavailable | None = None
        for keys in (self.home, self.other):
            try:
                return keys.unwrap(wrapped, context)
            except NotGenuine:
                continue
            except Unavailable as error:
                away = away or error
        raise away or NotGenuine(f"The wrapped {context} does not open: it was changed or moved.")

    def is_newest(self, wrapped: bytes, context: str) -> bool:
        """Whether the newest key at home wrapped it. The mark alone does not tell two of a kind apart."""
        if not self.home.is_newest(wrapped, context):
            return False
        try:
            self.home.unwrap(wrapped, context)
        except VaultError:
            return False
        return True

    def renew(self) -> str:
        """Make a new key-encryption key at home."""
        return self.home.renew()

    def drop_older(self, replaced_before: datetime) -> list[str]:
        """Destroy the older ones at home."""
        return self.home.drop_older(replaced_before)
