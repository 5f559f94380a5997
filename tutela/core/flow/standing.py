"""The rows that must always be there: the system actors, their grants, and a team per workflow."""

from __future__ import annotations

from tutela.core.people.models import Grant, Staff, Team
from tutela.core.people.roles import Role, SystemActor

from . import registry


def sync_standing_rows(using: str = "default") -> None:
    """Add what is missing. Doing it again changes nothing."""
    for actor in SystemActor:
        staff, _made = Staff.objects.using(using).get_or_create(
            username=actor.value,
            defaults={"working_name": str(actor.label), "kind": Staff.Kind.SYSTEM, "password": "!"},
        )
        for workflow in () if actor is SystemActor.OPERATOR else registry.workflows():
            Grant.objects.using(using).get_or_create(
                staff=staff, workflow=workflow.slug, role=Role.SYSTEM, until=None
            )
    for workflow in registry.workflows():
        Team.objects.using(using).get_or_create(slug=workflow.team, defaults={"name": str(workflow.label)})
