"""Django's entry for this package."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The desk: where the team works its cases."""

    name = "tutela.surfaces.desk"
    label = "desk"

    def ready(self) -> None:
        """Listen to what happens when people sign in."""
        from .signing_in import signals

        signals.connect()
