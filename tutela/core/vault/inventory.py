"""Which columns are sealed, and how many rows still wait: said by the models and the tables themselves."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps

from .blind import BlindIndex
from .fields import sealed_columns


@dataclass(frozen=True)
class Column:
    """A sealed column, as `table.column`, and what it holds."""

    place: str
    kind: str
    what: str


def inventory() -> list[Column]:
    """Every sealed column of the platform, and every hash by which one is looked up."""
    return [*_hashes(), *_sealed()]


def _hashes() -> list[Column]:
    return [
        Column(f"{model._meta.db_table}.{field.column}", "hash", str(field.help_text))  # noqa: SLF001  Django's public name
        for model in apps.get_models()
        for field in model._meta.local_fields  # noqa: SLF001  Django's public name
        if isinstance(field, BlindIndex)
    ]


def _sealed() -> list[Column]:
    return [
        Column(
            f"{field.model._meta.db_table}.{field.column}",  # noqa: SLF001  Django's public name
            field.kind,
            str(field.help_text or field.verbose_name),
        )
        for field in sealed_columns()
    ]
