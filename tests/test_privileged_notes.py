"""Privileged texts: the database shows them to reviewers, to their author and to whom they are said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import tutela.core.flow.migrations as flow_migrations
from tests.cast import Cast, agree, case_of, report_emergency
from tutela.core.cases.models import Note
from tutela.core.errors import BadData
from tutela.core.flow.models import Opinion, Request
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import PLATFORM_ROLES, Role, SystemActor
from tutela.workflows.emergency.tests import path

ADVICE, QUESTION, PLAIN = "Advice of counsel", "Whose account is it?", "Called the helpline"
REVIEWING = {
    Role.MANAGER,
    Role.DIRECTOR,
    Role.CHIEF,
    Role.COUNSEL,
    Role.COMMUNICATIONS,
    Role.EXECUTIVE_DIRECTOR,
}


def texts(actor: Actor) -> set[str]:
    with acting_as(actor):
        return {one.text for one in Note.objects.all()}


def said(text: str) -> Note:
    """The note of that text: what is privileged is sealed, and nothing finds it by its words."""
    return next(one for one in Note.objects.all() if one.text == text)


def person(name: str, *grants: tuple[str, str], team: str = "emergency", until: object = None) -> Actor:
    staff = Staff.objects.create_person(name, name.title())
    ended = {"since": timezone.now() - timedelta(days=2), "until": until} if until else {}
    for workflow, role in grants:
        Grant.objects.create(staff=staff, workflow=workflow, role=role, **ended)
    Membership.objects.create(team=Team.objects.get(slug=team), staff=staff)
    return Actor.of(staff, "desk")


@pytest.fixture
def reference(cast: Cast) -> str:
    """A case with a plain note, a privileged one by Heron, and a question of Larch's to Juniper."""
    reference = path.held(cast)
    perform(reference, "note", cast.heron, {"text": PLAIN})
    perform(reference, "note", cast.heron, {"text": ADVICE, "privileged": True})
    perform(reference, "ask_first", cast.larch, {"reason": QUESTION})
    return reference


def _ended_reviewer(_cast: Cast) -> Actor:
    was = person("was", ("emergency", "counsel"), until=timezone.now() - timedelta(days=1))
    Grant.objects.create(staff_id=was.id, workflow="emergency", role="reader")
    return was


def _future_reviewer(_cast: Cast) -> Actor:
    soon = person("soon", ("emergency", "reader"))
    tomorrow = timezone.now() + timedelta(days=1)
    Grant.objects.create(staff_id=soon.id, workflow="emergency", role="counsel", since=tomorrow)
    return soon


def _recused_reviewer(cast: Cast) -> Actor:
    with acting_as(cast.linden):
        reference = Note.objects.filter(text=PLAIN).get().case.reference
    perform(reference, "recuse", cast.linden, {})
    return cast.linden


def _reviewer_who_left(cast: Cast) -> Actor:
    Staff.objects.filter(pk=cast.linden.id).update(is_active=False)
    return cast.linden


WHO: dict[str, tuple[Callable[[Cast], Actor], set[str]]] = {
    "the author": (lambda cast: cast.heron, {PLAIN, ADVICE}),
    "whom it is said to": (lambda cast: cast.juniper, {PLAIN, QUESTION}),
    "a reviewer who wrote one": (lambda cast: cast.larch, {PLAIN, ADVICE, QUESTION}),
    "another reviewer": (lambda cast: cast.linden, {PLAIN, ADVICE, QUESTION}),
    "the manager": (lambda cast: cast.alder, {PLAIN, ADVICE, QUESTION}),
    "a colleague": (lambda _cast: person("moss", ("emergency", "responder")), {PLAIN}),
    "an auditor": (lambda _cast: person("audit", ("emergency", "auditor")), {PLAIN}),
    "a reviewer of another workflow": (
        lambda _cast: person("both", ("emergency", "responder"), ("triage", "counsel")),
        {PLAIN},
    ),
    "a reviewer whose grant ended": (_ended_reviewer, {PLAIN}),
    "a reviewer of tomorrow": (_future_reviewer, {PLAIN}),
    "a reviewer outside the team": (
        lambda _cast: person("far", ("emergency", "counsel"), team="triage"),
        set(),
    ),
    "a recused reviewer": (_recused_reviewer, set()),
    "a reviewer who left": (_reviewer_who_left, set()),
    "the other workflow": (lambda cast: cast.wren, set()),
    "a stranger": (lambda cast: cast.sorrel, set()),
    "the intake job": (lambda _cast: system_actor(SystemActor.INTAKE), {PLAIN}),
    "the clock keeper": (lambda _cast: system_actor(SystemActor.CLOCK), {PLAIN}),
    "the courier": (lambda _cast: system_actor(SystemActor.COURIER), {PLAIN}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_who_reads_what(cast: Cast, reference, who):
    make, expected = WHO[who]
    assert texts(make(cast)) & {PLAIN, ADVICE, QUESTION} == expected


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SYSTEM, *PLATFORM_ROLES}])
def test_the_reviewing_roles_read_it_and_no_other(cast: Cast, reference, role):
    assert (ADVICE in texts(person("one", ("emergency", role)))) == (role in REVIEWING)


