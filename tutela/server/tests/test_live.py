"""Open pages are told what changed; each person only of cases that are theirs to see."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
import pytest
import time_machine
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client
from django.utils import timezone

from tests.cast import make_cast, report_emergency
from tests.signed_in import sign_in
from tutela.core.cases.models import Case, Recusal
from tutela.core.cases.opening import make_case, started
from tutela.core.flow import registry
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.listening import make_ticket
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.server import live
from tutela.server.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "http://pages.example:8800"


class Page:
    """A browser's page that listens."""

    def __init__(
        self, port: int, ticket: str, method: str = "GET", path: str = "/live", **headers: str
    ) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.connection.request(
            method, f"{path}?ticket={quote(ticket)}", headers={"Origin": ORIGIN} | headers
        )
        self.answer = self.connection.getresponse()

    def lines(self) -> Iterator[str]:
        """The lines as they come. Ends when the stream does."""
        while line := self.answer.readline():
            yield line.decode().strip()

    def told(self) -> dict[str, object]:
        """The next change that it is told of."""
        return next(json.loads(line[6:]) for line in self.lines() if line.startswith("data: "))

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def session() -> str:
    """The key of a new session."""
    store = SessionStore()
    store.create()
    return store.session_key


def ticket(staff_id: int) -> str:
    """As a page of the desk carries it, made in a session that stands."""
    return make_ticket(staff_id, session())


