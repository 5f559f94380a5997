"""The people who use the platform in a benchmark. Import after Django is set up."""

from __future__ import annotations

from tutela.core.people.actor import Actor
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import Role

GRANTS = {
    "juniper": {"emergency": Role.RESPONDER, "triage": Role.RESPONDER},
    "wren": {"triage": Role.INTAKE},
    "larch": {"emergency": Role.COUNSEL},
}


def make_people() -> dict[str, Actor]:
    """Juniper, who sees all; Wren, who sees triage; Larch, counsel."""
    actors = {}
    for name, grants in GRANTS.items():
        staff, made = Staff.objects.get_or_create(username=name, defaults={"working_name": name.title()})
        for workflow, role in grants.items() if made else ():
            Grant.objects.create(staff=staff, workflow=workflow, role=role)
            Membership.objects.create(staff=staff, team=Team.objects.get(slug=workflow))
        actors[name] = Actor.of(staff, "desk")
    return actors
