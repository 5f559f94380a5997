"""Django's entry for this package."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    """Heartbeats of the loops, and the figures that `/readyz` and `tutela doctor` read."""

    name = "tutela.core.health"
    label = "health"
