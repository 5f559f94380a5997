"""Django's entry for this package."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The public portal: report without an account, come back with a code."""

    name = "tutela.surfaces.portal"
    label = "portal"
