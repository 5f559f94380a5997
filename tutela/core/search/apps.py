"""Django's entry for this package."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Full-text and trigram search that respects row security."""

    name = "tutela.core.search"
    label = "search"
