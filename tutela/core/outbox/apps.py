"""Django's entry for this package."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """What a step wants to happen outside, delivered after commit."""

    name = "tutela.core.outbox"
    label = "outbox"
