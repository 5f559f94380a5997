"""Exhibits on their way out, for every surface: what does not leave, and what the audit log is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound

from .keeping import read

if TYPE_CHECKING:
    from tutela.core.cases.models import Exhibit, ReportFile
    from tutela.core.people.actor import Actor

    from .models import File

TEXT = ("text/plain",)


@dataclass(frozen=True)
class Leaving:
    """An exhibit that leaves: what it may be called, its size in bytes, and its bytes."""

    name: str
    size: int
    chunks: Iterator[bytes]


def is_harmful(file: File | ReportFile | None) -> bool:
    """Whether something was found in it: then it leaves only for whoever says that they know."""
    scan = getattr(file, "scan", None)
    return scan is not None and bool(scan.is_harmful)


def take_out(exhibit: Exhibit, actor: Actor, *, knowing: bool = False) -> Leaving:
    """The bytes of an exhibit, within a transaction of somebody who sees its case. The look is recorded.

    Raises NotFound for one in quarantine, for one that was destroyed and for a harmful one unless they are
    `knowing`, and VaultError.
    """
    if exhibit.destroyed_at:
        raise NotFound(_("There is no such exhibit."))
    harmful = is_harmful(exhibit.file)
    if exhibit.quarantine or (harmful and not knowing):
        raise NotFound(_("This exhibit does not leave: it may do harm."))
    detail = {"harmful": True} if harmful else {}
    record(Act.EXHIBIT_LOOKED, actor, exhibit.case_id, exhibit=exhibit.number, file=True, **detail)
    name = f"{exhibit.case.reference}-{exhibit}"
    if exhibit.file:
        opened = read(exhibit.file)
        return Leaving(f"{name} {exhibit.file.name}", opened.size, opened.chunks)
    data = bytes(exhibit.data)
    return Leaving(f"{name}{'.txt' if exhibit.content_type in TEXT else '.bin'}", len(data), iter([data]))


def safe_name(name: str) -> str:
    """A name of a file that harms no file system and no terminal."""
    safe = "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in name)
    return safe[-120:].lstrip(".") or "file"
