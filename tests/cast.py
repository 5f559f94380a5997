"""The people of the tests, always the same: who works, who approves, who is a stranger.

Juniper and Heron answer emergencies. Larch and Linden are counsel. Alder manages. Wren sorts what
is not ours. Sorrel is a stranger: a colleague with no grant on anything here.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from tutela.core.cases.models import Case
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import Incoming, new_receipt, receive
from tutela.core.flow.models import Request
from tutela.core.flow.perform import Outcome, perform
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import Role

EMERGENCY, TRIAGE = "emergency", "triage"


@dataclass(frozen=True)
class Cast:
    """The actors, by name."""

    juniper: Actor
    heron: Actor
    larch: Actor
    linden: Actor
    alder: Actor
    wren: Actor
    sorrel: Actor


GRANTS: dict[str, dict[str, list[Role]]] = {
    "juniper": {EMERGENCY: [Role.RESPONDER]},
    "heron": {EMERGENCY: [Role.RESPONDER]},
    "larch": {EMERGENCY: [Role.COUNSEL]},
    "linden": {EMERGENCY: [Role.COUNSEL], TRIAGE: [Role.COUNSEL]},
    "alder": {EMERGENCY: [Role.MANAGER], TRIAGE: [Role.MANAGER]},
    "wren": {TRIAGE: [Role.INTAKE]},
    "sorrel": {},
}


def make_cast() -> Cast:
    """Add the people, their grants and their teams."""
    actors = {}
    for name, grants in GRANTS.items():
        staff = Staff.objects.create_person(name, name.title(), email=f"{name}@tutela.example")
        for workflow, roles in grants.items():
            for role in roles:
                Grant.objects.create(staff=staff, workflow=workflow, role=role)
            team = Team.objects.get(slug=workflow)
            Membership.objects.create(team=team, staff=staff)
        actors[name] = Actor.of(staff, "desk")
    return Cast(**actors)


def report_emergency(**changes: object) -> str:
    """A report of a threat through the portal, and its case. Returns the reference."""
    return open_case(receive(emergency(**changes)).report_id)


def emergency(**changes: object) -> Incoming:
    """What a worried reader sends through the portal."""
    _code, receipt = new_receipt()
    words = "They wrote goodbye on their talk page and named a station in Sample City."
    values: dict[str, object] = {
        "channel": "portal",
        "workflow": EMERGENCY,
        "raw": words.encode(),
        "text": words,
        "language": "en",
        "source_key": receipt.hex(),
        "fields": {
            "who": "writer",
            "where": "https://wiki.example/wiki/User_talk:ExampleMoss",
            "answer": "here",
        },
        "receipt_hash": receipt,
    }
    return Incoming(**{**values, **changes})  # type: ignore[arg-type]  the tests choose


def first(prefix: str) -> str:
    """The first number of a register this year: `LH-2026-0001` in 2026."""
    return f"{prefix}-{timezone.now().year}-0001"


def agree(reference: str, actor: Actor, reason: str = "") -> Outcome:
    """Agree to what waits on a case, as somebody who has just read it."""
    with acting_as(actor):
        waiting = Request.objects.filter(case__reference=reference, state=Request.State.OPEN)
        seen = waiting.order_by("id").values_list("pk", "round").first() or (1, 1)
    named = {"request": seen[0], "round": seen[1], "reason": reason}
    return perform(reference, "approve", actor, named)


def case_of(reference: str, actor: Actor) -> Case:
    """The case as one actor sees it. Raises Case.DoesNotExist when they do not."""
    with acting_as(actor):
        case = Case.objects.get(reference=reference)
        assert case.facts is not None  # opened while somebody is named who sees the case
        return case
