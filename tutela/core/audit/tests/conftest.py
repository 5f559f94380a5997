"""A log of its own for each test, with an anchor in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tutela.core.audit.anchors import FolderAnchor
from tutela.core.audit.models import Act, Entry
from tutela.core.audit.record import record
from tutela.core.audit.seal import seal_and_anchor
from tutela.core.audit.verify import Report, verify
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor


@dataclass
class Log:
    """The audit log of a test."""

    folder: Path

    @property
    def anchor(self) -> FolderAnchor:
        return FolderAnchor(str(self.folder))

    def write(self, many: int) -> list[int]:
        """Add entries. Returns their ids."""
        with acting_as(system_actor(SystemActor.CLOCK)) as actor:
            return [record(Act.CASE_CLOCK, actor, None, clock=f"number {n}", many=n).pk for n in range(many)]

    def seal(self, *batches: int) -> list[int]:
        """Add entries, with a head over each batch. Returns their ids."""
        ids = []
        for many in batches:
            ids += self.write(many)
            assert seal_and_anchor().anchored
        return ids

    def verify(self, *, anchored: bool = True, **more) -> Report:
        return verify([self.anchor] if anchored else [], **more)

    def first(self, **more) -> tuple[str, int | None]:
        """What the first fault is, and of which entry."""
        fault = self.verify(**more).faults[0]
        return fault.what.value, fault.entry


@pytest.fixture
def log(transactional_db, settings, tmp_path) -> Log:
    settings.ANCHORS = f"folder:{tmp_path / 'anchors'}"
    settings.AUDIT_KEY_FILE = tmp_path / "keys" / "audit"
    assert not Entry.objects.exists()
    return Log(tmp_path / "anchors")


@pytest.fixture
def tamper(superuser: psycopg.Connection) -> psycopg.Connection:
    """The superuser, with triggers off."""
    superuser.execute("SET session_replication_role = replica")
    return superuser
