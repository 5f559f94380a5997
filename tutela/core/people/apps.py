"""Django's entry for this package."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Staff, teams, grants of roles, recusals, the on-call rota, and who is acting."""

    name = "tutela.core.people"
    label = "people"
