"""A clock that runs low or runs out is told, once, to people who may know; and nothing keeps it waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
import time_machine
from django.urls import resolve

from tests.cast import make_cast
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, Event, Recusal
from tutela.core.cases.opening import make_case, started
from tutela.core.flow import poller, registry
from tutela.core.flow.models import ClockRow
from tutela.core.flow.perform import perform
from tutela.core.flow.standing import sync_standing_rows
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Grant, Membership, OnCallShift, Staff, Team
from tutela.core.people.roles import Role, SystemActor

from .watch import FAULTS, WATCH

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def minute(number):
    return NOON + timedelta(minutes=number)


@pytest.fixture
def cast():
    """Juniper and Heron respond on the team, Alder manages on the team, Wren manages from outside it."""
    with registry.installed(WATCH):
        sync_standing_rows()
        cast = make_cast()
        team = Team.objects.get(slug="watch")
        for actor, role in (
            (cast.juniper, Role.RESPONDER),
            (cast.heron, Role.RESPONDER),
            (cast.alder, Role.MANAGER),
        ):
            Grant.objects.create(staff_id=actor.id, workflow="watch", role=role)
            Membership.objects.create(staff_id=actor.id, team=team)
        Grant.objects.create(staff_id=cast.wren.id, workflow="watch", role=Role.MANAGER)
        Grant.objects.update(since=LONG_AGO)
        yield cast
        FAULTS.clear()


@pytest.fixture
def case(cast):
    return open_watch()


def open_watch(received_at=NOON):
    with time_machine.travel(received_at, tick=False), acting_as(system_actor(SystemActor.INTAKE)) as actor:
        case = make_case(WATCH, title="Words of a reporter", received_at=received_at)
        started(WATCH, case, actor)
        return case.reference


def tick(at):
    with time_machine.travel(at, tick=False):
        return poller.tick(at)


def step(reference, name, actor, at=NOON, data=None):
    with time_machine.travel(at, tick=False):
        return perform(reference, name, actor, data)


def look(reference):
    with acting_as(system_actor(SystemActor.CLOCK)):
        return Case.objects.get(reference=reference)


def row(reference, name="remind"):
    with acting_as(system_actor(SystemActor.CLOCK)):
        return ClockRow.objects.filter(case__reference=reference, name=name).latest("id")


def told(reference, what):
    """Who got a mail about a clock, one list for each time."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        events = Event.objects.filter(case__reference=reference, kind=Event.Kind.CLOCK, step=what).order_by(
            "id"
        )
        return [
            sorted(effect.payload["to"].partition("@")[0] for effect in event.effects.all())
            for event in events
        ]


WARNED, LAPSED = poller.WARNED, poller.LAPSED


def test_nothing_happens_before_its_time(case):
    assert tick(minute(44)) == 0
    assert told(case, WARNED) == []


def test_a_warning_goes_to_the_team_once(case):
    assert tick(minute(45)) == 1
    assert tick(minute(46)) == 0
    assert told(case, WARNED) == [["alder", "heron", "juniper"]]
    assert row(case).state == ClockRow.State.RUNNING


def test_a_warning_goes_to_whoever_holds_the_case(case, cast):
    step(case, "take", cast.heron)
    tick(minute(45))
    assert told(case, WARNED) == [["heron"]]


def test_a_warning_goes_to_whoever_is_on_call_while_nobody_holds_the_case(case, cast):
    OnCallShift.objects.create(
        workflow="watch", staff_id=cast.juniper.id, starts_at=NOON, ends_at=minute(600)
    )
    OnCallShift.objects.create(workflow="watch", staff_id=cast.heron.id, starts_at=minute(-600), ends_at=NOON)
    tick(minute(45))
    assert told(case, WARNED) == [["juniper"]]


def test_a_lapse_is_told_once_and_stays_first_in_the_queue(case):
    tick(minute(45))
    assert tick(minute(60)) == 1
    assert tick(minute(61)) == 0
    assert told(case, LAPSED) == [["alder", "heron", "juniper"]]
    assert row(case).state == ClockRow.State.LAPSED
    assert (look(case).due_at, look(case).due_clock) == (minute(60), "remind")


def test_overslept_by_a_day_it_lapses_once_and_does_not_warn_first(case):
    assert tick(minute(24 * 60)) == 1
    assert tick(minute(25 * 60)) == 0
    assert told(case, WARNED) == []
    assert len(told(case, LAPSED)) == 1


def test_a_clock_set_back_warns_nobody_twice(case):
    tick(minute(45))
    tick(minute(10))
    tick(minute(45))
    assert len(told(case, WARNED)) == 1


def test_a_warning_leaves_the_version_alone_and_a_lapse_does_not(case):
    before = look(case).version
    tick(minute(45))
    assert look(case).version == before
    tick(minute(60))
    assert look(case).version == before + 1


