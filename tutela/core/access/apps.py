"""Django's entry for this package."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Break-glass, and the reasons why somebody sees a case."""

    name = "tutela.core.access"
    label = "access"
