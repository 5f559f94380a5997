"""`why` and row security never disagree, whatever people, grants, recusals and openings there are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as draw

from tests.cast import EMERGENCY, TRIAGE
from tutela.core.access import conflicts, glass
from tutela.core.access.why import REVIEWING, ask, why
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, Note, Recusal
from tutela.core.errors import NotAllowed
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import PLATFORM, Role

pytestmark = pytest.mark.django_db
WHY = "Nobody of the team answers the phone."
PLACES = (
    (EMERGENCY, Role.RESPONDER), (EMERGENCY, Role.MANAGER), (EMERGENCY, Role.READER), (TRIAGE, Role.MANAGER),
    (PLATFORM, Role.SECURITY),
)  # fmt: skip
#: Days from now: when a grant began, and when it ends.
TIMES = draw.sampled_from([(-9, None), (-9, 9), (-9, -1), (5, None)])
GRANTS = draw.dictionaries(draw.sampled_from(PLACES), TIMES, max_size=4)


def put(person: Staff, case: Case, drawn: dict[str, object]) -> None:
    """Give a person what was drawn. The opening comes first: it may lose later what it rested on."""
    actor = Actor.of(person, "desk")
    if drawn["glass"]:
        basis = Grant.objects.create(staff=person, workflow=PLATFORM, role=Role.SECURITY)
        opened = glass.open_glass(actor, case.reference, WHY)
        assert opened is not None
        if drawn["glass"] == "closed":
            glass.close_glass(actor, opened.pk)
        Grant.objects.filter(pk=basis.pk).update(until=basis.since)
    now = timezone.now()
    for (workflow, role), (since, until) in drawn["grants"].items():  # type: ignore[attr-defined]  drawn below
        Grant.objects.create(
            staff=person,
            workflow=workflow,
            role=role,
            since=now + timedelta(days=since),
            until=None if until is None else now + timedelta(days=until),
        )
    for slug in drawn["teams"]:  # type: ignore[attr-defined]  drawn below
        Membership.objects.create(staff=person, team=Team.objects.get(slug=slug))
    if drawn["recusal"]:
        ended = now if drawn["recusal"] == "ended" else None
        Recusal.objects.create(case=case, staff=person, ended_at=ended)
    if drawn["conflict"]:
        have_a_conflict(person, case, drawn)
    Staff.objects.filter(pk=person.pk).update(is_active=drawn["active"])
    Case.objects.filter(pk=case.pk).update(restricted=drawn["restricted"])


def have_a_conflict(person: Staff, case: Case, drawn: dict[str, object]) -> None:
    """Declare what was drawn. With `lifted` and `ended` somebody else has said since that it is not so."""
    named = "Nobody of this case" if drawn["conflict"] == "elsewhere" else "ExampleMoss"
    alder = Actor.of(Staff.objects.get(username="alder"), "desk")
    # Whom Alder manages: a role that counts no more when it is compared.
    basis = Grant.objects.create(staff=person, workflow=EMERGENCY, role=Role.AUDITOR)
    later = timezone.now() + timedelta(days=1) if drawn["conflict"] == "later" else None
    made = conflicts.declare(alder, person, WHY, name=named, since=later)
    if drawn["twice"]:
        conflicts.declare(alder, person, WHY, name="examplemoss")
    if drawn["conflict"] == "lifted":
        conflicts.lift(alder, case, person, "Another one of that name.")
    if drawn["conflict"] == "ended":
        conflicts.end(alder, made.pk, "It is not so any more.")
    Grant.objects.filter(pk=basis.pk).update(until=basis.since)


DRAWN = draw.fixed_dictionaries(
    {
        "grants": GRANTS,
        "teams": draw.sets(draw.sampled_from([EMERGENCY, TRIAGE])),
        "recusal": draw.sampled_from(["", "", "open", "ended"]),
        "conflict": draw.sampled_from(["", "", "found", "elsewhere", "later", "lifted", "ended"]),
        "twice": draw.booleans(),
        "glass": draw.sampled_from(["", "open", "closed"]),
        "active": draw.sampled_from([True, True, True, False]),
        "restricted": draw.booleans(),
    }
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=DRAWN)
def test_why_says_yes_exactly_when_row_security_shows_the_row(cast, restricted_with_advice, drawn):
    with transaction.atomic():
        person = Staff.objects.create_person("moss", "Moss")
        with acting_as(cast.juniper):
            case = Case.objects.get(reference=restricted_with_advice)
            put(person, case, drawn)
            case.refresh_from_db()
            person.refresh_from_db()
            answer = why(person, case)
        with acting_as(Actor.of(person, "desk")):
            shown = Case.objects.filter(pk=case.pk).exists()
            to_change = (
                bool(shown) and Case.objects.select_for_update(of=("self",)).filter(pk=case.pk).exists()
            )
            privileged = Note.objects.filter(privileged=True).exists()
        assert answer.sees == shown
        assert answer.to_look_only == (shown and not to_change)
        assert answer.privileged == privileged
        assert any(one.counts and one.speaks_for == answer.sees for one in answer.reasons)
        transaction.set_rollback(True)


@pytest.fixture
def restricted_with_advice(cast, restricted) -> str:
    perform(restricted, "note", cast.larch, {"text": "Advice.", "privileged": True})
    party = {"kind": "account", "name": "ExampleMoss", "part": "reported"}
    perform(restricted, "add_party", cast.juniper, party)
    return restricted


def test_it_names_who_gave_the_grant_when_and_why(cast, restricted):
    Grant.objects.filter(staff_id=cast.juniper.id).update(granted_by=cast.alder.id, reason="New on the rota")
    with acting_as(cast.alder):
        answer = ask(cast.alder, Staff.objects.get(pk=cast.juniper.id), Case.objects.get())
    grant = next(one for one in answer.reasons if one.name == "grant")
    assert (grant.by, grant.why, grant.counts) == ("Alder", "New on the rota", True)
    assert [one.name for one in answer.reasons] == ["grant", "restricted", "team"]
    assert not answer.privileged
    assert answer.sees


def test_an_opening_that_ran_out_counts_no_more(cast, restricted, outside):
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    person = Staff.objects.get(pk=outside.id)
    with acting_as(cast.alder):
        case = Case.objects.get()
        assert why(person, case).to_look_only
        assert not why(person, case, made.expires_at).sees


def test_only_managers_and_officers_ask_and_it_is_recorded(cast, restricted, officer):
    juniper = Staff.objects.get(pk=cast.juniper.id)
    for actor in (cast.heron, cast.larch):
        with acting_as(actor), pytest.raises(NotAllowed):
            ask(actor, juniper, Case.objects.get())
    glass.open_glass(officer, restricted, WHY)
    for actor in (cast.alder, officer):
        with acting_as(actor):
            assert ask(actor, juniper, Case.objects.get()).sees
    with acting_as(cast.alder):
        asked = Entry.objects.filter(act=Act.ACCESS_ASKED).order_by("id")
        assert [(one.actor_id, one.detail["staff"]) for one in asked] == [
            (cast.alder.id, juniper.pk),
            (officer.id, juniper.pk),
        ]


def test_the_reviewing_roles_are_those_of_the_database(superuser, db):
    said = superuser.execute("SELECT prosrc FROM pg_proc WHERE proname = 'actor_reviews'").fetchone()
    assert said is not None
    assert all(f"'{role.value}'" in said[0] for role in REVIEWING)
    assert sum(f"'{role.value}'" in said[0] for role in Role) == len(REVIEWING)