class Running:
    """The application in a thread, and the pages that listen to it."""

    def __init__(self, database: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.live = live.Live(database, ORIGIN)
        self.server = live.Server(self.live, host="127.0.0.1", port=self.port, log_level="error", ws="none")
        self.thread = threading.Thread(target=self.server.run)
        self.pages: list[Page] = []
        self.database = database
        self.heard: list[str] = []
        hear = self.live._hear
        self.live._hear = lambda payload: (self.heard.append(payload), hear(payload))

    def hear_all(self) -> None:
        """Wait until it has heard what was said so far, so that no page is told of it late."""
        mark = json.dumps({"session": secrets.token_hex(8)})
        with psycopg.connect(self.database, autocommit=True) as mouth:
            mouth.execute("select pg_notify('tutela_live', %s)", [mark])
        assert wait_until(lambda: mark in self.heard and not self.live._changed, 20)

    def page(self, actor, key: str = "", **more: str) -> Page:
        """A page of that person, in the session that has this key or in a new one."""
        self.hear_all()
        page = Page(self.port, make_ticket(actor.id, key or session()), **more)
        self.pages.append(page)
        return page

    def status(self, given: str, **more: str) -> int:
        """The status that a request with this ticket gets."""
        page = Page(self.port, given, **more)
        self.pages.append(page)
        return page.answer.status


@contextmanager
def running(database) -> Iterator[Running]:
    one = Running(database.url("desk"))
    one.thread.start()
    try:
        assert wait_until(lambda: one.live.hears, 20)
        yield one
    finally:
        one.live.end_all()
        one.server.should_exit = True
        one.thread.join(10)
        for page in one.pages:
            page.close()


@pytest.fixture
def serving(database):
    with running(database) as one:
        yield one


@pytest.fixture
def cast():
    return make_cast()


def change(reference, actor, title="Another title"):
    return perform(reference, "edit_title", actor, {"title": title})


def open_triage():
    with acting_as(system_actor(SystemActor.INTAKE)) as actor:
        workflow = registry.workflow("triage")
        case = make_case(workflow, title="A question", received_at=timezone.now())
        started(workflow, case, actor)
        return case.reference


def is_cut_off(page: Page) -> bool:
    """Whether the stream ends without telling of another change."""
    return not [line for line in page.lines() if line.startswith("data: ")]


def test_a_page_is_told_of_a_change_and_of_nothing_but_its_place(cast, serving):
    reference = report_emergency()
    page = serving.page(cast.heron)
    outcome = change(reference, cast.juniper)
    told = page.told()
    assert told == {"case": told["case"], "reference": reference, "version": outcome.version}


def test_whoever_may_not_see_a_case_is_not_told_of_it(cast, serving):
    emergency, triage = report_emergency(), open_triage()
    juniper, wren = serving.page(cast.juniper), serving.page(cast.wren)
    change(emergency, cast.juniper)
    assert juniper.told()["reference"] == emergency
    perform(triage, "note", cast.wren, {"text": "Hello."})
    assert wren.told()["reference"] == triage


def test_a_recusal_and_the_end_of_a_grant_hold_at_once(cast, serving):
    hidden, seen = report_emergency(), report_emergency()
    page = serving.page(cast.heron)
    with acting_as(cast.juniper):
        Recusal.objects.create(case=Case.objects.get(reference=hidden), staff_id=cast.heron.id)
    change(hidden, cast.juniper)
    change(seen, cast.juniper)
    assert page.told()["reference"] == seen


def test_only_our_own_pages_may_listen_and_they_may_send_cookies(cast, serving):
    page = serving.page(cast.juniper)
    assert page.answer.headers["access-control-allow-origin"] == ORIGIN
    assert page.answer.headers["access-control-allow-credentials"] == "true"
    assert page.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert serving.status(ticket(cast.juniper.id), Origin="http://elsewhere.example") == 403


def test_a_wrong_ticket_opens_nothing(cast, serving):
    good = ticket(cast.juniper.id)
    with time_machine.travel(timezone.now() - timezone.timedelta(hours=13)):
        old = ticket(cast.juniper.id)
    unbound = signing.dumps({"staff": cast.juniper.id}, salt="live")
    for wrong in ("", "x", good[:-1], good[1:], unbound, old, make_ticket(cast.juniper.id, "")):
        assert serving.status(wrong) == 403
    assert serving.status(good, method="POST") == 405
    assert serving.status(good, path="/") == 404


def test_whoever_has_left_cannot_listen_and_is_cut_off(cast, database, monkeypatch):
    monkeypatch.setattr(live, "RECHECK", 0.2)
    with running(database) as serving:
        page = serving.page(cast.heron)
        Staff.objects.filter(pk=cast.heron.id).update(is_active=False)
        assert is_cut_off(page)
        assert serving.status(ticket(cast.heron.id)) == 403


def test_signing_out_cuts_off_the_pages_of_that_session_at_once_and_no_others(cast, serving):
    browser = Client()
    sign_in(browser, Staff.objects.get(pk=cast.juniper.id))
    key = browser.session.session_key
    here, elsewhere = serving.page(cast.juniper, key), serving.page(cast.juniper)
    assert browser.post("/desk/sign-out/").status_code == 302
    assert is_cut_off(here)  # long before the next recheck
    assert serving.status(make_ticket(cast.juniper.id, key)) == 403
    reference = report_emergency()
    assert elsewhere.told()["reference"] == reference


def test_a_session_that_is_over_is_cut_off_at_the_next_recheck(cast, database, monkeypatch):
    monkeypatch.setattr(live, "RECHECK", 0.2)
    with running(database) as serving:
        key = session()
        page = serving.page(cast.juniper, key)
        Session.objects.filter(pk=key).update(expire_date=timezone.now() - timezone.timedelta(seconds=1))
        assert is_cut_off(page)
        assert serving.status(make_ticket(cast.juniper.id, key)) == 403


def test_a_ticket_does_not_hold_the_key_of_its_session(cast):
    key = session()
    said = signing.loads(make_ticket(cast.juniper.id, key), salt="live")
    assert said["staff"] == cast.juniper.id
    assert key not in said["session"]


def test_a_page_that_comes_back_is_told_what_it_missed(cast, serving):
    reference = report_emergency()
    page = serving.page(cast.heron)
    change(reference, cast.juniper)
    heard = next(line for line in page.lines() if line.startswith("id: "))[4:]
    page.close()
    missed = report_emergency()
    back = serving.page(cast.heron, **{"Last-Event-ID": heard})
    assert missed in {back.told()["reference"], back.told()["reference"]}


def test_after_the_database_went_away_pages_are_told_what_happened_meanwhile(cast, serving, superuser):
    reference = report_emergency()
    page = serving.page(cast.heron)
    ended = superuser.execute(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like 'LISTEN%'"
    )
    assert ended.fetchone()[0] >= 1
    assert wait_until(lambda: not serving.live.hears, 10)
    outcome = change(reference, cast.juniper)
    told = page.told()
    while told["version"] != outcome.version:  # it may be back before the change, and tell what was before
        told = page.told()
    assert told["reference"] == reference


def test_many_changes_of_one_case_are_told_as_one(cast, serving, monkeypatch):
    monkeypatch.setattr(live, "GATHER", 1.0)
    reference = report_emergency()
    page = serving.page(cast.heron)
    outcomes = [change(reference, cast.juniper, f"Title {number}") for number in range(3)]
    assert page.told()["version"] == outcomes[-1].version


def test_a_person_holds_only_so_many_streams(cast, serving, monkeypatch):
    monkeypatch.setattr(live, "PER_PERSON", 2)
    statuses = [serving.status(ticket(cast.juniper.id)) for _each in range(3)]
    assert statuses == [200, 200, 429]
    assert serving.status(ticket(cast.heron.id)) == 200


def test_a_quiet_stream_shows_a_sign_of_life(cast, database, monkeypatch):
    monkeypatch.setattr(live, "KEEP_ALIVE", 0.1)
    with running(database) as serving:
        assert (
            next(line for line in serving.page(cast.juniper).lines() if line.startswith(":"))
            == ": still here"
        )


def test_a_stream_that_does_not_keep_up_is_ended(monkeypatch):
    monkeypatch.setattr(live, "WAITING", 3)
    stream = live.Stream(1)
    for case in range(4):
        stream.tell(case, b"")
    assert stream.over


def test_a_word_that_is_no_change_is_passed_over(cast, serving, superuser):
    reference = report_emergency()
    page = serving.page(cast.heron)
    for word in ("", "x", "[]", "7", '{"session": "x"}', '{"case": "x"}', '{"case": -1}'):
        superuser.execute("select pg_notify('tutela_live', %s)", [word])
    change(reference, cast.juniper)
    assert page.told()["reference"] == reference


def test_it_says_whether_it_hears_the_database(serving):
    assert serving.status("", path="/healthz") == 200
