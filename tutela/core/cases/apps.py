"""Django's entry for this package."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Reports as they came, and the cases made of them."""

    name = "tutela.core.cases"
    label = "cases"
