"""Mail from a real mail server into a real database: marked only when durable, never lost, never twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from time import monotonic, sleep

import pytest
from django.db import OperationalError, connection

from tutela.config.health import whole_platform
from tutela.connectors.imap.accounts import Source, sources
from tutela.connectors.imap.tests import dovecot as servers
from tutela.connectors.imap.tests.dovecot import PASSWORD, Dovecot
from tutela.core.cases.models import Report
from tutela.core.health import beats
from tutela.core.health.models import Heartbeat
from tutela.core.health.report import Part
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.server import doctor
from tutela.surfaces.mail import fetcher
from tutela.surfaces.mail.tests.test_intake import EMERGENCY

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

TUTELA = [sys.executable, "-m", "tutela"]


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("PASSWORD_OF_TESTS", PASSWORD)


def address(server: Dovecot, user: str, more: str = "") -> str:
    where = f"imap://{user}@127.0.0.1:{server.port}"
    return f"{where}?mailbox=emergency&password-variable=PASSWORD_OF_TESTS{more}"


def source(server: Dovecot, user: str, more: str = "") -> Source:
    (found,) = sources(address(server, user, more), frozenset({"emergency"}))
    return found


def numbered(number: int) -> bytes:
    return b"Message-ID: <%d@mail.example>\r\nFrom: heron@mail.example\r\n\r\nMail number %d.\r\n" % (
        number,
        number,
    )


def reports() -> list[Report]:
    with acting_as(system_actor(SystemActor.INTAKE)):
        return list(Report.objects.order_by("id"))


def wait_until(said: Callable[[], bool], seconds: float = 40) -> None:
    until = monotonic() + seconds
    while not said():
        assert monotonic() < until, "it did not come about"
        sleep(0.05)


@contextmanager
def fetching(found: Source):
    """The fetcher at work, in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=fetcher.Fetcher(found, stop).run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