@pytest.mark.django_db
def test_whom_it_is_said_to_reads_it_only_while_the_case_is_theirs_to_see(cast: Cast, reference):
    assert QUESTION in texts(cast.juniper)
    perform(reference, "recuse", cast.juniper, {})
    assert texts(cast.juniper) == set()


@pytest.mark.django_db
def test_everybody_sees_the_verdict_and_reviewers_and_the_proposer_the_reason(cast: Cast, reference):
    seen = {}
    for actor in (cast.juniper, cast.heron, cast.larch, cast.linden):
        with acting_as(actor):
            opinion = Opinion.objects.select_related("note").get()
            seen[actor.name] = (opinion.verdict, opinion.staff_id, opinion.reason)
    said, silent = ("ask", cast.larch.id, QUESTION), ("ask", cast.larch.id, "")
    assert seen == {"Juniper": said, "Heron": silent, "Larch": said, "Linden": said}


@pytest.mark.django_db
def test_a_changed_note_stays_as_privileged_as_it_was(cast: Cast, reference):
    with acting_as(cast.heron):
        old = said(ADVICE)
    perform(reference, "edit_note", cast.heron, {"note": old.pk, "text": f"{ADVICE}, better said"})
    assert f"{ADVICE}, better said" in texts(cast.larch)
    assert texts(person("moss", ("emergency", "responder"))) & {ADVICE, f"{ADVICE}, better said"} == set()


@pytest.mark.django_db
def test_nobody_changes_a_note_that_they_may_not_read_or_the_reason_of_an_opinion(cast: Cast, reference):
    with acting_as(cast.larch):
        advice, question = said(ADVICE), said(QUESTION)
    moss = person("moss", ("emergency", "responder"))
    for actor, note in ((moss, advice), (cast.larch, question)):
        with pytest.raises(BadData) as refused:
            perform(reference, "edit_note", actor, {"note": note.pk, "text": "Other words"})
        assert list(refused.value.errors) == ["note"]


@pytest.mark.django_db
def test_nobody_writes_a_privileged_note_in_the_name_of_somebody_else(cast: Cast, reference):
    case = case_of(reference, cast.juniper)
    with pytest.raises(DatabaseError, match="row-level security"), acting_as(cast.juniper):
        Note.objects.create(case=case, author_id=cast.heron.id, text="Forged advice", privileged=True)


@pytest.mark.django_db
def test_a_merge_shows_nobody_more(cast: Cast):
    one, other = report_emergency(), report_emergency(text="The same goodbye again.")
    perform(one, "note", cast.larch, {"text": ADVICE, "privileged": True})
    perform(one, "merge_into", cast.juniper, {"other": other})
    assert ADVICE in texts(cast.linden)
    assert ADVICE not in texts(cast.juniper)


@pytest.mark.django_db
def test_more_notes_are_read_with_the_rights_of_the_actor_looked_up_once(cast: Cast, reference):
    for number in range(20):
        perform(reference, "note", cast.heron, {"text": f"Advice {number}", "privileged": True})
    with acting_as(cast.larch), CaptureQueriesContext(connection) as queries:
        plan = Note.objects.all().explain(analyze=True, verbose=True)
    assert len(queries) == 1
    assert "actor_reviews" in plan
    assert plan.count("InitPlan") >= 3, "each sub-select on the actor is a plan of its own, run once"


@pytest.mark.django_db(transaction=True)
def test_reasons_of_before_become_privileged_notes(cast: Cast, owner: psycopg.Connection):
    reference = path.held(cast)
    agree(reference, cast.larch)
    move = (Path(flow_migrations.__path__[0]) / "0004_reasons_are_notes.sql").read_text()
    owner.execute("ALTER TABLE flow_opinion ADD COLUMN reason text NOT NULL DEFAULT 'Clear danger.'")
    sealed = owner.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'cases_sealed_note'"
    ).fetchone()[0]
    owner.execute("ALTER TABLE cases_note DROP CONSTRAINT cases_sealed_note")  # it came later
    try:
        with owner.transaction():
            owner.execute(move)
    finally:
        owner.execute("ALTER TABLE flow_opinion DROP COLUMN reason")
        owner.execute(f"ALTER TABLE cases_note ADD CONSTRAINT cases_sealed_note {sealed}")
    with acting_as(cast.linden):
        opinion, note = Opinion.objects.select_related("note").get(), Note.objects.get(text="Clear danger.")
        proposer = Request.objects.get(pk=opinion.request_id).proposer_id
    assert opinion.reason == "Clear danger."
    assert (note.privileged, note.author_id, note.said_to_id, note.at) == (
        True,
        cast.larch.id,
        proposer,
        opinion.at,
    )
    assert "Clear danger." not in texts(cast.heron)
    assert owner.execute("SELECT count(*) FROM cases_note").fetchone() == (0,), "forced again"
    with pytest.raises(psycopg.Error, match="append-only"):
        owner.execute(_CHANGE_AS_OWNER)


#: The trigger is back: the owner, unbound for a moment, cannot change an opinion.
_CHANGE_AS_OWNER = """
    DO $$ BEGIN
        ALTER TABLE flow_opinion NO FORCE ROW LEVEL SECURITY;
        UPDATE flow_opinion SET verdict = 'stop';
    END $$
"""
