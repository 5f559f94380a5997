"""The database goes away under load: every loop resumes by itself within half a minute; nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from tests.cast import emergency, make_cast
from tutela.core.cases.models import Event, Report
from tutela.core.cases.receive import receive
from tutela.core.flow.models import ClockRow
from tutela.core.health.models import Heartbeat
from tutela.core.outbox.models import Effect, EffectState

from .own_server import Load, Restartable, as_clock, own_server
from .tools import Worker, wait_for

pytestmark = pytest.mark.slow

RESUMES_WITHIN = 30


@pytest.fixture
def restartable(request, django_db_blocker) -> Iterator[Restartable]:
    folder = Path(tempfile.mkdtemp(prefix="restart", dir=os.environ["TUTELA_TEST_RUN"]))
    with own_server(folder, request.config, django_db_blocker) as server:
        yield server
    shutil.rmtree(folder)


def make_clock_due() -> int:
    """Let a clock of the newest open case run out now. Returns its row."""

    def change() -> int:
        row = ClockRow.objects.filter(stopped_at=None, lapsed_at=None).latest("id")
        past = timezone.now() - timedelta(minutes=1)
        ClockRow.objects.filter(pk=row.pk).update(
            started_at=past - timedelta(hours=3), due_at=past, warn_at=None, next_at=past
        )
        return row.pk

    return as_clock(change)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], ids=lambda one: one.name)
def test_every_loop_resumes_by_itself_and_no_acknowledged_report_is_lost(restartable, number):
    make_cast()
    worker, load = Worker(), Load()
    try:
        load.start()
        worker.wait_until_at_work()
        wait_for(
            lambda: as_clock(lambda: Report.objects.exclude(opened_at=None).count()) > 2, "cases are opened"
        )
        restartable.restart(number)
        back = timezone.now()
        due = make_clock_due()
        resumed = wait_for(lambda: has_resumed(back, due), "every loop works again")
        assert resumed < RESUMES_WITHIN
        load.enough.set()
        load.join()
        wait_for(
            lambda: as_clock(lambda: not Report.objects.filter(opened_at=None).exists()), "all cases are open"
        )
        assert worker.process.poll() is None, "the worker itself never ended"
    finally:
        load.enough.set()
        worker.kill()
    with psycopg.connect(restartable.url("admin")) as superuser:
        kept = {row[0] for row in superuser.execute("select id from cases_report where case_id is not null")}
    assert set(load.acknowledged) <= kept


def has_resumed(back, due) -> bool:
    """Whether each kind of work was done after the database came back."""

    def question() -> bool:
        return (
            Report.objects.filter(received_at__gt=back).exclude(opened_at=None).exists()
            and Effect.objects.filter(made_at__gt=back, state=EffectState.CONFIRMED).exists()
            and Event.objects.filter(kind=Event.Kind.CLOCK, step="clock_lapsed", data__row=due).count() == 1
            and Heartbeat.objects.filter(name="chores", at__gt=back).exists()
        )

    return as_clock(question)


def test_loops_resume_when_their_sessions_are_ended(restartable):
    make_cast()
    worker = Worker()
    try:
        worker.wait_until_at_work()
        with psycopg.connect(restartable.url("admin"), autocommit=True) as superuser:
            ended = superuser.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'tutela_desk'"
            ).fetchone()
        assert ended[0] >= 4
        connections["default"].close()
        back = timezone.now()
        report = receive(emergency()).report_id
        opened = wait_for(
            lambda: as_clock(lambda: Report.objects.filter(pk=report).exclude(opened_at=None).exists()),
            "the report is opened",
        )
        assert opened < RESUMES_WITHIN
        wait_for(
            lambda: as_clock(lambda: Heartbeat.objects.filter(at__gt=back).count() >= 4), "all are alive"
        )
    finally:
        worker.kill()
