"""Django's entry for this package."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API, version 1."""

    name = "tutela.surfaces.api"
    label = "api"
