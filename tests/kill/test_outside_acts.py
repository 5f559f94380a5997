"""The worker is killed in every gap between two commits: an act happens once, and is not shown before."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests.cast import emergency, make_cast, report_emergency
from tutela.core.cases.models import Case, Event, Report
from tutela.core.cases.receive import receive
from tutela.core.flow.context import Wish
from tutela.core.flow.perform import queue_effects
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from .tools import Worker, World, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

POINTS = ["courier.after_claim", "courier.before_delivery", "courier.after_delivery", "courier.after_receipt"]
SCRIPT = str(Path(__file__).with_name("worker_for_world.py"))


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "world")


def queue(*verbs):
    """A case with an effect of each verb, and none of its own. Returns the keys."""
    make_cast()
    reference = report_emergency()
    with acting_as(system_actor(SystemActor.INTAKE)):
        case = Case.objects.get(reference=reference)
        Effect.objects.update(state=EffectState.ABANDONED)
        wishes = [Wish("world", verb, {}, verb, str(number)) for number, verb in enumerate(verbs)]
        return [one.key for one in queue_effects(case, case.events.latest("id"), wishes)]


def effects(**which):
    with acting_as(system_actor(SystemActor.COURIER)):
        return list(Effect.objects.filter(**which).exclude(state=EffectState.ABANDONED).order_by("id"))


def settled():
    return all(one.state == EffectState.CONFIRMED for one in effects())


def shown_as_delivered():
    with acting_as(system_actor(SystemActor.COURIER)):
        return Event.objects.filter(kind=Event.Kind.EFFECT, step="delivered").count()


@pytest.mark.parametrize("point", POINTS)
def test_an_act_that_must_not_happen_twice_happens_once(world, point):
    keys = queue("ban", "ban", "ban")
    Worker(SCRIPT, str(world.path), crash_at=point).wait_for_crash()
    reached = world.reached()
    assert all(reached[one.key] for one in effects(state=EffectState.CONFIRMED)), "shown as done and not done"
    worker = Worker(SCRIPT, str(world.path))
    wait_for(settled, "every act is confirmed")
    worker.wait_until_at_work()
    assert worker.stop() == 0
    assert world.reached() == dict.fromkeys(keys, 1)
    assert shown_as_delivered() == 3


def test_each_mail_is_one_file():
    make_cast()
    report_emergency(sender_email="reader@mail.example")
    Worker(crash_at="courier.after_delivery").wait_for_crash()
    worker = Worker()
    wait_for(settled, "every mail is confirmed")
    assert worker.stop() == 0
    files = {one.receipt["detail"]["file"] for one in effects()}
    assert len(files) == len(effects()) == shown_as_delivered() > 1
    assert all((mail_folder() / name).read_bytes() for name in files)


def mail_folder():
    from django.conf import settings

    return settings.MAIL_FOLDER / "out"


class Sink:
    """A mail server that takes everything and counts it."""

    def __init__(self):
        self.message_ids = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802  aiosmtpd's word
        line = next(one for one in envelope.content.splitlines() if one.lower().startswith(b"message-id:"))
        self.message_ids.append(line)
        return "250 kept"


@pytest.fixture
def smtp():
    sink = Sink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        sink.port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    yield sink
    controller.stop()


def test_a_mail_server_gets_each_mail_and_only_the_one_in_hand_again(smtp):
    make_cast()
    report_emergency(sender_email="reader@mail.example")
    server = {"TUTELA_SMTP_HOST": "127.0.0.1", "TUTELA_SMTP_PORT": str(smtp.port)}
    Worker(crash_at="courier.after_delivery", **server).wait_for_crash()
    worker = Worker(**server)
    wait_for(settled, "every mail is confirmed")
    worker.stop()
    many = len(effects())
    assert len(set(smtp.message_ids)) == many, "a second copy must be the same mail to programs"
    assert len(smtp.message_ids) == many + 1, "only the one in hand comes a second time"


def test_a_worker_that_is_asked_to_stop_finishes_what_it_has_in_hand(world):
    keys = queue(*["tell"] * 300)
    worker = Worker(SCRIPT, str(world.path))
    wait_for(world.reached, "it has begun")
    assert worker.stop() == 0
    done = {one.key for one in effects(state=EffectState.CONFIRMED)}
    assert done == set(world.reached())
    assert {one.state for one in effects()} <= {EffectState.CONFIRMED, EffectState.DUE}
    last = Worker(SCRIPT, str(world.path))
    wait_for(settled, "the next one does the rest")
    last.stop()
    assert world.reached() == dict.fromkeys(keys, 1)


def test_two_workers_share_and_do_nothing_twice(world):
    keys = queue(*(["tell"] * 200 + ["ban"] * 20))
    workers = [Worker(SCRIPT, str(world.path)) for _each in range(2)]
    wait_for(settled, "every act is confirmed")
    for worker in workers:
        worker.stop()
    assert world.reached() == dict.fromkeys(keys, 1)
    assert shown_as_delivered() == len(keys)


def test_a_mail_server_that_never_answers_delays_mail_and_nothing_else():
    make_cast()
    report_emergency(sender_email="reader@mail.example")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        worker = Worker(TUTELA_SMTP_HOST="127.0.0.1", TUTELA_SMTP_PORT=str(deaf.getsockname()[1]))
        wait_for(lambda: any(one.state == EffectState.SENDING for one in effects()), "a mail is on its way")
        report = receive(emergency()).report_id
        wait_for(lambda: opened(report), "the next report is a case", 20)
        worker.kill()
    assert not shown_as_delivered()


def opened(report_id):
    with acting_as(system_actor(SystemActor.INTAKE)):
        return Report.objects.filter(pk=report_id).exclude(opened_at=None).exists()
