"""The database is there and does not answer: no page waits for it for long, and nothing typed is lost."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connections

from tutela.surfaces.portal import store

from .conftest import LINK, WORDS, hidden, typed, words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
EMERGENCY = "/en/emergency/"


def fields(key: str) -> dict[str, str]:
    return {"key": key, "what": WORDS, "where": LINK, "answer": "here"}


def assert_kept_and_told(answer, settings) -> None:
    """The form says that nothing was sent, holds every word, and names what to do in danger."""
    assert answer.status_code == 503
    says = words_of(answer)
    assert "Not sent." in says
    assert "Call local emergency services" in says
    assert settings.EMERGENCY_ADDRESS in says
    assert 'href="/en/numbers/"' in answer.content.decode()
    assert [typed(answer, name) for name in ("what", "where")] == [WORDS, LINK]


@contextmanager
def held(url: str, table: str):
    """Somebody else holds a table and does not let go."""
    with psycopg.connect(url) as other:
        other.execute(f"lock table {table} in access exclusive mode")
        yield
        other.rollback()


@contextmanager
def stopped():
    """The server's process behind the portal's connection is stopped, as on a machine that hangs.

    Its sockets stay open and none of its own limits runs.
    """
    with connections["portal"].cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        process = cursor.fetchone()[0]
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def next_request() -> None:
    """What Django does with a faulty connection between two requests; its test client leaves it out."""
    connections["portal"].close_if_unusable_or_obsolete()


@pytest.fixture
def silent_port():
    """A port on which somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.mark.parametrize("table", ["cases_report", "people_throttle"])
def test_a_table_that_is_locked_does_not_hold_the_reporter(visitor, database, settings, reports, table):
    key = visitor.key()
    with held(database.url("admin"), table):
        answer = visitor.post(EMERGENCY, fields(key))
    assert_kept_and_told(answer, settings)
    again = fields(hidden(answer, "key"))
    assert visitor.post(EMERGENCY, again).status_code == 201
    assert reports() == [WORDS]


def test_a_server_that_is_stopped_does_not_hold_the_reporter(visitor, settings, reports, monkeypatch):
    monkeypatch.setattr(store, "CUT_OFF_AFTER", 1.0)
    key = visitor.key()
    with stopped():
        answer = visitor.post(EMERGENCY, fields(key))
        assert_kept_and_told(answer, settings)
        next_request()
        again = fields(hidden(answer, "key"))
        assert visitor.post(EMERGENCY, again).status_code == 201  # over a new connection
    assert reports() == [WORDS]


def test_a_server_that_says_nothing_to_a_new_connection_does_not_either(
    visitor, settings, silent_port, monkeypatch
):
    portal = connections["portal"]
    key = visitor.key()
    portal.close()
    monkeypatch.setitem(portal.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(portal.settings_dict, "PORT", silent_port)
    try:
        assert_kept_and_told(visitor.post(EMERGENCY, fields(key)), settings)
    finally:
        portal.close()


def test_emergency_numbers_are_shown_while_it_hangs(visitor, database):
    with held(database.url("admin"), "directory_emergencynumber"):
        answer = visitor.get("/en/numbers/?country=FR")
    assert answer.status_code == 200
    assert 'href="tel:112"' in answer.content.decode()
