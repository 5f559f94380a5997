"""The database goes away under load: every loop resumes by itself within half a minute; nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from tests import cluster
from tests.cast import emergency, make_cast
from tutela.config import environment
from tutela.core.cases.models import Event, Report
from tutela.core.cases.receive import receive
from tutela.core.flow.models import ClockRow
from tutela.core.health.models import Heartbeat
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from .tools import Worker, wait_for

pytestmark = pytest.mark.slow

RESUMES_WITHIN = 30
NAMES = {"desk": "TUTELA_DESK_DATABASE_URL", "portal": "TUTELA_PORTAL_DATABASE_URL"}


class Restartable:
    """A PostgreSQL that only this test uses, and can take away."""

    def __init__(self, folder: Path, which: str, cache: Path) -> None:
        for name in NAMES.values():  # it shall make the roles with passwords of its own
            os.environ.pop(name, None)
        self.server = cluster.TestServer(folder, which, cache)
        self.urls = self.server.start()

    def url(self, role: str) -> str:
        """The address of its database for a role."""
        return self.urls[role].replace("/DATABASE?", "/tutela?")

    def restart(self, number: signal.Signals) -> None:
        """End it by a signal, and start it again where it was."""
        process = self.server._server._process
        process.send_signal(number)
        process.wait(30)
        self.server._server.start()


@pytest.fixture
def restartable(request, django_db_blocker) -> Iterator[Restartable]:
    """Its own server, to which Django and the processes that a test starts connect."""
    folder = Path(tempfile.mkdtemp(prefix="restart", dir=os.environ["TUTELA_TEST_RUN"]))
    folder.chmod(0o711)  # the account that runs PostgreSQL for root passes through
    cache = Path(str(request.config.cache.mkdir("tutela-postgres")))
    with as_it_was(), django_db_blocker.unblock():
        server = Restartable(folder / "data", request.config.getoption("--postgres"), cache)
        for role, name in NAMES.items():
            os.environ[name] = server.url(role)
        settings = connections["default"].settings_dict
        settings.update(environment.login(environment.DESK) | {"TEST": settings["TEST"]})
        yield server
        connections.close_all()
        server.server.stop()
    shutil.rmtree(folder)


@contextmanager
def as_it_was() -> Iterator[None]:
    """Give Django and the environment back their logins."""
    surroundings = dict(os.environ)
    settings = connections["default"].settings_dict
    kept = dict(settings)
    connections["default"].close()
    try:
        yield
    finally:
        connections["default"].close()
        settings.update(kept)
        os.environ.clear()
        os.environ.update(surroundings)


class Load(threading.Thread):
    """Sends report after report, and keeps which of them were acknowledged."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.enough = threading.Event()
        self.acknowledged: list[int] = []

    def run(self) -> None:
        while not self.enough.wait(1):
            try:
                self.acknowledged.append(receive(emergency(sender_email="reader@mail.example")).report_id)
            except Exception:  # noqa: BLE001  it was not acknowledged, so nobody relies on it
                connections["default"].close()
        connections["default"].close()


def as_clock(question):
    """What the database answers, once it answers."""
    while True:
        try:
            with acting_as(system_actor(SystemActor.CLOCK)):
                return question()
        except Exception:  # noqa: BLE001
            connections["default"].close()
            time.sleep(0.2)


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
