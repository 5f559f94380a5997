"""Django's entry for this package."""

from django.apps import AppConfig


class OnCallConfig(AppConfig):
    """Rotas with a weekly hand-over, spans that somebody takes, absences, escalation, calendar feeds."""

    name = "tutela.core.oncall"
    label = "oncall"
