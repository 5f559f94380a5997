"""Plain SQL beside a migration, so that policies and functions can be read as they are."""

from __future__ import annotations

from pathlib import Path

from django.db.migrations import RunSQL


def run_sql_beside(migration: str) -> RunSQL:
    """Run the .sql file that has the migration's own name. Going back means restoring a backup."""
    return RunSQL(Path(migration).with_suffix(".sql").read_text(encoding="utf-8"))