def test_the_mail_holds_the_reference_and_the_clock_and_nothing_of_the_case(case):
    tick(minute(45))
    with acting_as(system_actor(SystemActor.CLOCK)):
        payload = Effect.objects.filter(case__reference=case).first().payload
    assert payload["subject"] == f"{case}: “Remind” is due soon"
    assert "March 4, 2026, 1 p.m. UTC" in payload["text"]
    assert "Words of a reporter" not in str(payload)
    link = payload["text"].split()[-1]
    assert resolve(urlsplit(link).path).kwargs == {"reference": case}


def test_the_mail_is_in_the_colleagues_own_time(case, cast):
    Staff.objects.filter(pk=cast.juniper.id).update(time_zone="Asia/Kolkata")
    step(case, "take", cast.juniper)
    tick(minute(45))
    with acting_as(cast.juniper):
        assert "6:30 p.m. IST" in Effect.objects.get(case__reference=case).payload["text"]


def test_each_look_is_in_the_audit_log(case, cast):
    tick(minute(45))
    tick(minute(60))
    with acting_as(cast.juniper):
        entries = Entry.objects.filter(act=Act.CASE_CLOCK).order_by("id")
        assert [(one.detail["clock"], one.detail["what"]) for one in entries] == [
            ("remind", WARNED),
            ("remind", LAPSED),
        ]


# What a lapse does


def test_a_page_goes_to_those_on_call_and_the_team(case, cast):
    OnCallShift.objects.create(
        workflow="watch", staff_id=cast.juniper.id, starts_at=NOON, ends_at=minute(600)
    )
    step(case, "page_me", cast.juniper)
    tick(minute(59))
    tick(minute(60))
    assert ["alder", "heron", "juniper"] in told(case, LAPSED)


def test_an_escalation_raises_the_severity_and_tells_managers_who_may_see_the_case(case, cast):
    step(case, "escalate_me", cast.juniper)
    tick(minute(60))
    assert look(case).severity == 3
    assert ["alder"] in told(case, LAPSED)


def test_the_severity_goes_no_higher_than_critical(case, cast):
    step(case, "escalate_me", cast.juniper)
    step(case, "set_severity", cast.juniper, data={"severity": "4"})
    tick(minute(60))
    assert look(case).severity == 4


def test_a_lapse_may_perform_a_step_in_the_clocks_name(case, cast):
    step(case, "doom", cast.juniper)
    tick(minute(60))
    assert look(case).state == "closed"
    with acting_as(cast.juniper):
        event = Event.objects.get(case__reference=case, step="give_up")
        assert event.actor.username == SystemActor.CLOCK
        assert (
            ClockRow.objects.filter(case__reference=case, stopped_at=None).count() == 1
        )  # the one that outlives


def test_if_the_step_fails_the_lapse_is_told_and_the_step_tried_again(case, cast):
    step(case, "doom", cast.juniper)
    FAULTS.append(RuntimeError("the register does not answer"))
    tick(minute(60))
    assert look(case).state == "open"
    assert ["alder", "heron", "juniper"] in told(case, LAPSED)
    doom = row(case, "doom")
    assert (doom.state, doom.failures) == ("lapsed", 1)
    assert "register" in doom.error
    assert tick(minute(61)) == 1
    assert look(case).state == "closed"
    assert len([one for one in told(case, LAPSED) if one]) == 2  # the step's and the reminder's, no more


# What is true when it looks


def test_a_clock_that_was_stopped_meanwhile_is_left_alone(case, cast):
    step(case, "finish", cast.juniper)
    with acting_as(cast.juniper):
        ClockRow.objects.filter(case__reference=case, name="remind").update(next_at=NOON)
    tick(minute(60))
    assert told(case, LAPSED) == []
    assert row(case).next_at is None


def test_a_paused_clock_does_not_lapse_and_runs_on_later(case, cast):
    step(case, "pause_clocks", cast.juniper, minute(30), {"reason": "reporter"})
    assert tick(minute(600)) == 0
    step(case, "resume_clocks", cast.juniper, minute(600))
    assert tick(minute(614)) == 0
    tick(minute(615))
    tick(minute(630))
    assert (len(told(case, WARNED)), len(told(case, LAPSED))) == (1, 1)


def test_a_clock_that_outlives_its_case_lapses_on_a_closed_one(case, cast):
    step(case, "finish", cast.juniper)
    assert tick(NOON + timedelta(days=30)) == 1
    assert len(told(case, LAPSED)) == 1
    assert look(case).due_at is None


