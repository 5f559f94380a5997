"""Nothing of a case reaches who may not see it: every operation of the document, every kind of person.

Each text of the hidden case holds a marker of its own. What a stranger gets for it must be what they
get for a case that does not exist: the same status, the same bytes, as many queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.cast import Cast, case_of, first, make_cast, report_emergency
from tutela.core.access import conflicts, glass
from tutela.core.access.models import Conflict, Glass
from tutela.core.cases.models import Case, Event, Message, Note, Report
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Grant, Membership, Staff, Team, Token
from tutela.core.people.roles import PLATFORM, Role, SystemActor
from tutela.core.records.holds import place_hold
from tutela.core.slices import sharing
from tutela.core.slices.models import Slice
from tutela.programs.registers.models import ReleaseEntry
from tutela.programs.registers.releases import log
from tutela.surfaces.api.openapi import document
from tutela.surfaces.api.routes import api

from .conftest import Caller, token

MARKER = "quokka"
ABSENT = "EM-2026-9999"
METHODS = ("get", "head", "post")
#: Refused for what they are, whoever asks: asked by one kind of person.
RARE_METHODS = ("put", "patch", "delete", "options")


@pytest.fixture
def hidden(db) -> str:
    """A restricted emergency whose every text holds the marker; Wren, Sorrel and others may not see it."""
    cast = make_cast()
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
        ("add_party", {"kind": "person", "name": "Wallaby", "part": "other"}),
        ("add_exhibit", {"kind": "text", "title": f"{MARKER} exhibit", "text": MARKER}),
    ]
    for step, data in say:
        perform(reference, step, cast.juniper, data)
    _release(reference, cast.juniper)
    _open_by_glass(reference)
    assert place_hold(cast.larch, [reference], f"{MARKER} is asked about", f"{MARKER} court").pk
    _share(reference, cast)
    willow = Staff.objects.create_person("willow", "Willow")
    conflicts.declare(Actor.of(willow, "desk"), willow, f"{MARKER} is a friend", name=f"{MARKER} account")
    return reference


def _open_by_glass(reference: str) -> None:
    """Have it open to a security officer by break-glass."""
    officer = Staff.objects.create_person("rowan", "Rowan")
    Grant.objects.create(staff=officer, workflow=PLATFORM, role=Role.SECURITY)
    assert glass.open_glass(Actor.of(officer, "desk"), reference, f"{MARKER} is why, in enough words")


def _opening(reference: str) -> int:
    """The number of the opening of the hidden case, or of none."""
    with acting_as(system_actor(SystemActor.INTAKE)):
        first = Glass.objects.filter(reference=reference).order_by("id").first()
        return first.pk if first else 999_999


def _slice(reference: str) -> int:
    """The number of the slice of the hidden case, or of none."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        return Slice.objects.get().pk if reference != ABSENT else 999_999


def _share(reference: str, cast: Cast) -> None:
    """Have a slice of it given to a partner."""
    partner = Staff.objects.create_person("hazel", "Hazel")
    Grant.objects.create(staff=partner, workflow=PLATFORM, role=Role.PARTNER)
    wanted = sharing.Wanted(f"{MARKER} purpose", ["hazel"], 7, [sharing.Part(MARKER, MARKER)])
    asked = sharing.ask_slice(cast.juniper, reference, wanted)
    sharing.give(cast.alder, asked.pk, sharing.digest_of(asked))


