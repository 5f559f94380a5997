"""Whoever asks learns whether the work is being done, and nothing about any case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.test import Client
from django.utils import timezone

from tests.cast import emergency, make_cast, report_emergency
from tutela.config import health
from tutela.core.cases.receive import receive
from tutela.core.flow.models import ClockRow
from tutela.core.health import beats
from tutela.core.health.models import Heartbeat
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive():
    """Every loop has just shown a sign of life."""
    for name in health.loops():
        beats.beat(name, 30)


def ask():
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


def test_a_platform_at_work_is_ready(alive):
    status, said = ask()
    assert (status, said["status"], said["faults"]) == (200, "ready", [])
    assert set(said["loops"]) == {"intake", "clocks", "chores", "effects.mail"}


def test_a_platform_without_a_worker_is_not(db):
    status, said = ask()
    assert (status, said["status"]) == (503, "not ready")
    assert "tutela worker" in said["faults"][0]


def test_a_loop_that_lives_and_does_nothing_is_found(alive):
    Heartbeat.objects.filter(name="intake").update(at=timezone.now() - timedelta(seconds=31))
    status, said = ask()
    assert status == 503
    assert said["faults"] == ["“intake” has not been seen for 31 seconds: look at `tutela worker`."]


def test_a_report_that_waits_is_counted_with_no_actor_named(alive, superuser):
    receive(emergency())
    status, said = ask()
    assert said["figures"]["reports_waiting"] == 1
    assert status == 200


def test_figures_count_what_waits_for_a_person(alive):
    make_cast()
    report_emergency()
    with acting_as(system_actor(SystemActor.COURIER)):
        many = Effect.objects.update(state=EffectState.FAILED)
        one = ClockRow.objects.latest("id")
        ClockRow.objects.filter(pk=one.pk).update(failures=1, error="Words of a reporter")
    status, said = ask()
    assert (said["figures"]["effects_failed"], said["figures"]["clocks_faulty"]) == (many, 1)
    assert (status, len(said["attention"])) == (200, 2)
    assert "Words" not in str(said)
    assert "EM-" not in str(said)


@pytest.mark.django_db(databases=["default", "portal"])
def test_the_portals_login_may_not_ask():
    with pytest.raises(DatabaseError, match="permission denied"), connections["portal"].cursor() as cursor:
        cursor.execute("SELECT * FROM tutela.health()")


def test_the_counting_function_may_read_no_words():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.column_privileges"
            " WHERE grantee = 'tutela_guard'"
            " AND table_name IN ('cases_report', 'outbox_effect', 'flow_clockrow')"
        )
        columns = set(cursor.fetchall())
    assert not {name for _table, name in columns} & {"raw", "text", "subject", "payload", "error", "label"}


def test_without_a_database_it_says_so_and_does_not_fail(monkeypatch):
    def away(*_arguments):
        raise DatabaseError("host secret.example")

    monkeypatch.setattr("tutela.core.health.report._missing_migrations", away)
    status, said = ask()
    assert (status, said["faults"]) == (503, ["The database does not answer."])


def test_missing_migrations_are_named(monkeypatch):
    monkeypatch.setattr("tutela.core.health.report._missing_migrations", lambda: ["cases.0009_later"])
    status, said = ask()
    assert status == 503
    assert "cases.0009_later" in said["faults"][0]


def test_the_process_is_alive_whatever_the_database_does(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"status": "alive"}


def test_old_loops_are_forgotten(alive):
    Heartbeat.objects.filter(name="chores").update(at=timezone.now() - timedelta(days=2))
    assert beats.forget_old() == 1
