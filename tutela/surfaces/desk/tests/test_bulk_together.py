"""Several people at once on the same cases: nobody is refused because two waited for each other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.test import Client

from tests.cast import Cast, case_of
from tests.signed_in import sign_in
from tutela.core.cases.models import Event
from tutela.core.flow import common_runs
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff
from tutela.surfaces.desk.models import BulkRun

from .scene import report

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60


def signed_in(actor: Actor) -> Client:
    client = Client()
    sign_in(client, Staff.objects.get(pk=actor.id))
    return client


def together(*jobs: Any) -> list[Any]:
    """Start all jobs, each in a thread and on a connection of its own. Returns their futures."""

    def run(job: Any) -> Any:
        try:
            return job()
        finally:
            connections.close_all()

    pool = ThreadPoolExecutor(len(jobs))
    futures = [pool.submit(run, job) for job in jobs]
    pool.shutdown(wait=False)
    return futures


def assigning(actor: Actor, references: list[str], to: str) -> Any:
    client = signed_in(actor)
    sent = {"case": references, "step": "assign", "do": "1", "key": f"key-{actor.id}", "assignee": to}
    return partial(_text_of, client, sent)


def _text_of(client: Client, sent: dict[str, Any]) -> str:
    return client.post("/desk/bulk/", sent, follow=True).content.decode()


def wait_for_waiting(watcher: psycopg.Connection, how_many: int) -> None:
    """Until so many connections wait for a lock."""
    until = time.monotonic() + PATIENCE
    asked = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while watcher.execute(asked).fetchone() != (how_many,):
        assert time.monotonic() < until, "nobody waits"
        threading.Event().wait(0.02)


def test_two_people_assign_the_same_cases_in_opposite_order(cast: Cast, superuser, database):
    references = [report() for _each in range(3)]
    middle = case_of(references[1], cast.juniper).pk
    with psycopg.connect(database.url("admin")) as holder:
        holder.execute("SELECT 1 FROM cases_case WHERE id = %s FOR UPDATE", [middle])
        one, other = together(
            assigning(cast.juniper, references, "heron"),
            assigning(cast.heron, references[::-1], "juniper"),
        )
        # Both are on their way, neither is through: in opposite order they would now meet in the middle.
        wait_for_waiting(superuser, 2)
    for text in (one.result(PATIENCE), other.result(PATIENCE)):
        assert "All 3 cases done." in text
    with acting_as(cast.juniper):
        assert Event.objects.filter(step="assign").count() == 6


def test_two_merges_of_the_same_two_cases_do_not_wait_for_each_other(cast: Cast, superuser, database):
    first, second = report(), report()
    low = case_of(first, cast.juniper).pk
    with psycopg.connect(database.url("admin")) as holder:
        holder.execute("SELECT 1 FROM cases_case WHERE id = %s FOR UPDATE", [low])
        (merge,) = together(lambda: perform(first, "merge_into", cast.juniper, {"other": second}))
        wait_for_waiting(superuser, 1)
        with pytest.raises(Exception, match="Somebody is working on the other case"):
            perform(second, "merge_into", cast.heron, {"other": first})
    assert merge.result(PATIENCE).state == "merged"


def test_a_merge_waits_for_a_job_that_writes_on_the_other_case(cast: Cast, superuser, database, monkeypatch):
    monkeypatch.setattr(common_runs, "A_MOMENT", 1000 * PATIENCE)
    first, second = report(), report()
    with psycopg.connect(database.url("admin")) as job:
        job.execute("SELECT 1 FROM cases_case WHERE reference = %s FOR UPDATE", [first])
        (merge,) = together(lambda: _merge_and_say_how_long(second, first, cast.heron))
        wait_for_waiting(superuser, 1)
    assert merge.result(PATIENCE) == "15s"
    assert case_of(second, cast.heron).state == "merged"


def _merge_and_say_how_long(one, other, actor):
    with transaction.atomic():
        perform(one, "merge_into", actor, {"other": other})
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            return cursor.fetchone()[0]


_GIVE_WAY = """
    CREATE SEQUENCE tutela.tried;
    GRANT USAGE ON SEQUENCE tutela.tried TO tutela_desk;
    CREATE FUNCTION tutela.give_way() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('tutela.tried') = 1 THEN RAISE EXCEPTION 'gave way' USING ERRCODE = '{code}'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER give_way BEFORE INSERT ON desk_bulkrun FOR EACH ROW EXECUTE FUNCTION tutela.give_way();
"""
_NO_MORE = """
    DROP TRIGGER give_way ON desk_bulkrun;
    DROP FUNCTION tutela.give_way;
    DROP SEQUENCE tutela.tried;
"""


@pytest.mark.parametrize("code", ["deadlock_detected", "serialization_failure"])
def test_a_page_that_had_to_give_way_is_done_again_and_once(cast: Cast, superuser, code):
    references = [report(), report()]
    superuser.execute(_GIVE_WAY.format(code=code))
    try:
        text = assigning(cast.juniper, references, "heron")()
    finally:
        superuser.execute(_NO_MORE)
    assert "All 2 cases done." in text
    assert BulkRun.objects.count() == 1
    with acting_as(cast.juniper):
        assert Event.objects.filter(step="assign").count() == 2
