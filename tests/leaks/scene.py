"""One restricted case whose every text holds a marker, and every kind of person who may not see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from tests.cast import EMERGENCY, TRIAGE, Cast, report_emergency
from tutela.core.access import conflicts, glass
from tutela.core.cases.models import Case, Counter, Recusal
from tutela.core.flow.perform import perform
from tutela.core.oncall.keep import Wanted as Rota
from tutela.core.oncall.keep import save_rota
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import PLATFORM, Role, SystemActor
from tutela.core.records.holds import place_hold
from tutela.core.slices import sharing
from tutela.core.slices.sharing import Part, Wanted
from tutela.programs.registers.releases import log

MARKER = "quokka"
#: Finds every word that begins like the marker, and is not the marker itself.
LIKE_IT = "quokk"
ABSENT = "EM-2026-9999"
NONE = 999_999
WHY = "Nobody of the team answers the phone."
#: Somebody of the case in whose name the marker does not stand, and another one.
FRIEND, ANOTHER = "Wallaby", "Bilby"
#: The partner with whom a slice is shared, and what stands in it.
READER, REDACTED = "laurel", "bandicoot"
#: The last number before the case's, so that no example in a text is its reference.
LAST = 7312


@dataclass(frozen=True)
class Hidden:
    """The case, and the numbers of what hangs on it."""

    reference: str
    pk: int
    report: int
    request: int
    exhibit: int
    event: int
    release: str
    opening: int
    conflict: int
    hold: str
    slice: int
    waiting_slice: int


def hide(cast: Cast) -> Hidden:
    """Make the case, as the people of the cast would."""
    Counter.objects.create(workflow=EMERGENCY, year=timezone.now().year, last=LAST)
    reference = report_emergency(
        subject=f"{MARKER} subject",
        text=f"{MARKER} text",
        raw=MARKER.encode(),
        sender_name=f"{MARKER} reader",
        sender_email=f"{MARKER}@wiki.example",
        fields={"who": "writer", "where": MARKER, "answer": "here"},
    )
    say: list[tuple[str, dict[str, Any]]] = [
        ("note", {"text": f"{MARKER} note"}),
        ("answer", {"text": f"{MARKER} answer"}),
        ("edit_title", {"title": f"{MARKER} title"}),
        ("add_party", {"kind": "account", "name": f"{MARKER} account", "part": "reported"}),
        ("add_party", {"kind": "person", "name": FRIEND, "part": "other"}),
        ("add_party", {"kind": "person", "name": ANOTHER, "part": "other"}),
        ("add_exhibit", {"kind": "text", "title": f"{MARKER} exhibit", "text": MARKER}),
    ]
    for step, data in say:
        perform(reference, step, cast.juniper, data)
    rowan = person("rowan", PLATFORM, Role.SECURITY)
    opened = glass.open_glass(rowan, reference, WHY)
    assert opened is not None
    willow = person("willow")
    found = conflicts.declare(
        willow, Staff.objects.get(pk=willow.id), "They are a friend of mine.", name=ANOTHER
    )
    juniper = Staff.objects.get(pk=cast.juniper.id)
    hold = place_hold(cast.larch, [reference], f"{MARKER} is asked about.", f"{MARKER} court")
    save_rota(
        cast.alder,
        "emergencies",
        Rota("Emergencies", (EMERGENCY,), "UTC", time(9), timezone.now().date(), (juniper,)),
    )
    person(READER, PLATFORM, Role.PARTNER)
    asked = sharing.ask_slice(cast.juniper, reference, _wanted(f"{MARKER} waits"))
    shared = sharing.ask_slice(cast.juniper, reference, _wanted(f"{REDACTED} {MARKER}", MARKER))
    sharing.give(cast.alder, shared.pk, sharing.digest_of(shared))
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        entry = log(case, cast.juniper, at=timezone.now(), released_by_id=cast.juniper.id, **_released())
        return Hidden(
            reference=reference,
            pk=case.pk,
            report=case.reports.values_list("pk", flat=True)[0],
            request=NONE,
            exhibit=1,
            event=case.events.order_by("-id").values_list("pk", flat=True)[0],
            release=entry.number,
            opening=opened.pk,
            conflict=found.pk,
            hold=hold.number,
            slice=shared.pk,
            waiting_slice=asked.pk,
        )


def _wanted(text: str, *words: str) -> Wanted:
    return Wanted(text, [READER], 7, [Part("Report 1", text)], words)


def _released() -> dict[str, Any]:
    named = {name: f"{MARKER} {name}" for name in ("recipient_name", "agency", "description", "why_urgent")}
    kinds = {"recipient_type": "other", "reason": "harm", "legal_basis": "other", "data_classes": ["ip"]}
    return {**named, **kinds, "pre_approved": False}


def person(name: str, workflow: str = "", role: Role | None = None, **grant: Any) -> Actor:
    """One person more, perhaps with a role."""
    staff = Staff.objects.create_person(name, name.title(), email=f"{name}@tutela.example")
    if role:
        Grant.objects.create(staff=staff, workflow=workflow, role=role, **grant)
    return Actor.of(staff, "desk")


def outsiders(cast: Cast, hidden: Hidden) -> dict[str, Actor]:
    """One person of each kind that may not see the case, all at once."""
    now = timezone.now()
    team = Team.objects.get(slug=EMERGENCY)
    people = {
        "a stranger": cast.sorrel,
        "the other workflow": cast.wren,
        "a committee volunteer": person("thistle", TRIAGE, Role.VOLUNTEER),
        "outside the team": person("clover", EMERGENCY, Role.MANAGER),
        "an auditor outside the team": person("fern", EMERGENCY, Role.AUDITOR),
        "in the team without a grant": person("moss"),
        "a grant that ended": person("teasel", EMERGENCY, Role.RESPONDER, until=now),
        "a grant to come": person("bramble", EMERGENCY, Role.RESPONDER, since=now + timedelta(days=1)),
        "recused": person("aspen", EMERGENCY, Role.RESPONDER),
        "in conflict": person("rush", EMERGENCY, Role.RESPONDER),
        "security without a glass": person("yew", PLATFORM, Role.SECURITY),
        "a glass that was closed": person("sedge", EMERGENCY, Role.MANAGER),
        "recused with a glass": person("sage", EMERGENCY, Role.MANAGER),
        "a partner": person("hazel", PLATFORM, Role.PARTNER),
        "a partner with a slice": Actor.of(Staff.objects.get(username=READER), "desk"),
    }
    for kind in (
        "in the team without a grant",
        "a grant that ended",
        "a grant to come",
        "recused",
        "in conflict",
    ):
        Membership.objects.create(team=team, staff_id=people[kind].id)
    with acting_as(cast.juniper):
        Recusal.objects.create(case_id=hidden.pk, staff_id=people["recused"].id)
    rush = people["in conflict"]
    conflicts.declare(rush, Staff.objects.get(pk=rush.id), "They are a friend of mine.", name=FRIEND)
    closed = glass.open_glass(people["a glass that was closed"], hidden.reference, WHY)
    assert closed is not None
    glass.close_glass(people["a glass that was closed"], closed.pk)
    assert glass.open_glass(people["recused with a glass"], hidden.reference, WHY)
    with acting_as(cast.juniper):
        Recusal.objects.create(case_id=hidden.pk, staff_id=people["recused with a glass"].id)
    people["somebody who left"] = person("nettle", EMERGENCY, Role.RESPONDER)
    Membership.objects.create(team=team, staff_id=people["somebody who left"].id)
    return people


def leave(actor: Actor) -> None:
    """Let somebody go whose browser and token are still there."""
    Staff.objects.filter(pk=actor.id).update(is_active=False)


def reads_of_openings(kind: str) -> bool:
    """Whether this kind reads by right that the case was opened: its reference and the reason, no more."""
    return kind in {"security without a glass", "a glass that was closed"}


def traces(hidden: Hidden) -> tuple[Any, ...]:
    """What would be another if somebody had done anything to the case. One look."""
    with acting_as(system_actor(SystemActor.CLOCK)), connection.cursor() as cursor:
        counts = ", ".join(f"(SELECT count(*) FROM {table} WHERE case_id = c.id)" for table in _OF_A_CASE)
        ended = f"(SELECT ended_at FROM access_conflict WHERE id = {hidden.conflict})"
        cursor.execute(f"SELECT version, {counts}, {ended} FROM cases_case c WHERE id = {hidden.pk}")
        return tuple(cursor.fetchone())


_OF_A_CASE = (
    "cases_event",
    "cases_message",
    "cases_note",
    "cases_exhibit",
    "cases_caseparty",
    "access_glass",
    "slices_slice",
)
