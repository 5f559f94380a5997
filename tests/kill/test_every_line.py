"""A courier is killed at every line between the decision and the receipt, for every connector there is.

What must not happen twice never does; and what did not happen is never shown as done.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.conf import settings as project

from tests.cast import make_cast, report_emergency
from tutela.connectors import FACTORIES
from tutela.core.cases.models import Case
from tutela.core.flow.context import Wish
from tutela.core.flow.perform import queue_effects
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.server.processes import dies_with_parent

from .test_outside_acts import smtp
from .tools import World

__all__ = ["smtp"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LETTER = {"to": "reader@mail.example", "subject": "Your report", "text": "We have it."}
#: A delivery runs more lines than this; fewer would mean that the fuse counts nothing.
FEWEST = 40
PATIENCE = 60


class Couriers:
    """The process of every_line.py."""

    def __init__(self, **surroundings: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.every_line"],
            env=os.environ | surroundings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509  no thread runs while we fork
        )

    def ask(self, *what: object) -> str:
        """What became of one courier."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(" ".join(map(str, what)) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        """End it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


@pytest.fixture
def couriers():
    found = []

    def start(**surroundings):
        found.append(Couriers(**surroundings))
        return found[-1]

    yield start
    for one in found:
        one.end()


def queue(kind, verb, payload, numbers):
    """An effect for each of many connectors of a kind. Returns their keys."""
    with acting_as(system_actor(SystemActor.INTAKE)):
        case = Case.objects.get()
        wishes = [Wish(f"{kind}-{number}", verb, payload, "one", f"{kind} {number}") for number in numbers]
        return [one.key for one in queue_effects(case, case.events.latest("id"), wishes)]


def effects(kind):
    with acting_as(system_actor(SystemActor.COURIER)):
        return list(Effect.objects.filter(connector__startswith=f"{kind}-").order_by("id"))


def crash_at_every_line(couriers, kind, verb, payload):
    """Kill a courier at each line of a delivery of its own. Returns the keys, once nothing is left to do."""
    make_cast()
    report_emergency()
    with acting_as(system_actor(SystemActor.INTAKE)):
        Effect.objects.update(state=EffectState.ABANDONED)
    queue(kind, verb, payload, [0])
    done, count = couriers.ask(kind, 0).split()
    assert done == "done"
    lines = int(count)
    assert lines > FEWEST
    queue(kind, verb, payload, range(1, lines + 1))
    assert {couriers.ask(kind, number) for number in range(1, lines + 1)} == {"killed"}
    yield
    until = time.monotonic() + PATIENCE
    while any(one.state in {EffectState.DUE, EffectState.SENDING} for one in effects(kind)):
        assert time.monotonic() < until, "something is never settled"
        assert couriers.ask(kind, "rest", lines) == "done 0"
    yield


def test_what_must_not_happen_twice_happens_once(couriers):
    story = crash_at_every_line(couriers(), "world", "ban", {})
    next(story)
    world = World(project.MAIL_FOLDER / "world")
    for one in effects("world"):
        assert world.reached()[one.key] or one.state != EffectState.CONFIRMED, "shown as done and not done"
    next(story)
    assert {one.state for one in effects("world")} == {EffectState.CONFIRMED}
    assert world.reached() == {one.key: 1 for one in effects("world")}


def test_where_nobody_can_tell_it_is_never_done_twice_and_never_shown_as_done(couriers):
    for _half in crash_at_every_line(couriers(), "forgetful", "ban", {}):
        reached = World(project.MAIL_FOLDER / "forgetful").reached()
        assert set(reached.values()) == {1}
        for one in effects("forgetful"):
            assert reached[one.key] or one.state != EffectState.CONFIRMED, "shown as done and not done"
    told = Counter(one.state for one in effects("forgetful"))
    assert set(told) == {EffectState.CONFIRMED, EffectState.FAILED}
    assert all(reached[one.key] == 1 for one in effects("forgetful") if one.state == EffectState.CONFIRMED)


def test_each_letter_is_one_file(couriers):
    before = letters()
    for _half in crash_at_every_line(couriers(), "mail", "send", LETTER):
        pass
    sent = effects("mail")
    assert {one.state for one in sent} == {EffectState.CONFIRMED}
    names = {one.receipt["detail"]["file"] for one in sent}
    assert len(names) == len(sent)
    assert names == letters() - before


def letters():
    return {path.name for path in (project.MAIL_FOLDER / "out").glob("*.eml")}


def test_a_mail_server_gets_each_letter_and_no_other_one(couriers, smtp):
    server = {"TUTELA_SMTP_HOST": "127.0.0.1", "TUTELA_SMTP_PORT": str(smtp.port)}
    for _half in crash_at_every_line(couriers(**server), "mail", "send", LETTER):
        pass
    sent = effects("mail")
    assert {one.state for one in sent} == {EffectState.CONFIRMED}
    came = Counter(line.partition(b":")[2].strip().decode() for line in smtp.message_ids)
    assert set(came) == {one.receipt["reference"] for one in sent}
    assert set(came.values()) <= {1, 2}, "again only where it broke off, and as the same mail"


def test_every_connector_is_among_them():
    assert set(FACTORIES) == {"mail"}, "a new connector needs its own test here"
