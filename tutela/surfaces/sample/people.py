"""The made-up team. Working names are trees and birds; nobody is called so in earnest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

from django.utils import timezone

from tutela.core.flow import registry
from tutela.core.oncall.keep import Wanted, be_away, save_rota, take
from tutela.core.oncall.models import Rota
from tutela.core.people.actor import system_actor
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import PLATFORM, Role, SystemActor


@dataclass(frozen=True)
class Person:
    """One member of the team: what they do in a sentence, and on which workflows in which role."""

    username: str
    title: str
    roles: dict[str, tuple[Role, ...]]
    language: str = "en"

    @property
    def working_name(self) -> str:
        """As pages show it."""
        return self.username.title()


TEAM = (
    Person("juniper", "Analyst, on call", {"emergency": (Role.RESPONDER,), "triage": (Role.RESPONDER,)}),
    Person("heron", "Analyst, backs up", {"emergency": (Role.RESPONDER,), "triage": (Role.RESPONDER,)}),
    Person("larch", "Legal counsel", {"emergency": (Role.COUNSEL,)}),
    Person("linden", "Legal counsel", {"emergency": (Role.COUNSEL,), "triage": (Role.COUNSEL,)}),
    Person("alder", "Manager", {"emergency": (Role.MANAGER,), "triage": (Role.MANAGER,)}),
    Person("wren", "Intake", {"triage": (Role.INTAKE,)}),
    Person("tansy", "Analyst, reads Arabic", {"emergency": (Role.RESPONDER,)}, "ar"),
    Person("rowan", "Security officer", {PLATFORM: (Role.SECURITY,)}),
    Person("laurel", "Member of the appeals committee", {PLATFORM: (Role.PARTNER,)}),
    Person("sorrel", "Trainer, has no cases", {}),
)
HAND_OVER = timedelta(hours=9)


def load_people() -> None:
    """Add who is missing, and a rota for the next days."""
    for person in TEAM:
        staff, made = Staff.objects.get_or_create(
            username=person.username,
            defaults={
                "working_name": person.working_name,
                "title": person.title,
                "email": f"{person.username}@tutela.example",
                "language": person.language,
                "password": "!",
            },
        )
        for workflow, roles in person.roles.items() if made else ():
            _grant(staff, workflow, roles)
    _rota()


def _grant(staff: Staff, workflow: str, roles: tuple[Role, ...]) -> None:
    for role in roles:
        Grant.objects.create(staff=staff, workflow=workflow, role=role, reason="Sample data")
    if workflow == PLATFORM:
        return
    team = Team.objects.get(slug=registry.workflow(workflow).team)
    Membership.objects.get_or_create(team=team, staff=staff)


def _rota() -> None:
    """Weeks of Juniper, Heron and Tansy, beginning with Juniper's; one day that Heron took; one absence."""
    if Rota.objects.exists():
        return
    now = timezone.now()
    monday = (now - HAND_OVER).date()
    monday -= timedelta(days=monday.weekday())
    staff = {one.username: one for one in Staff.objects.all()}
    turns = tuple(staff[name] for name in ("juniper", "heron", "tansy"))
    operator = system_actor(SystemActor.OPERATOR)
    hour = time(HAND_OVER // timedelta(hours=1))
    wanted = Wanted("Emergencies", ("emergency",), "UTC", hour, monday, turns)
    rota = save_rota(operator, "emergencies", wanted)
    starts = now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=2)
    take(operator, rota, staff["heron"], starts, starts + timedelta(days=1))
    be_away(operator, staff["tansy"], starts + timedelta(days=14), starts + timedelta(days=16))
