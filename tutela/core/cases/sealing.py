"""Seals a report on its way in, when it has no number and no case yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tutela.core.vault import report_keys
from tutela.core.vault.fields import sealed_column

from .models import Report, ReportFile


@dataclass(frozen=True)
class ReportSeal:
    """The key of one report. `kept` is the same key as it is stored: only the worker can open it."""

    identity: str
    key: bytes
    kept: bytes

    @classmethod
    def fresh(cls, dedup_key: bytes, using: str) -> ReportSeal:
        """A new key for the report of that key. Raises Unavailable."""
        return cls(dedup_key.hex(), *report_keys.make(dedup_key.hex(), using))

    def of_report(self, column: str, value: Any) -> bytes:
        """A value of the report itself."""
        return sealed_column(Report, column).sealed(self.identity, self.key, value)

    def of_file(self, column: str, value: Any, sha256: bytes) -> bytes:
        """A value of one of its files."""
        return sealed_column(ReportFile, column).sealed(f"{self.identity} {sha256.hex()}", self.key, value)
