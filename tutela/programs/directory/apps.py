"""Django's entry for this package."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """Agencies, helplines and community venues, each with the day it was last verified."""

    name = "tutela.programs.directory"
    label = "directory"
