"""Where the keys lie that the provider wraps: which of the two places opens each, while they move."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from . import keyring
from .models import IndexKey, IntakeKey, WorkflowKey
from .providers import place
from .seals import VaultError


@dataclass(frozen=True)
class Wrapped:
    """A key, and the place whose key-encryption key opens it; empty where neither does."""

    name: str
    place: str


def wrapped_keys() -> list[Wrapped]:
    """Every key that a key-encryption key wraps."""
    found = [
        (str(row), bytes(row.wrapped), keyring.workflow_place(row.workflow))
        for row in WorkflowKey.objects.exclude(wrapped=b"").order_by("pk")
    ]
    for model, context in ((IntakeKey, keyring.INTAKE_PLACE), (IndexKey, keyring.INDEX_PLACE)):
        rows = model.objects.exclude(wrapped=b"").order_by("pk")
        found += [(str(row), bytes(row.wrapped), context) for row in rows]
    return [Wrapped(name, _opens(wrapped, context)) for name, wrapped, context in found]


def elsewhere() -> int:
    """How many keys do not open where `TUTELA_VAULT` says."""
    return sum(one.place != settings.VAULT for one in wrapped_keys())


def _opens(wrapped: bytes, context: str) -> str:
    for address in filter(None, (settings.VAULT, settings.VAULT_ALSO)):
        try:
            place(address).unwrap(wrapped, context)
        except VaultError:
            continue
        return str(address)
    return ""
