"""Clocks start, stop, pause and end with what happens on the case; windows open at their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests.cast import agree
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, StepClosed
from tutela.core.flow import clocks
from tutela.core.flow.declare import minutes
from tutela.core.flow.models import ClockRow
from tutela.core.flow.perform import perform
from tutela.core.flow.poller import tick
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as
from tutela.core.people.roles import Role
from tutela.workflows.emergency.workflow import WORKFLOW as EMERGENCY

from .company import everybody, installed, opened
from .fixtures.copyright_notices.workflow import WORKFLOW as COPYRIGHT

pytestmark = pytest.mark.django_db

OFFICE = ZoneInfo("America/Los_Angeles")
FILE = {"file": "File:Example.png", "grounds": "The photographer asks."}


@pytest.fixture
def people(db):
    with installed():
        yield everybody(COPYRIGHT)


def clock_of(reference, name, actor):
    with acting_as(actor):
        return ClockRow.objects.filter(case__reference=reference, name=name).latest("id")


def rewind(reference, actor, by):
    """Let everything on the case have happened that much earlier."""
    with acting_as(actor):
        for row in ClockRow.objects.filter(case__reference=reference):
            for field in ("started_at", "due_at", "warn_at", "earliest_at", "next_at", "stopped_at"):
                value = getattr(row, field)
                setattr(row, field, value and value - by)
            row.save()


def contested(people):
    """A file that was taken down, with a counter-notice."""
    reference, worker = opened(COPYRIGHT), people[Role.RESPONDER]
    perform(reference, "find_complete", worker, {})
    perform(reference, "take_down", worker, FILE)
    agree(reference, people[Role.COUNSEL])
    with acting_as(worker):
        Effect.objects.filter(case__reference=reference).update(state=EffectState.CONFIRMED)
    perform(reference, "contest", worker, {})
    return reference


def test_a_clock_stops_when_the_step_runs_and_not_when_it_is_proposed(people):
    reference, worker = opened(COPYRIGHT), people[Role.RESPONDER]
    perform(reference, "find_complete", worker, {})
    perform(reference, "take_down", worker, FILE)
    assert clock_of(reference, "act_on_notice", worker).stopped_at is None
    agree(reference, people[Role.COUNSEL])
    assert clock_of(reference, "act_on_notice", worker).state == ClockRow.State.MET


def test_the_window_opens_after_ten_and_closes_after_fourteen_business_days(people):
    with time_machine.travel(datetime(2030, 3, 4, 20, tzinfo=UTC), tick=False):  # a Monday
        reference = contested(people)
        row = clock_of(reference, "restore_window", people[Role.RESPONDER])
    assert row.earliest_at.astimezone(OFFICE) == datetime(2030, 3, 18, 23, 59, 59, tzinfo=OFFICE)
    assert row.due_at.astimezone(OFFICE) == datetime(2030, 3, 22, 23, 59, 59, tzinfo=OFFICE)
    assert row.warn_at.astimezone(OFFICE) == datetime(2030, 3, 20, 23, 59, 59, tzinfo=OFFICE)


def test_the_file_does_not_come_back_before_the_window_opens(people):
    reference, worker = contested(people), people[Role.RESPONDER]
    with pytest.raises(StepClosed, match="Not before"):
        perform(reference, "restore_file", worker, {})
    row = clock_of(reference, "restore_window", worker)
    rewind(reference, worker, row.earliest_at - row.started_at + timedelta(seconds=1))
    restored = perform(reference, "restore_file", worker, {})
    assert [effect.verb for effect in restored.effects] == ["restore"]
    assert clock_of(reference, "restore_window", worker).state == ClockRow.State.MET


def test_a_lawsuit_within_the_sender_s_time_keeps_the_file_away(people):
    reference = contested(people)
    perform(reference, "record_lawsuit", people[Role.COUNSEL], {"text": "Filed today."})
    assert clock_of(reference, "lawsuit", people[Role.COUNSEL]).state == ClockRow.State.MET
    with pytest.raises(StepClosed):
        perform(reference, "restore_file", people[Role.RESPONDER], {})


def test_a_paused_clock_runs_on_later_by_as_long_as_it_stood(people):
    reference, worker = opened(COPYRIGHT), people[Role.RESPONDER]
    before = clock_of(reference, "act_on_notice", worker)
    with time_machine.travel(before.started_at + timedelta(hours=1), tick=False) as travelling:
        perform(reference, "pause_clocks", worker, {"reason": "legal"})
        paused = clock_of(reference, "act_on_notice", worker)
        assert (paused.state, paused.pause_reason, paused.next_at) == ("paused", "legal", None)
        travelling.shift(timedelta(hours=30))
        perform(reference, "resume_clocks", worker, {})
    after = clock_of(reference, "act_on_notice", worker)
    assert after.due_at - before.due_at == timedelta(hours=30)
    assert after.warn_at - before.warn_at == timedelta(hours=30)
    assert after.state == "running"


def test_a_clock_does_not_pause_for_a_reason_that_is_not_its_own(people):
    with pytest.raises(BadData):
        perform(opened(COPYRIGHT), "pause_clocks", people[Role.RESPONDER], {"reason": "translation"})


def test_closing_ends_every_clock_but_the_one_that_outlives_the_case(people):
    responder = everybody(EMERGENCY)[Role.RESPONDER]
    reference = opened(EMERGENCY)
    perform(reference, "acknowledge", responder, {})
    perform(reference, "assess_not_a_threat", responder, {"narrative": "A song."})
    perform(reference, "close", responder, {})
    with acting_as(responder):
        case = Case.objects.get(reference=reference)
        states = dict(case.clocks.values_list("name", "state"))
    assert states == {"acknowledge": "met", "assess": "met", "technical_data": "running"}
    assert case.due_at is None


def test_a_lapse_performs_its_step_as_the_clock_keeper(people):
    reference, worker = opened(COPYRIGHT), people[Role.RESPONDER]
    perform(reference, "ask_for_more", worker, {})
    due = clock_of(reference, "missing_parts", worker).due_at
    assert tick(due - timedelta(seconds=1)) == 0 or look(reference, worker).state == "incomplete"
    tick(due + timedelta(seconds=1))
    case = look(reference, worker)
    assert case.state == "closed"
    with acting_as(worker):
        assert case.events.filter(step="give_up").get().actor.username == "system-clock"


def look(reference, actor):
    with acting_as(actor):
        return Case.objects.get(reference=reference)


def test_the_settings_may_give_another_length(people, settings):
    settings.CLOCKS = {"emergency.acknowledge": "45 minutes"}
    assert clocks.span_of(EMERGENCY, EMERGENCY.clock("acknowledge")) == minutes(45)
    reference = opened(EMERGENCY)
    row = clock_of(reference, "acknowledge", everybody(EMERGENCY)[Role.RESPONDER])
    assert row.due_at - row.started_at == timedelta(minutes=45)


def test_what_is_due_first_is_what_the_queue_sorts_by(people):
    responder = everybody(EMERGENCY)[Role.RESPONDER]
    reference = opened(EMERGENCY)
    assert look(reference, responder).due_clock == "acknowledge"
    perform(reference, "acknowledge", responder, {})
    assert look(reference, responder).due_clock == "assess"
