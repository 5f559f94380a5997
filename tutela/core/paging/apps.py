"""Django's entry for this package."""

from django.apps import AppConfig


class PagingConfig(AppConfig):
    """Asks whoever is on duty to answer for a case, level by level, until somebody does."""

    name = "tutela.core.paging"
    label = "paging"
