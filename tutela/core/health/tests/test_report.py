"""Whoever asks learns whether the work is being done, and nothing about any case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.test import Client
from django.utils import timezone

from tests.cast import emergency, make_cast, report_emergency
from tutela.config import health
from tutela.core.audit.models import Entry
from tutela.core.audit.seal import seal_and_anchor
from tutela.core.cases.receive import receive
from tutela.core.flow.models import ClockRow
from tutela.core.health import beats
from tutela.core.health.models import Heartbeat
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.core.people.tokens import make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive():
    """Every loop has just shown a sign of life."""
    for name in health.loops():
        beats.beat(name, 30)


@pytest.fixture
def ask():
    """Asks as somebody who is signed in."""
    browser = Client()
    browser.force_login(Staff.objects.create(username="watcher", working_name="Watcher"))

    def answer():
        said = browser.get("/readyz")
        return said.status_code, said.json()

    return answer


def test_a_stranger_learns_whether_each_part_is_well_and_no_more(alive):
    make_cast()
    report_emergency()
    with acting_as(system_actor(SystemActor.COURIER)):
        Effect.objects.update(state=EffectState.FAILED)
    receive(emergency())
    answer = Client().get("/readyz")
    parts = ["database", "tables", "loops", "reports", "clocks", "audit", "endings", "time", "access"]
    well = dict.fromkeys([*parts, "mail", "on_call", "pages"], "ok")
    assert answer.json() == {"status": "ready", "parts": {**well, "effects": "not ok"}}
    assert answer.status_code == 200


def test_a_stranger_learns_that_nobody_works(db):
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["parts"]["loops"] == "not ok"
    assert set(answer.json()) == {"status", "parts"}


@pytest.mark.parametrize(("scope", "told"), [("read", True), ("intake", False)])
def test_a_token_that_reads_gets_figures(cast, alive, scope, told):
    holder = Staff.objects.get(pk=cast.juniper.id)
    token, _row = make_token(holder, "probe", scope, timedelta(hours=1), cast.juniper)
    said = Client().get("/readyz", headers={"Authorization": f"Bearer {token}"}).json()
    assert ("figures" in said) == told


def test_a_wrong_token_gets_none(alive):
    assert "figures" not in Client().get("/readyz", headers={"Authorization": "Bearer x"}).json()


def test_a_platform_at_work_is_ready(alive, ask):
    status, said = ask()
    assert (status, said["status"], said["faults"]) == (200, "ready", [])
    assert set(said["loops"]) == {"intake", "clocks", "pages", "chores", "effects.mail"}


def test_a_platform_without_a_worker_is_not(db, ask):
    status, said = ask()
    assert (status, said["status"]) == (503, "not ready")
    assert "tutela worker" in said["faults"][0]


def test_a_loop_that_lives_and_does_nothing_is_found(alive, ask):
    Heartbeat.objects.filter(name="intake").update(at=timezone.now() - timedelta(seconds=31))
    status, said = ask()
    assert status == 503
    assert said["faults"] == ["“intake” has not been seen for 31 seconds: look at `tutela worker`."]


def test_a_report_that_waits_is_counted_with_no_actor_named(alive, superuser, ask):
    receive(emergency())
    status, said = ask()
    assert said["figures"]["reports_waiting"] == 1
    assert status == 200


def test_figures_count_what_waits_for_a_person(alive, ask):
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


def test_entries_that_nobody_seals_and_an_anchor_that_takes_nothing_are_shown(alive, ask, settings):
    assert ask()[1]["parts"]["audit"] == "ok"
    with acting_as(system_actor(SystemActor.CLOCK)) as actor:
        old = timezone.now() - timedelta(minutes=6)
        Entry.objects.create(at=old, act="case:clock", actor_id=actor.id, via="system")
    status, said = ask()
    assert (status, said["parts"]["audit"], said["figures"]["entries_unsealed"]) == (200, "not ok", 1)
    assert "for their seal" in said["attention"][0]
    settings.ANCHORS = "folder:/dev/null/nowhere"
    assert not seal_and_anchor().anchored
    status, said = ask()
    figures = said["figures"]
    assert (status, said["parts"]["audit"]) == (200, "not ok")
    assert (figures["entries_unsealed"], figures["heads_unanchored"]) == (0, 1)
    assert "An anchor of the audit log" in said["attention"][0]


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
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "parts": {"database": "not ok"}}
    assert health.whole_platform().faults == ["The database does not answer."]


def test_missing_migrations_are_named(monkeypatch, ask):
    monkeypatch.setattr("tutela.core.health.report._missing_migrations", lambda: ["cases.0009_later"])
    status, said = ask()
    assert status == 503
    assert said["parts"] == {"database": "ok", "tables": "not ok"}
    assert "cases.0009_later" in said["faults"][0]


def test_the_process_is_alive_whatever_the_database_does(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"status": "alive"}


def test_old_loops_are_forgotten(alive):
    Heartbeat.objects.filter(name="chores").update(at=timezone.now() - timedelta(days=2))
    assert beats.forget_old() == 1
