"""Mail floods in both ways, while both programs are killed again and again: each mail is kept once."""

from __future__ import annotations

import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import sleep

import pytest

from tutela.connectors.imap.tests.dovecot import PASSWORD, Dovecot, dovecot
from tutela.core.cases.models import Report
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.surfaces.mail.tests.listening import Client
from tutela.surfaces.mail.tests.test_command import free_port, mail
from tutela.surfaces.mail.tests.test_fetch import address, program

from .tools import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

__all__ = ["dovecot"]

EACH_WAY, KILLS = 150, 3
#: Seconds: between two mails of a sender, and how long a program lives before it is killed.
PAUSE, LIVES = 0.03, (0.7, 2.0)

Program = Callable[[], AbstractContextManager["subprocess.Popen[str]"]]


def numbered(way: str, number: int) -> bytes:
    heads = f"Message-ID: <{way}-{number}@mail.example>\r\nFrom: heron@mail.example\r\n"
    return f"{heads}Subject: {way}\r\n\r\nMail {number} of many. {'Words. ' * 200}\r\n".encode()


def hand_over(port: int) -> None:
    """Hand mails over by LMTP, and keep each until somebody takes it, as mail servers do."""
    for number in range(EACH_WAY):
        while not is_taken(port, numbered("lmtp", number)):
            sleep(PAUSE)
        sleep(PAUSE)


def is_taken(port: int, raw: bytes) -> bool:
    try:
        with Client(port) as line:
            line.start("emergency@tutela.example")
            (reply,) = line.data(raw)
    except (OSError, AssertionError):  # nobody there, or gone in the middle
        return False
    return reply.startswith("250 ")


def deliver(server: Dovecot) -> None:
    for number in range(EACH_WAY):
        server.deliver("flood", numbered("imap", number))
        sleep(PAUSE)


@contextmanager
def killed_again_and_again(start: Program, moments: random.Random) -> Iterator[None]:
    """A program that is killed at random moments and started again; the last one lives to the end."""
    over = threading.Event()

    def live() -> None:
        for life in range(KILLS + 1):
            with start() as process:
                reader = threading.Thread(target=process.stderr.read)  # type: ignore[union-attr]  a pipe
                reader.start()
                over.wait(moments.uniform(*LIVES) if life < KILLS else None)
                process.kill()
                reader.join()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def stored() -> Counter[str]:
    with acting_as(system_actor(SystemActor.INTAKE)):
        return Counter(Report.objects.values_list("message_id", flat=True))


def test_every_mail_is_there_once_whatever_is_killed(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PASSWORD_OF_TESTS", PASSWORD)
    seed, port, where = random.randrange(10**6), free_port(), address(dovecot, "flood")
    dovecot.deliver("flood", b"Subject: the first\r\n\r\nMakes the mailbox.\r\n")
    senders = [
        threading.Thread(target=hand_over, args=(int(port),)),
        threading.Thread(target=deliver, args=(dovecot,)),
    ]
    with (
        killed_again_and_again(lambda: mail(port), random.Random(seed)),
        killed_again_and_again(lambda: program(where), random.Random(seed + 1)),
    ):
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        wait_for(
            lambda: dovecot.flags("flood") == [{b"$Tutela"}] * (EACH_WAY + 1),
            f"every mail is fetched and marked (seed {seed})",
        )
    expected = {f"<{way}-{each}@mail.example>": 1 for way in ("lmtp", "imap") for each in range(EACH_WAY)}
    assert stored() == expected | {"": 1}, f"seed {seed}"
