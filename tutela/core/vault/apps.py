"""Django's entry for this package."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Keys and seals: what a copy of the database does not give away."""

    name = "tutela.core.vault"
    label = "vault"
