"""Exact look-up of what is sealed: a keyed hash beside it, equal where the values are equal.

The key is derived from the desk's secret, which is not in the database: whoever holds a copy of the database
cannot try addresses that they know. The doors that take reports hold no such key; the worker writes the hash
when it opens the case.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from .fields import is_erased

if TYPE_CHECKING:
    _Bytes = models.BinaryField[Any, Any]
else:
    _Bytes = models.BinaryField


def plain_address(address: str) -> str:
    """A mail address as it is compared: capitals, spaces around it and "+tags" make no difference."""
    name, _at, domain = address.strip().casefold().rpartition("@")
    return f"{name.split('+')[0]}@{domain}"


def blind_index(kind: str, value: str) -> bytes:
    """The keyed hash of a value, which is compared with values of its kind only."""
    own = hmac.digest(settings.SECRET_KEY.encode(), b"blind index of " + kind.encode(), "sha256")
    return hmac.digest(own, value.encode(), "sha256")


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
