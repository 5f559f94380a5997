"""The worker is killed at a clock, and several keep them: each clock is told once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.cast import make_cast, report_emergency
from tutela.core.cases.models import Event
from tutela.core.flow.models import ClockRow
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from .tools import Worker, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CASES = 3


@pytest.fixture
def overdue():
    """Cases whose clocks ran out a while ago. Returns how many clocks there are."""
    make_cast()
    for _each in range(CASES):
        report_emergency()
    with acting_as(system_actor(SystemActor.CLOCK)):
        past = timezone.now() - timedelta(hours=1)
        rows = ClockRow.objects.exclude(next_at=None)
        return rows.update(due_at=past, started_at=past - timedelta(hours=3), warn_at=None, next_at=past)


def lapses():
    with acting_as(system_actor(SystemActor.CLOCK)):
        events = Event.objects.filter(kind=Event.Kind.CLOCK, step="clock_lapsed")
        return Counter(event.data["row"] for event in events)


def left():
    with acting_as(system_actor(SystemActor.CLOCK)):
        return ClockRow.objects.exclude(next_at=None).count()


@pytest.mark.parametrize(("point", "told"), [("poller.before_commit", 0), ("poller.after_commit", 1)])
def test_each_lapse_is_told_once_whenever_the_worker_dies(overdue, point, told):
    Worker(crash_at=point).wait_for_crash()
    assert lapses().total() == told
    workers = [Worker() for _each in range(2)]
    wait_for(lambda: not left(), "every clock was looked at")
    for worker in workers:
        worker.stop()
    assert sorted(lapses().values()) == [1] * overdue
    with acting_as(system_actor(SystemActor.CLOCK)):
        mails = Effect.objects.filter(event__step="clock_lapsed")
        assert mails.count() == mails.values("key").distinct().count() > 0
