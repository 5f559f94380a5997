"""Django's entry for this package."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """The retention schedule, legal holds and disposal."""

    name = "tutela.core.records"
    label = "records"