def test_a_clock_left_running_on_a_closed_case_is_ended(case, cast):
    step(case, "finish", cast.juniper)
    with acting_as(cast.juniper):
        ClockRow.objects.filter(case__reference=case, name="remind").update(
            next_at=NOON, stopped_at=None, state="running"
        )
    tick(minute(600))
    assert told(case, LAPSED) == []
    assert row(case).state == ClockRow.State.ENDED


def test_a_reopened_case_starts_its_clocks_anew_and_they_lapse_anew(case, cast):
    step(case, "page_me", cast.juniper)
    tick(minute(60))
    step(case, "page_me", cast.juniper, minute(70))
    tick(minute(130))
    assert len([one for one in told(case, LAPSED) if len(one) == 3]) == 3  # remind, page, page


# Who may know


def test_whoever_keeps_away_from_the_case_is_not_told(case, cast):
    with acting_as(cast.juniper):
        Recusal.objects.create(case=Case.objects.get(reference=case), staff_id=cast.heron.id)
    tick(minute(45))
    assert told(case, WARNED) == [["alder", "juniper"]]


def test_whoever_left_is_not_told(case, cast):
    step(case, "take", cast.heron)
    Staff.objects.filter(pk=cast.heron.id).update(is_active=False)
    tick(minute(45))
    assert told(case, WARNED) == [["alder", "juniper"]]


def test_if_nobody_can_be_told_the_row_says_so(case, cast):
    Staff.objects.update(email="")
    tick(minute(60))
    assert told(case, LAPSED) == [[]]
    assert (row(case).failures, row(case).state) == (1, "lapsed")
    assert "Nobody could be told" in row(case).error


# Faults and company


def test_a_faulty_clock_never_keeps_the_others_waiting(cast):
    faulty, good = open_watch(), open_watch(minute(1))
    with acting_as(cast.juniper):
        ClockRow.objects.filter(case__reference=faulty, name="remind").update(name="gone")
    tick(minute(46))
    assert len(told(good, WARNED)) == 1
    gone = row(faulty, "gone")
    assert (gone.failures, gone.warned_at) == (1, None)
    assert "no longer declares" in gone.error
    assert gone.next_at == minute(46) + timedelta(seconds=10)


def test_a_faulty_warning_does_not_delay_the_lapse(case, cast, monkeypatch):
    def fault(*_arguments):
        raise RuntimeError("no words")

    with monkeypatch.context() as patch:
        patch.setattr(poller.notices, "notice", fault)
        for number in range(45, 60):
            tick(minute(number))
    assert row(case).next_at == minute(60)
    tick(minute(60))
    assert len(told(case, LAPSED)) == 1
    assert row(case).failures == 0


def test_the_log_names_the_fault_and_nothing_of_the_case(case, cast, monkeypatch, caplog):
    def fault(*_arguments):
        raise RuntimeError("Words of a reporter")

    monkeypatch.setattr(poller.notices, "notice", fault)
    tick(minute(45))
    assert "RuntimeError" in caplog.text
    assert "Words of a reporter" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_case_at_which_somebody_works_is_left_for_the_next_look(cast, database):
    case = open_watch()
    with psycopg.connect(database.url("admin")) as other:
        other.execute("select from cases_case where reference = %s for update", [case])
        assert tick(minute(45)) == 0
    assert tick(minute(45)) == 1


# Calendars


@pytest.mark.parametrize(
    ("start", "warned", "lapsed"),
    [
        # Over the weekend in which the office's clocks go forward (8 March 2026, Los Angeles).
        ("2026-03-06T20:00+00:00", "2026-03-10T06:59:59+00:00", "2026-03-11T06:59:59+00:00"),
        # Over the one in which they go back (1 November 2026).
        ("2026-10-30T20:00+00:00", "2026-11-03T07:59:59+00:00", "2026-11-04T07:59:59+00:00"),
        # Over the leap day of 2028, a Tuesday.
        ("2028-02-28T20:00+00:00", "2028-03-01T07:59:59+00:00", "2028-03-02T07:59:59+00:00"),
    ],
)
def test_business_days_end_with_the_offices_day_whatever_its_clocks_do(cast, start, warned, lapsed):
    start, warned, lapsed = map(datetime.fromisoformat, (start, warned, lapsed))
    case = open_watch(start)
    step(case, "count_days", cast.juniper, start)
    assert (row(case, "office").warn_at, row(case, "office").due_at) == (warned, lapsed)
    moment = start
    while moment < lapsed + timedelta(days=2):
        tick(moment)
        moment += timedelta(hours=5)
    with acting_as(cast.juniper):
        events = Event.objects.filter(case__reference=case, kind=Event.Kind.CLOCK, data__clock="office")
        assert sorted(event.step for event in events) == [LAPSED, WARNED]


def test_looking_is_cheap_while_nothing_is_due(case, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        tick(minute(1))
