"""Exact look-up of what is sealed: a keyed hash beside it, equal where the values are equal.

The key is one of the vault's, so whoever holds a copy of the database cannot try addresses that they
know. The doors that take reports cannot open it; the worker writes the hash when it opens the case. A hash
begins with the number of its key: after a renewal, those of older keys are written anew
(`older.index_older`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Q

from . import keyring
from .fields import is_erased

if TYPE_CHECKING:
    _Bytes = models.BinaryField[Any, Any]
else:
    _Bytes = models.BinaryField

#: Bytes of a hash: the number of its key, and as much of the digest as is left.
NUMBER: Final = 4
WHOLE: Final = 32


def plain_address(address: str) -> str:
    """A mail address as it is compared: capitals, spaces around it and "+tags" make no difference."""
    name, _at, domain = address.strip().casefold().rpartition("@")
    return f"{name.split('+')[0]}@{domain}"


def blind_index(kind: str, value: str) -> bytes:
    """The keyed hash of a value, which is compared with values of its kind only. Raises VaultError."""
    number, key = keyring.index_key()
    own = hmac.digest(key, b"blind index of " + kind.encode(), "sha256")
    return number.to_bytes(NUMBER) + hmac.digest(own, value.encode(), "sha256")[: WHOLE - NUMBER]


def of_older_keys(column: str) -> Q:
    """Which rows have no hash yet, or one of another key than today's. Raises VaultError."""
    number, _key = keyring.index_key()
    first, following = number.to_bytes(NUMBER), (number + 1).to_bytes(NUMBER)
    before, after = {f"{column}__gt": b"", f"{column}__lt": first}, {f"{column}__gte": following}
    return Q(**{column: None}) | Q(**before) | Q(**after)


class BlindIndex(_Bytes):
    """The hash of the sealed column `of`, written whenever it is saved.

    None where it was not written yet; empty where there is nothing to look up, or nothing any more.
    """

    def __init__(
        self, *args: Any, of: str = "", normalise: Callable[[str], str] = str, **options: Any
    ) -> None:
        super().__init__(*args, **{"null": True, "max_length": 32, **options})
        self.of, self.normalise = of, normalise

    def deconstruct(self) -> Any:
        """Without the words about what it holds, which change nothing in the database."""
        name, path, args, options = super().deconstruct()
        options.pop("help_text", None)
        return name, path, args, options

    def pre_save(self, model_instance: Any, add: bool) -> bytes:  # noqa: ARG002, FBT001  Django's signature
        """The hash of what the column holds."""
        value = getattr(model_instance, self.of)
        hashed = b"" if not value or is_erased(value) else blind_index(self.of, self.normalise(value))
        setattr(model_instance, self.attname, hashed)
        return hashed
