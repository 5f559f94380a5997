"""A clock that lapses: somebody is told, and the case says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import Cast
from tests.cast import report_emergency as reported
from tutela.core.cases.models import Event
from tutela.core.cases.opening import add_message
from tutela.core.flow.poller import tick
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.workflows.emergency.tests.path import (
    acknowledged,
    disclosed,
    disclosed_urgently,
    do,
    locating,
    look,
)

pytestmark = pytest.mark.django_db


def clock_of(reference, name, actor):
    case = look(reference, actor)
    with acting_as(actor):
        return case.clocks.filter(name=name).latest("id")


def told(reference, actor):
    """The clocks that the timeline says were warned or lapsed."""
    with acting_as(actor):
        events = Event.objects.filter(case__reference=reference, kind=Event.Kind.CLOCK)
        return {(event.step, event.data["clock"]) for event in events}


def mails(reference, actor):
    with acting_as(actor):
        return Effect.objects.filter(case__reference=reference).count()


@pytest.mark.parametrize(
    ("name", "path", "warned_before"),
    [
        ("acknowledge", lambda _cast: reported(), timedelta(minutes=15)),
        ("assess", acknowledged, timedelta(minutes=45)),
        ("decide", locating, timedelta(minutes=15)),
        ("agency_feedback", disclosed, None),
        ("review_disclosure", disclosed_urgently, timedelta(hours=4)),
        ("technical_data", acknowledged, timedelta(days=7)),
    ],
)
def test_a_lapse_is_told_once(cast: Cast, name, path, warned_before):
    reference = path(cast)
    clock = clock_of(reference, name, cast.juniper)
    if warned_before:
        assert clock.due_at - clock.warn_at == warned_before
    before = mails(reference, cast.juniper)
    tick(clock.due_at + timedelta(seconds=1))
    assert ("clock_lapsed", name) in told(reference, cast.juniper)
    assert mails(reference, cast.juniper) > before
    after = mails(reference, cast.juniper)
    tick(clock.due_at + timedelta(seconds=2))
    assert mails(reference, cast.juniper) == after


def test_a_warning_comes_before_the_lapse(cast: Cast):
    reference = reported()
    clock = clock_of(reference, "acknowledge", cast.juniper)
    tick(clock.warn_at + timedelta(seconds=1))
    assert told(reference, cast.juniper) == {("clock_warned", "acknowledge")}
    assert clock_of(reference, "acknowledge", cast.juniper).lapsed_at is None


def test_a_late_acknowledgement_stays_late(cast: Cast):
    reference = reported()
    clock = clock_of(reference, "acknowledge", cast.juniper)
    tick(clock.due_at + timedelta(seconds=1))
    do(reference, "acknowledge", cast.juniper)
    assert clock_of(reference, "acknowledge", cast.juniper).state == "lapsed"


def test_a_merged_report_keeps_its_hour(cast: Cast):
    reference = acknowledged(cast, text="First report")
    second = reported(text="Second report")
    received_at = look(second, cast.juniper).received_at
    do(second, "merge_into", cast.juniper, other=reference)
    clock = clock_of(reference, "acknowledge_others", cast.juniper)
    assert clock.due_at - received_at == timedelta(hours=1)
    assert look(reference, cast.juniper).due_clock == "acknowledge_others"
    do(reference, "acknowledge_others", cast.juniper)
    assert clock_of(reference, "acknowledge_others", cast.juniper).state == "met"


def test_a_merge_of_an_acknowledged_report_promises_nothing_new(cast: Cast):
    reference, second = acknowledged(cast, text="First report"), acknowledged(cast, text="Second report")
    do(second, "merge_into", cast.juniper, other=reference)
    with acting_as(cast.juniper):
        assert not look(reference, cast.juniper).clocks.filter(name="acknowledge_others").exists()


def test_a_merge_that_is_taken_back_promises_again_what_it_did(cast: Cast):
    reference = acknowledged(cast, text="First report")
    second = reported(text="Second report")
    before = clock_of(second, "acknowledge", cast.juniper).due_at
    do(second, "merge_into", cast.juniper, other=reference)
    do(second, "unmerge", cast.juniper)
    again = clock_of(second, "acknowledge", cast.juniper)
    assert (again.state, again.due_at) == ("running", before)


def test_a_second_message_does_not_put_the_answer_off(cast: Cast):
    reference = acknowledged(cast)
    with acting_as(cast.juniper):
        case = look(reference, cast.juniper)
        report = case.reports.get()
        add_message(case, report, cast.juniper, "They wrote again.", channel="portal")
        first = case.clocks.get(name="answer_message").due_at
        add_message(case, report, cast.juniper, "And again.", channel="portal")
        assert case.clocks.get(name="answer_message").due_at == first
