"""`tutela receive` and `tutela mail` as an operator and a mail server use them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tutela.core.cases.models import Report
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.surfaces.mail.tests.listening import Client
from tutela.surfaces.mail.tests.test_intake import EMERGENCY, SAMPLES

pytestmark = pytest.mark.slow  # each starts programs

TUTELA = [sys.executable, "-m", "tutela"]


def tutela(*words: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*TUTELA, *words],
        input=given,
        env=os.environ | environment,
        capture_output=True,
        check=False,
        timeout=120,
    )


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@contextmanager
def mail(port: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The program `tutela mail`, listening."""
    process = subprocess.Popen(
        [*TUTELA, "mail"],
        env=os.environ | {"TUTELA_LMTP_PORT": port} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any(re.search(rf"LMTP on 127\.0\.0\.1:{port}", line) for line in lines), "it did not start"
        yield process
    finally:
        process.kill()
        process.communicate()


def reports() -> int:
    with acting_as(system_actor(SystemActor.INTAKE)):
        return Report.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_file_is_taken_in_once_and_its_case_named():
    path = str(SAMPLES / "plain-emergency.eml")
    first = json.loads(tutela("receive", path, "--mailbox", "emergency", "--json").stdout)
    assert first["case"].startswith("EM-")
    assert first["duplicate"] is False
    again = tutela("receive", "-", "--mailbox", "Emergency@tutela.example", "--json", given=EMERGENCY)
    assert again.returncode == 0
    assert json.loads(again.stdout) == first | {"duplicate": True}
    words = tutela("receive", path, "--mailbox", "emergency").stdout.decode()
    assert words.split() == ["report", str(first["report"]), "case", first["case"], "duplicate", "yes"]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_taken_in_says_why_and_how_to_go_on():
    nobody = tutela("receive", "-", "--mailbox", "nobody")
    assert (nobody.returncode, b"emergency" in nobody.stderr) == (67, True)
    missing = tutela("receive", "/nowhere/mail.eml", "--mailbox", "emergency")
    assert (missing.returncode, b"/nowhere/mail.eml" in missing.stderr) == (1, True)
    away = f"postgresql://tutela_desk:x@127.0.0.1:{free_port()}/tutela"
    later = tutela("receive", "-", "--mailbox", "emergency", given=EMERGENCY, TUTELA_DESK_DATABASE_URL=away)
    assert (later.returncode, b"Nothing was stored" in later.stderr) == (75, True)
    assert b"Traceback" not in nobody.stderr + missing.stderr + later.stderr
    assert reports() == 0


@pytest.mark.django_db(transaction=True)
def test_a_listener_killed_before_its_answer_leaves_one_report():
    port = free_port()
    with mail(port, TUTELA_CRASH_AT="mail.before_answer") as process, Client(int(port)) as client:
        client.start("emergency@tutela.example")
        assert client.data(EMERGENCY) == [""]  # no answer: the sender keeps the mail
        assert process.wait(20) == -signal.SIGKILL
    assert reports() == 1
    with mail(port), Client(int(port)) as client:
        client.start("emergency@tutela.example")
        (answer,) = client.data(EMERGENCY)
    assert re.fullmatch(r"250 2\.0\.0 Report \d+ as before", answer)
    assert reports() == 1


@pytest.mark.django_db(transaction=True)
def test_a_listener_without_its_database_promises_nothing_and_stays():
    port = free_port()
    away = f"postgresql://tutela_desk:x@127.0.0.1:{free_port()}/tutela"
    with mail(port, TUTELA_DESK_DATABASE_URL=away), Client(int(port)) as client:
        for _attempt in range(2):
            client.start("emergency@tutela.example", "ca@tutela.example")
            assert [reply[:9] for reply in client.data(EMERGENCY, 2)] == ["451 4.3.0"] * 2
    assert reports() == 0


@pytest.mark.django_db(transaction=True)
def test_a_listener_stops_cleanly_when_asked():
    port = free_port()
    with mail(port) as process, Client(int(port)):
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.django_db(transaction=True)
def test_a_taken_port_is_said_in_words():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = tutela("mail", TUTELA_LMTP_PORT=port)
    assert answer.returncode == 1
    assert answer.stderr.decode().strip().endswith("Set TUTELA_LMTP_PORT.")
    assert b"Traceback" not in answer.stderr
