"""A clock that lapses: somebody is told, and the case says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import Cast
from tests.cast import report_emergency as reported
from tutela.core.cases.models import Event
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
