"""Django's entry for this package."""

from django.apps import AppConfig


class SlicesConfig(AppConfig):
    """Redacted slices of cases, for partners."""

    name = "tutela.core.slices"
    label = "slices"