@contextmanager
def program(addresses: str, **environment: str):
    """The program `tutela mail fetch`, at work."""
    process = subprocess.Popen(
        [*TUTELA, "mail", "fetch"],
        env=os.environ | {"TUTELA_IMAP": addresses} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_every_mail_is_a_report_and_marked_and_comes_once(dovecot):
    dovecot.deliver("all", EMERGENCY, *(numbered(each) for each in range(60)))
    assert fetcher.Fetcher(source(dovecot, "all"), threading.Event()).once()
    first, *others = reports()
    assert bytes(first.raw) == EMERGENCY
    assert (first.channel, first.mailbox, first.workflow) == ("mail", "emergency", "emergency")
    assert len(others) == 60
    assert dovecot.flags("all") == [{b"$Tutela"}] * 61
    assert fetcher.Fetcher(source(dovecot, "all"), threading.Event()).once()
    assert len(reports()) == 61


def test_a_folder_that_lost_its_marks_brings_nothing_twice(dovecot):
    dovecot.deliver("rebuilt", EMERGENCY)
    fetcher.Fetcher(source(dovecot, "rebuilt"), threading.Event()).once()
    dovecot.deliver("rebuilt-again", EMERGENCY)  # as after a restore: other numbers, another validity
    fetcher.Fetcher(source(dovecot, "rebuilt-again"), threading.Event()).once()
    assert len(reports()) == 1


def test_a_new_mail_is_there_at_once_and_what_was_taken_goes_where_it_should(dovecot):
    with fetching(source(dovecot, "quick", "&done=Taken")):
        wait_until(lambda: Heartbeat.objects.filter(name="mailbox.emergency").exists())
        dovecot.deliver("quick", EMERGENCY)
        wait_until(lambda: len(reports()) == 1)
        wait_until(lambda: dovecot.flags("quick", "Taken") != [])
    assert dovecot.flags("quick") == []


@pytest.mark.parametrize("more", ["", "&done=Taken"], ids=["marked", "moved"])
def test_killed_between_commit_and_mark_it_leaves_one_report(dovecot, more):
    user = f"killed{len(more)}"
    dovecot.deliver(user, EMERGENCY)
    with program(address(dovecot, user, more), TUTELA_CRASH_AT="mail.before_mark") as process:
        assert process.wait(60) == -signal.SIGKILL
    assert len(reports()) == 1
    assert dovecot.flags(user) == [set()]
    done = subprocess.run(
        [*TUTELA, "mail", "fetch", "--once"],
        env=os.environ | {"TUTELA_IMAP": address(dovecot, user, more)},
        check=False,
    )
    assert done.returncode == 0
    assert len(reports()) == 1
    assert dovecot.flags(user) == ([] if more else [{b"$Tutela"}])


def test_a_mail_that_cannot_be_stored_stays_and_the_others_go_on(dovecot, monkeypatch, settings):
    settings.IMAP = address(dovecot, "stuck")
    dovecot.deliver("stuck", numbered(1), numbered(2), numbered(3))
    take_in = fetcher.take_in

    def refuses_one(raw: bytes, *given: object, **more: object):
        if b"number 2" in raw:
            raise ValueError("a fault of ours")
        return take_in(raw, *given, **more)

    monkeypatch.setattr(fetcher, "take_in", refuses_one)
    one = fetcher.Fetcher(source(dovecot, "stuck"), threading.Event())
    assert not one.once()
    assert [report.text.strip() for report in reports()] == ["Mail number 1.", "Mail number 3."]
    assert dovecot.flags("stuck") == [{b"$Tutela"}, set(), {b"$Tutela"}]
    health = whole_platform()
    assert not health.parts[Part.MAIL]
    assert any("1 mail of “emergency”" in sentence for sentence in health.attention)
    monkeypatch.setattr(fetcher, "take_in", take_in)
    later = fetcher.Fetcher(source(dovecot, "stuck"), threading.Event())
    assert later.once()
    assert len(reports()) == 3
    assert whole_platform().parts[Part.MAIL]


def test_without_its_database_it_marks_nothing(dovecot, monkeypatch):
    def away(*_given: object, **_more: object) -> None:
        raise OperationalError

    dovecot.deliver("away", EMERGENCY)
    monkeypatch.setattr(fetcher, "take_in", away)
    assert not fetcher.Fetcher(source(dovecot, "away"), threading.Event()).once()
    assert dovecot.flags("away") == [set()]


def test_a_mail_that_is_too_large_is_told_of_by_its_beginning(dovecot, monkeypatch):
    monkeypatch.setattr(fetcher, "MAX_MAIL", 4000)
    monkeypatch.setattr(fetcher, "BEGINNING", 1000)
    dovecot.deliver("large", EMERGENCY + b"More words.\r\n" * 1000, numbered(1))
    assert fetcher.Fetcher(source(dovecot, "large"), threading.Event()).once()
    large, small = reports()
    assert "mail-cut" in [one["code"] for one in large.problems]
    assert large.subject == "I am worried about somebody"
    assert len(large.raw) == 1000
    assert not small.problems
    assert dovecot.flags("large") == [{b"$Tutela"}] * 2  # it stays where it is


def test_a_server_that_restarts_while_we_listen_is_gone_back_to(monkeypatch, settings):
    if servers.PROGRAM is None:
        pytest.skip(servers.MISSING)
    monkeypatch.setattr(fetcher, "SHORTEST_PAUSE", 0.05)
    with servers.running() as server:
        settings.IMAP = address(server, "restarted")

        def trouble() -> str:
            beat = Heartbeat.objects.filter(name="mailbox.emergency").first()
            return beat.detail.get("trouble", "") if beat else "not yet"

        with fetching(source(server, "restarted")):
            wait_until(lambda: not trouble())
            server.stop()
            wait_until(lambda: "could not be reached" in trouble())
            assert any("could not be reached" in said for said in whole_platform().attention)
            server.start()
            server.deliver("restarted", EMERGENCY)
            wait_until(lambda: len(reports()) == 1)
            wait_until(lambda: not trouble())


def test_a_refused_sign_in_stands_where_health_looks(dovecot, monkeypatch, settings):
    settings.IMAP = address(dovecot, "refused")
    monkeypatch.setenv("PASSWORD_OF_TESTS", "wrong")
    assert not fetcher.Fetcher(source(dovecot, "refused"), threading.Event()).once()
    (said,) = [one for one in whole_platform().attention if "emergency" in one]
    assert "refused to sign refused in" in said
    assert "wrong" not in said
    (finding,) = doctor.fetched_mail()
    assert finding.state is doctor.State.FAULT
    monkeypatch.setenv("PASSWORD_OF_TESTS", PASSWORD)
    assert fetcher.Fetcher(source(dovecot, "refused"), threading.Event()).once()
    (finding,) = doctor.fetched_mail()
    assert finding.state is doctor.State.OK


def test_an_account_that_nobody_fetches_from_is_told_of(settings, db):
    settings.IMAP = "imaps://a@b.example?mailbox=ca&password-file=/nowhere"
    assert any("tutela mail fetch" in said for said in whole_platform().attention)
    beats.beat("mailbox.ca", 0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE health_heartbeat SET at = at - interval '1 hour' WHERE name = 'mailbox.ca'")
    assert any("is not fetched" in said for said in whole_platform().attention)
    settings.IMAP = "imaps://a@b.example?mailbox=nobody"
    assert any("TUTELA_IMAP" in said for said in whole_platform().attention)


def test_the_program_says_what_is_wrong_and_stops_when_asked(dovecot):
    none = subprocess.run(
        [*TUTELA, "mail", "fetch"], env=os.environ | {"TUTELA_IMAP": ""}, capture_output=True, check=False
    )
    assert (none.returncode, b"TUTELA_IMAP" in none.stderr) == (1, True)
    later = subprocess.run(
        [*TUTELA, "mail", "fetch", "--once"],
        env=os.environ | {"TUTELA_IMAP": address(dovecot, "later"), "PASSWORD_OF_TESTS": "wrong"},
        capture_output=True,
        check=False,
    )
    assert (later.returncode, b"Traceback" in later.stderr) == (75, False)
    with program(address(dovecot, "stopped")) as process:
        assert process.stderr is not None
        assert re.search("Fetching mail for emergency", process.stderr.readline())
        wait_until(lambda: Heartbeat.objects.filter(name="mailbox.emergency").exists())
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
