"""Django's entry for this package."""

from django.apps import AppConfig


class RegistersConfig(AppConfig):
    """Registers of their own that survive the cases: the release log."""

    name = "tutela.programs.registers"
    label = "registers"
