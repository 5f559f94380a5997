"""A loop comes back from whatever happens, shows signs of life, and ends when told."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
from django.db import connection

from tutela.core.health.models import Heartbeat
from tutela.server.loops import Loop
from tutela.server.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def begin():
    """Start a loop; it is stopped at the end of the test."""
    stop, started = threading.Event(), []

    def start(work, **options):
        loop = Loop("test", work, stop, **{"idle": 0.01} | options)
        loop.start()
        started.append(loop)
        return stop

    yield start
    stop.set()
    for loop in started:
        loop.join(10)
        assert not loop.is_alive()


def test_it_works_on_after_a_fault_and_logs_it_once(begin, caplog):
    passes = []

    def work():
        passes.append(1)
        if len(passes) in {2, 3, 4}:
            raise RuntimeError("Words of a reporter")
        return 0

    begin(work)
    assert wait_until(lambda: len(passes) > 6, 20)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "RuntimeError at" in caplog.text
    assert "Words of a reporter" not in caplog.text


def test_it_opens_a_fresh_connection_after_its_own_was_ended(begin, superuser):
    sessions = []

    def work():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            sessions.append(cursor.fetchone()[0])
        return 0

    begin(work)
    assert wait_until(lambda: sessions, 20)
    superuser.execute("select pg_terminate_backend(%s)", [sessions[0]])
    assert wait_until(lambda: sessions[-1] != sessions[0], 20)


def test_it_shows_a_sign_of_life_only_after_a_pass_that_worked(begin):
    fault = threading.Event()
    fault.set()

    def work():
        if fault.is_set():
            raise RuntimeError
        return 0

    begin(work, late_after=7)
    time.sleep(0.3)
    assert not Heartbeat.objects.exists()
    fault.clear()
    assert wait_until(Heartbeat.objects.exists, 20)
    assert Heartbeat.objects.get().late_after == 7


def test_a_notification_wakes_it(begin, database):
    passes = []

    def work():
        passes.append(time.monotonic())
        return 0

    begin(work, idle=8, channel="test_channel")
    assert wait_until(lambda: passes, 20)
    with psycopg.connect(database.url("desk"), autocommit=True) as other:
        other.execute("notify test_channel")
    assert wait_until(lambda: len(passes) > 1, 20)
    assert passes[1] - passes[0] < 7


def test_at_the_end_it_does_its_last_thing_once(begin):
    last = []
    stop = begin(lambda: 0, last=lambda: last.append(1))
    stop.set()
    assert wait_until(lambda: last == [1], 20)
