"""Django's entry for this package."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only entries of acts and of looks at restricted data."""

    name = "tutela.core.audit"
    label = "audit"
