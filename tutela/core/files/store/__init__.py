"""Where sealed files lie: chosen by `TUTELA_FILES`, behind one port.

`folder:PATH` is a folder of this machine (the default: `files` in the data folder). The other kinds are
connectors to object stores: the settings name them (`FILE_SERVICES`), since the core knows none.
A store sees names and sealed bytes, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured


class Found(Protocol):
    """An object in a store."""

    @property
    def name(self) -> str:
        """Under which it is kept."""

    @property
    def size(self) -> int:
        """In bytes."""

    @property
    def since(self) -> datetime:
        """Since when it is kept."""


class Source(Protocol):
    """An object that is being read."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes; none at the end. Raises TryLater."""

    def close(self) -> None:
        """Read no further."""


class Writer(Protocol):
    """One object on its way into a store. Nobody finds it before `keep`."""

    def write(self, data: bytes) -> None:
        """Add bytes. Raises TryLater."""

    def keep(self, name: str) -> None:
        """Make what was written durable under that name: all of it, or nothing. Raises TryLater."""

    def drop(self) -> None:
        """Throw away what was written. Does nothing after `keep`."""


class Store(Protocol):
    """Keeps objects under names of the form `ab/cdef….12345678`. All raise TryLater and NotConfigured."""

    def writer(self) -> Writer:
        """Begin an object."""

    def open(self, name: str) -> Source:
        """An object to read, from its beginning. Raises FileNotFoundError."""

    def size(self, name: str) -> int | None:
        """How many bytes an object has; None where there is none of that name."""

    def remove(self, name: str) -> None:
        """Remove an object. Does nothing where there is none."""

    def objects(self) -> Iterator[Found]:
        """Every object."""

    def tidy(self, before: datetime) -> int:
        """Remove what was begun before that time and never kept. Returns how many."""


@cache
def store() -> Store:
    """The store that `TUTELA_FILES` names. Raises NotConfigured when there is none of that kind."""
    kind, _colon, where = settings.FILES.partition(":")
    if kind == "folder" and where:
        from .folder import Folder

        return Folder(where)
    if path := settings.FILE_SERVICES.get(kind):
        found: Store = import_string(path)(where)
        return found
    raise NotConfigured(_("TUTELA_FILES=%(value)s names no place for files.") % {"value": settings.FILES})
