"""Django's entry for this package."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FlowConfig(AppConfig):
    """Declarations of workflows and the one door through which a case changes."""

    name = "tutela.core.flow"
    label = "flow"

    def ready(self) -> None:
        """After each migration, see that the jobs and the teams of every workflow exist."""
        post_migrate.connect(_sync, sender=self)


def _sync(using: str, **_more: Any) -> None:
    from .standing import sync_standing_rows

    sync_standing_rows(using)
