"""A store and a scanner of its own for a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.test import override_settings

from tutela.core.files.scanner import scanner
from tutela.core.files.store import store


@contextmanager
def own_store(folder: Path) -> Iterator[Path]:
    """Keep files below that folder for a while."""
    with override_settings(FILES=f"folder:{folder}"):
        store.cache_clear()
        try:
            yield folder
        finally:
            store.cache_clear()


@contextmanager
def with_scanner(where: str) -> Iterator[None]:
    """Scan with the clamd at that place for a while."""
    with override_settings(CLAMD=where):
        scanner.cache_clear()
        try:
            yield
        finally:
            scanner.cache_clear()


def objects(folder: Path) -> list[Path]:
    """The files in a store, also those that were never kept."""
    return [path for path in folder.rglob("*") if path.is_file()]
