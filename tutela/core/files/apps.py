"""Django's entry for this package."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Sealed files outside the database."""

    name = "tutela.core.files"
    label = "files"
