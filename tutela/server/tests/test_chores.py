"""The chores clear away what nobody needs, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from time import monotonic
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.psycopg_connector import PsycopgConnector

from tests.cast import make_cast, report_emergency
from tutela.core.cases.models import Case, Presence
from tutela.core.health import beats
from tutela.core.health.models import Heartbeat
from tutela.core.people.actor import acting_as
from tutela.core.people.models import SignInLink
from tutela.server import chores
from tutela.server.processes import wait_until


@pytest.mark.django_db
def test_presences_are_forgotten_when_they_are_over():
    juniper, reference = make_cast().juniper, report_emergency()
    with acting_as(juniper):
        case = Case.objects.get(reference=reference)
        Presence.objects.create(case=case, staff_id=juniper.id)
        Presence.objects.create(case=case, staff_id=make_old(), seen_at=timezone.now() - timedelta(minutes=5))
    chores.forget_presences(0)
    with acting_as(juniper):
        assert [one.staff_id for one in Presence.objects.all()] == [juniper.id]


def make_old():
    from tutela.core.people.models import Staff

    return Staff.objects.get(username="heron").pk


@pytest.mark.django_db
def test_sessions_and_links_that_are_over_are_forgotten():
    juniper, now = make_cast().juniper, timezone.now()
    for key, age in (("open", 1), ("over", -1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=age))
    for number, (used, expires) in enumerate([(None, 1), (-1, 1), (-200, 1), (None, -1), (None, -200)]):
        SignInLink.objects.create(
            staff_id=juniper.id,
            secret_hash=bytes([number]) * 32,
            expires_at=now + timedelta(hours=expires),
            used_at=used and now + timedelta(hours=used),
        )
    chores.forget_sign_ins(0)
    assert [one.session_key for one in Session.objects.all()] == ["open"]
    assert [one.secret_hash[0] for one in SignInLink.objects.order_by("id")] == [0, 1, 3]


@pytest.mark.django_db(transaction=True)
def test_counters_of_tries_are_forgotten_after_two_days(superuser):
    superuser.execute("delete from people_throttle")
    for number, days in ((1, 3), (2, 1)):
        superuser.execute(
            "insert into people_throttle values (%s, now() - make_interval(days => %s), 1)",
            [bytes([number]) * 32, days],
        )
    chores.forget_tries(0)
    left = superuser.execute("select bucket from people_throttle").fetchall()
    assert left == [(bytes([2]) * 32,)]


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_had_in_hand_is_done_by_the_next(owner):
    job = chores.forget_tries.defer(timestamp=0)
    dead = owner.execute(
        "insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour') returning id"
    ).fetchone()[0]
    owner.execute("update procrastinate_jobs set status = 'doing', worker_id = %s where id = %s", [dead, job])

    async def run():
        async with app.with_connector(PsycopgConnector(kwargs=connector_params())).open_async() as ours:
            await chores.retry_stalled(SimpleNamespace(app=ours), timestamp=0)

    asyncio.run(run())
    row = owner.execute("select status from procrastinate_jobs where id = %s", [job]).fetchone()
    assert row == ("todo",)


@pytest.mark.django_db(transaction=True)
def test_the_scheduler_runs_chores_shows_signs_of_life_and_ends_when_told(owner):
    chores.forget_tries.defer(timestamp=0)
    stop = threading.Event()
    thread = chores.Chores(stop)
    thread.start()
    done = "select count(*) from procrastinate_jobs where task_name = 'forget_tries'"
    try:
        assert wait_until(lambda: owner.execute(done).fetchone()[0] == 0, 30)
        assert wait_until(Heartbeat.objects.filter(name=beats.CHORES).exists, 30)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def test_a_scheduler_that_does_not_ask_for_work_is_silent_unless_it_is_busy():
    watched = chores.Watched(PsycopgConnector())
    assert not watched.is_silent()
    watched._looked_at = monotonic() - chores.SILENT_AFTER - 1
    assert watched.is_silent()
    watched._running = chores.CONCURRENCY
    assert not watched.is_silent()
