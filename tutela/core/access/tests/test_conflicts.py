"""Declared conflicts: what speaks of a certain name hides itself, whatever way it comes in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from tests.cast import report_emergency
from tutela.core.access import conflicts, glass
from tutela.core.access.models import Conflict, Involvement
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, Event, Recusal
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff

from .conftest import commit

pytestmark = pytest.mark.django_db
WHY = "We wrote an article together."
PARTY = {"kind": "account", "platform": "Example Wikipedia", "part": "reported"}


def person(actor: Actor) -> Staff:
    return Staff.objects.get(pk=actor.id)


def sees(actor: Actor) -> set[str]:
    with acting_as(actor):
        return set(Case.objects.values_list("reference", flat=True))


def declare(by: Actor, of: Actor, name: str = "ExampleMoss", **more) -> Conflict:
    return conflicts.declare(by, person(of), WHY, name=name, **more)


@pytest.fixture
def named(cast, restricted) -> str:
    """A restricted emergency with ExampleMoss on it."""
    perform(restricted, "add_party", cast.juniper, {**PARTY, "name": "ExampleMoss"})
    return restricted


PLAIN = {"text": "A goodbye.", "raw": b"A goodbye.", "fields": {"where": "a page", "who": "writer"}}


@pytest.mark.parametrize(
    "said",
    [
        {"text": "It was ExampleMoss, I am sure."},
        {"text": "Look at https://wiki.example/wiki/User_talk:ExampleMoss"},
        {"subject": "examplemoss again"},
        {"fields": {"where": "https://wiki.example/wiki/User_talk:ExampleMoss", "who": "writer"}},
        {"sender_name": "Examplemoss"},
    ],
    ids=["words", "address in words", "subject", "what was filled in", "sender"],
)
def test_a_new_case_that_speaks_of_it_hides_itself(cast, said):
    declare(cast.heron, cast.heron)
    other = report_emergency(**PLAIN)
    hidden = report_emergency(**{**PLAIN, **said})
    commit()
    assert sees(cast.heron) == {other}
    assert sees(cast.juniper) == {other, hidden}


def test_what_was_there_before_hides_itself_too(cast, restricted):
    perform(restricted, "add_party", cast.juniper, {**PARTY, "name": "Example Fern"})
    declare(cast.heron, cast.heron, "example fern")
    assert sees(cast.heron) == set()
    assert sees(cast.juniper) == {restricted}


@pytest.mark.parametrize(
    ("step", "data"),
    [
        ("add_party", {**PARTY, "name": "Linnet Example"}),
        ("edit_title", {"title": "About LINNET Example and others"}),
    ],
)
def test_a_case_hides_itself_when_it_begins_to_speak_of_it(cast, restricted, step, data):
    declare(cast.heron, cast.heron, "Linnet Example")
    assert sees(cast.heron) == {restricted}
    perform(restricted, step, cast.juniper, data)
    commit()
    assert sees(cast.heron) == set()


def test_whoever_adds_the_name_themselves_finishes_the_step(cast, restricted):
    declare(cast.heron, cast.heron, "Linnet Example")
    perform(restricted, "add_party", cast.heron, {**PARTY, "name": "Linnet Example"})
    commit()
    assert sees(cast.heron) == set()
    with acting_as(cast.juniper):
        assert Event.objects.filter(step="add_party", actor_id=cast.heron.id).exists()


def test_part_of_a_word_is_not_the_name_and_notes_do_not_count(cast, restricted):
    declare(cast.heron, cast.heron, "Linnet")
    perform(restricted, "edit_title", cast.juniper, {"title": "Linnets in Sample City"})
    perform(restricted, "note", cast.juniper, {"text": "Ask Linnet."})
    commit()
    assert sees(cast.heron) == {restricted}


@pytest.mark.parametrize(
    "name", ["وردة المثال", "样例苔藓", "Example-Moss_2", "~2026-10421-07", "Ëxample Möss"]
)
def test_names_in_any_script_are_found(cast, name):
    declare(cast.heron, cast.heron, name)
    here = report_emergency(**{**PLAIN, "text": f"那个 {name} 写了告别信。"})
    commit()
    assert sees(cast.heron) == set()
    perform(here, "add_party", cast.juniper, {**PARTY, "name": name})
    conflicts.declare(cast.linden, person(cast.linden), WHY, name=name)
    assert sees(cast.linden) == set()


def test_a_case_in_a_certain_colleagues_hands(cast, restricted):
    conflicts.declare(cast.heron, person(cast.heron), WHY, colleague=person(cast.juniper))
    assert sees(cast.heron) == {restricted}
    perform(restricted, "take", cast.juniper)
    commit()
    assert sees(cast.heron) == set()
    with acting_as(cast.juniper):
        assert not Conflict.objects.exists(), "the colleague is not told"


def test_it_counts_from_one_day_to_another(cast, superuser):
    hidden = report_emergency(text="It was ExampleMoss.")
    later = timezone.now() + timedelta(days=1)
    made = declare(cast.heron, cast.heron, since=later, until=later + timedelta(days=1))
    commit()
    assert sees(cast.heron) == {hidden}
    assert made.applied_at is None
    assert conflicts.tend() == 0


@pytest.mark.django_db(transaction=True)
def test_the_worker_begins_it_and_ends_it(cast, superuser):
    hidden = report_emergency(text="It was ExampleMoss.")
    later = timezone.now() + timedelta(days=1)
    declare(cast.heron, cast.heron, since=later, until=later + timedelta(days=1))
    superuser.execute("UPDATE access_conflict SET since = since - interval '25 hours'")
    assert conflicts.tend() == 1
    assert sees(cast.heron) == set()
    superuser.execute(
        "UPDATE access_conflict SET until = now() - interval '1 second', since = now() - interval '1 hour'"
    )
    assert conflicts.tend() == 0
    assert sees(cast.heron) == {hidden}
    assert conflicts.tend() == 0


def test_the_lead_is_told_who_and_where_and_not_why(cast, named):
    perform(named, "assign", cast.juniper, {"assignee": "heron"})
    declare(cast.heron, cast.heron)
    assert conflicts.tend() == 1
    assert conflicts.tend() == 0
    with acting_as(cast.juniper):
        event = Event.objects.get(step=conflicts.HIDDEN)
        assert (event.actor_id, event.data) == (cast.heron.id, {})
        assert Case.objects.get().assignee_id is None
        mails = list(Effect.objects.filter(event=event))
        assert [one.payload["to"] for one in mails] == ["alder@tutela.example"]
        words = f"{mails[0].payload['subject']} {mails[0].payload['text']}"
        assert named in words
        assert "ExampleMoss" not in words
        assert WHY not in words
        assert Entry.objects.filter(act=Act.CONFLICT_FOUND).count() == 1


def test_nobody_learns_from_their_own_rows_that_there_is_a_case(cast, named):
    declare(cast.heron, cast.heron)
    with acting_as(cast.heron):
        assert Conflict.objects.count() == 1
        assert not Recusal.objects.exists()
        assert not Involvement.objects.exists()
    assert glass.open_glass(cast.heron, named, "Nobody of the team answers the phone.") is None


def test_who_may_declare_for_whom(cast, officer):
    declare(cast.alder, cast.heron)
    declare(officer, cast.sorrel)
    for actor, of in ((cast.juniper, cast.heron), (cast.alder, cast.sorrel)):
        with pytest.raises(NotAllowed):
            declare(actor, of)
    with acting_as(cast.juniper):
        assert not Conflict.objects.exists()
    with acting_as(cast.alder):
        assert {one.staff_id for one in conflicts.every()} == {cast.heron.id}
        assert cast.sorrel.id not in {one.pk for one in conflicts.people_of(cast.alder)}
    with acting_as(officer):
        assert conflicts.every().count() == 2
        assert {cast.sorrel.id, cast.heron.id} <= {one.pk for one in conflicts.people_of(officer)}


def test_nobody_ends_their_own_and_what_was_hidden_shows_again(cast, named):
    made = declare(cast.heron, cast.heron)
    with pytest.raises(NotAllowed):
        conflicts.end(cast.heron, made.pk, "It is not so any more.")
    with pytest.raises(NotFound):
        conflicts.end(cast.juniper, made.pk, "It is not so any more.")
    with pytest.raises(BadData):
        conflicts.end(cast.alder, made.pk, "no")
    ended = conflicts.end(cast.alder, made.pk, "It is not so any more.")
    assert (ended.ended_by_id, ended.is_over) == (cast.alder.id, True)
    assert sees(cast.heron) == {named}
    with pytest.raises(StepClosed):
        conflicts.end(cast.alder, made.pk, "It is not so any more.")


def test_of_two_conflicts_the_second_goes_on_hiding(cast, named):
    first, second = declare(cast.heron, cast.heron), declare(cast.heron, cast.heron, "Examplemoss")
    conflicts.end(cast.alder, first.pk, "It is not so any more.")
    assert sees(cast.heron) == set()
    conflicts.end(cast.alder, second.pk, "It is not so any more.")
    assert sees(cast.heron) == {named}


def test_a_recusal_of_ones_own_outlives_a_conflict(cast, named):
    perform(named, "recuse", cast.heron, {"reason": "I know them."})
    made = declare(cast.heron, cast.heron)
    conflicts.end(cast.alder, made.pk, "It is not so any more.")
    assert sees(cast.heron) == set()


def test_a_manager_lifts_what_is_not_about_them_and_it_stays_lifted(cast, named):
    declare(cast.heron, cast.heron)
    with acting_as(cast.alder):
        case = Case.objects.get()
    for actor in (cast.juniper, cast.heron):
        with pytest.raises(NotAllowed):
            conflicts.lift(actor, case, person(cast.heron), "Another one of that name.")
    conflicts.lift(cast.alder, case, person(cast.heron), "Another one of that name.")
    assert sees(cast.heron) == {named}
    perform(named, "edit_title", cast.juniper, {"title": "ExampleMoss"})
    commit()
    assert sees(cast.heron) == {named}
    with acting_as(cast.juniper):
        assert Event.objects.filter(step=conflicts.LIFTED).exists()
    with pytest.raises(NotAllowed):
        conflicts.lift(cast.alder, case, person(cast.heron), "Another one of that name.")


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x"}),
        ("name", {"name": "!!!"}),
        ("name", {"name": "ExampleMoss", "colleague": "juniper"}),
        ("colleague", {"name": "", "colleague": "heron"}),
        ("until", {"name": "ExampleMoss", "until": timezone.now() - timedelta(days=1)}),
    ],
)
def test_what_cannot_be_declared_is_said_at_its_field(cast, field, more):
    if who := more.get("colleague"):
        more = {**more, "colleague": Staff.objects.get(username=who)}
    with pytest.raises(BadData) as refused:
        conflicts.declare(cast.heron, person(cast.heron), WHY, **more)
    assert set(refused.value.errors) == {field}


def test_the_functions_are_the_only_doors(cast, named):
    made = declare(cast.heron, cast.heron)
    for statement in (
        "UPDATE access_conflict SET ended_at = now()",
        "DELETE FROM access_conflict",
        "UPDATE access_involvement SET over_at = now()",
        "UPDATE cases_recusal SET ended_at = now()",
        "SELECT tutela.let_go(1)",
        "SELECT tutela.hide(1, 1, 1)",
    ):
        with pytest.raises(DatabaseError), acting_as(cast.alder), connection.cursor() as cursor:
            cursor.execute(statement)
    with acting_as(cast.heron), connection.cursor() as cursor:
        cursor.execute("SELECT tutela.end_conflict(%s, 'It is over, I say.')", [made.pk])
        assert cursor.fetchone() == (False,)


def many_cases_about(word, actor):
    """More than one name can mean."""
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cases_case (reference, title, workflow, state, severity, team_id, restricted,"
            " language, wiki, facts, received_at, opened_at, updated_at, due_clock, unread, version, is_test)"
            " SELECT 'EM-1999-' || n, 'about ' || %s, workflow, state, severity, team_id, restricted,"
            " language, wiki, facts, received_at, opened_at, updated_at, due_clock, unread, version, is_test"
            " FROM (SELECT * FROM cases_case LIMIT 1) AS one, generate_series(1, 1001) AS n",
            [word],
        )


def test_a_name_that_stands_everywhere_is_refused(cast, named):
    many_cases_about("Everywhere", cast.juniper)
    with pytest.raises(BadData) as refused:
        declare(cast.heron, cast.heron, "everywhere")
    assert set(refused.value.errors) == {"name"}


@pytest.mark.django_db(transaction=True)
def test_one_that_cannot_begin_keeps_no_other_waiting(cast, superuser, caplog):
    """By its day, the name stands in too many cases."""
    hidden = report_emergency(text="It was ExampleMoss.")
    later = timezone.now() + timedelta(days=1)
    declare(cast.juniper, cast.juniper, "everywhere", since=later)
    declare(cast.heron, cast.heron, since=later)
    many_cases_about("Everywhere", cast.juniper)
    superuser.execute("UPDATE access_conflict SET since = since - interval '25 hours'")
    assert conflicts.tend() == 1
    assert sees(cast.heron) & {hidden} == set()
    assert "could not be tended" in caplog.text
