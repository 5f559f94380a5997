"""What looks for viruses, behind one port. Needs no database, so that `tutela doctor` can ask it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class Scanner(Protocol):
    """What looks for viruses. Raises TryLater, NotConfigured, and Rejected for what it will not scan."""

    def scan(self, pieces: Iterable[bytes]) -> str:
        """The name of what was found, or an empty text."""

    def name(self) -> str:
        """What it calls itself, and how old its signatures are."""


@cache
def scanner() -> Scanner | None:
    """The scanner that `TUTELA_CLAMD` names, or None. Raises NotConfigured."""
    if not settings.CLAMD:
        return None
    found: Scanner = import_string(settings.SCANNER)(settings.CLAMD)
    return found
