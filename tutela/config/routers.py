"""The portal's login shares the desk's database and never migrates it."""

from __future__ import annotations


class OneSchema:
    """Migrations run once, through the default entry (which is the owner's while migrating)."""

    def allow_migrate(self, db: str, _app_label: str, **_hints: object) -> bool:
        """Say no for every entry but the default."""
        return db == "default"