def _conflict(reference: str) -> int:
    """The number of a conflict with somebody of the hidden case, or of none."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        return Conflict.objects.get(staff__username="willow").pk if reference != ABSENT else 999_999


def _release(reference: str, actor: Actor) -> None:
    what = {"recipient_type": "other", "reason": "harm", "legal_basis": "other", "data_classes": ["ip"]}
    named = {name: f"{MARKER} {name}" for name in ("recipient_name", "agency", "description", "why_urgent")}
    with acting_as(actor):
        case = Case.objects.get(reference=reference)
        log(case, actor, at=timezone.now(), released_by_id=actor.id, pre_approved=False, **what, **named)


def _number(reference: str) -> str:
    """The number of the release on the hidden case, or of none."""
    if reference == ABSENT:
        return "RL-2026-9999"
    with acting_as(system_actor(SystemActor.INTAKE)):
        return ReleaseEntry.objects.get(case_reference=reference).number


def _recused() -> str:
    text = token("heron")
    with acting_as(system_actor(SystemActor.INTAKE)):
        reference = Case.objects.get().reference
    assert Caller(text).post(f"/cases/{reference}/steps/recuse").status_code == 200
    return text


def _conflicted() -> str:
    """Has a conflict with somebody of whom the case speaks."""
    text = token("linden")
    person = Staff.objects.get(username="linden")
    conflicts.declare(Actor.of(person, "api"), person, "They are a friend of mine.", name="Wallaby")
    return text


def _outside_the_team() -> str:
    """Holds a grant on the workflow, but is not in the team of the restricted case."""
    staff = Staff.objects.create_person("alder-two", "Alder the Second")
    Grant.objects.create(staff=staff, workflow="emergency", role=Role.MANAGER)
    return token("alder-two")


def _in_the_team_without_a_grant() -> str:
    staff = Staff.objects.create_person("larch-two", "Larch the Second")
    Membership.objects.create(team=Team.objects.get(slug="emergency"), staff=staff)
    return token("larch-two")


def _ended_grant() -> str:
    text = token("linden")
    Grant.objects.filter(staff__username="linden").update(until=timezone.now() - timedelta(seconds=1))
    return text


def _closed_glass() -> str:
    """Had the case open by break-glass, and closed it. Was then taken out of those who answer for it."""
    text = _outside_the_team()
    person = Actor.of(Staff.objects.get(username="alder-two"), "api")
    with acting_as(system_actor(SystemActor.INTAKE)):
        reference = Case.objects.get().reference
    made = glass.open_glass(person, reference, "Nobody of the team answers the phone.")
    assert made
    glass.close_glass(person, made.pk)
    return text


def _revoked() -> str:
    text = token("juniper")
    Token.objects.filter(staff__username="juniper").update(revoked_at=timezone.now())
    return text


def _left() -> str:
    text = token("juniper")
    Staff.objects.filter(username="juniper").update(is_active=False)
    return text


PEOPLE: dict[str, Callable[[], str]] = {
    "nobody": lambda: "",
    "an unknown token": lambda: "tutela_unknown",
    "a stranger": lambda: token("sorrel"),
    "a stranger who reads": lambda: token("sorrel", "read"),
    "the other workflow": lambda: token("wren"),
    "outside the team": _outside_the_team,
    "with a closed glass": _closed_glass,
    "in the team without a grant": _in_the_team_without_a_grant,
    "recused": _recused,
    "in conflict": _conflicted,
    "an ended grant": _ended_grant,
    "a revoked token": _revoked,
    "somebody who left": _left,
    "an intake token": lambda: token("juniper", "intake"),
}
PATHS = sorted(document(api)["paths"])


def test_the_walk_knows_every_parameter_of_a_path():
    assert {part for path in PATHS for part in path.split("/") if "{" in part} == {
        "{reference}",
        "{verb}",
        "{slug}",
        "{number}",
        "{opening}",
        "{conflict}",
        "{review}",
        "{line}",
        "{hold}",
        "{run}",
        "{certificate}",
        "{slice_id}",
        "{rota}",
        "{offer}",
    }


@pytest.mark.parametrize("kind", PEOPLE)
def test_nothing_leaks_from_any_operation(hidden, kind):
    caller = Caller(PEOPLE[kind]())
    caller.get("/workflows")  # from here on the token is remembered, or is not
    before = _rows()
    for path in PATHS:
        for method in (*METHODS, *RARE_METHODS) if kind == "outside the team" else METHODS:
            for verb in _verbs(path):
                there = _ask(caller, method, path, hidden, verb, MARKER)
                absent = _ask(caller, method, path, ABSENT, verb, "wombat")
                assert there == absent, (kind, method, path, verb)
                assert MARKER not in json.dumps(there), (kind, method, path, verb)
    assert _rows() == before


def _verbs(path: str) -> tuple[str, ...]:
    return ("note", "take", "approve", "close", "nothing") if "{verb}" in path else ("",)


QUERIES = {
    # An answer that names its own moment would differ from the next one.
    "/on-call": f"?at={timezone.now():%Y-%m-%dT%H:%M:%SZ}",
    "/search": "?q={word}",
    "/cases": "?q={word}",
    "/releases": "?recipient={word}",
    "/retention/due": "?workflow=emergency&days=3660",
}


def _ask(caller: Caller, method: str, path: str, reference: str, verb: str, word: str) -> list[Any]:
    """Status, body, headers and number of queries, without what differs by chance."""
    names = {
        "reference": reference,
        "number": _number(reference),
        "opening": _opening(reference),
        "conflict": _conflict(reference),
        "review": 1,
        "line": 1,
        "hold": first("LH") if reference != ABSENT else "LH-2026-9999",
        "run": first("DR"),
        "certificate": first("DC"),
        "slice_id": _slice(reference),
        "verb": verb,
        "slug": "emergency",
        "rota": "emergencies",
        "offer": 1,
    }
    address = path.removeprefix("/api/v1").format(**names)
    query = QUERIES.get(address, "").format(word=word)
    if address.endswith("/access"):
        query = "?username=juniper"
    with CaptureQueriesContext(connection) as queries:
        answer = caller.send(method, f"{address}{query}", {"text": "a note"} if verb else {})
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    # Once a minute the last use of a token is written, whatever was asked for.
    asked = [one for one in queries if "people_token" not in one["sql"] and "SAVEPOINT" not in one["sql"]]
    return [answer.status_code, answer.content.decode(), headers, len(asked)]


def _rows() -> dict[str, int]:
    with acting_as(system_actor(SystemActor.INTAKE)):
        kinds = (Case, Event, Message, Note, Report)
        return {kind.__name__: kind.objects.count() for kind in kinds} | {
            "version": sum(Case.objects.values_list("version", flat=True))
        }


def test_who_may_see_it_does(hidden):
    """The walk above would pass on an API that answers nobody: somebody must get the markers."""
    caller = Caller(token("juniper"))
    for part in ("", "/timeline", "/messages", "/reports"):
        assert MARKER in caller.get(f"/cases/{hidden}{part}").content.decode(), part
    for path in ("/releases", "/releases.csv", f"/releases/{_number(hidden)}", "/holds"):
        assert MARKER in caller.get(path).content.decode(), path
    assert MARKER in caller.get(f"/openings/{_opening(hidden)}").content.decode()
    assert MARKER in Caller(token("rowan")).get(f"/cases/{hidden}/timeline").content.decode()
    assert caller.get("/search", q=MARKER).json()["items"]
    assert case_of(hidden, system_actor(SystemActor.INTAKE)).restricted
