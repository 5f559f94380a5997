"""What ends is told of before it does; and a clock that is off is told, and does no harm."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.utils import timezone

from tests.cast import emergency, make_cast, report_emergency
from tutela.config import health
from tutela.connectors.ports import OnDoubt, Verb
from tutela.core.cases.models import Report
from tutela.core.cases.opening import open_waiting
from tutela.core.cases.receive import receive
from tutela.core.flow.models import ClockRow
from tutela.core.flow.poller import tick
from tutela.core.health import beats
from tutela.core.health.models import Ending
from tutela.core.health.report import Part
from tutela.core.outbox.courier import Courier
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.outbox.tests.outside import Outside
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Staff, Token
from tutela.core.people.roles import SystemActor
from tutela.core.people.tokens import make_token
from tutela.core.vault.models import IntakeKey
from tutela.server import doctor, endings

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def certificate(folder, days: int):
    """A file with a key and a certificate for this machine that ends in so many days."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{days}.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(plain + made.public_bytes(Encoding.PEM))
    return path


@contextmanager
def served(path):
    """A server on this machine that shows a certificate. Yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            line, _address = listener.accept()
            with line, context.wrap_socket(line, server_side=True) as private:
                private.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("days", [90, 5, -2])
def test_a_certificate_is_told_of_three_weeks_before_its_end_and_after_it(tmp_path, monkeypatch, days):
    with served(certificate(tmp_path, days)) as port:
        monkeypatch.setenv("TUTELA_DESK_URL", f"https://127.0.0.1:{port}")
        endings.look()
    (found,) = Ending.objects.filter(kind=Ending.Kind.CERTIFICATE)
    assert abs(found.ends_at - timezone.now() - timedelta(days=days)) < HOUR
    said = health.whole_platform().attention
    assert any("certificate of 127.0.0.1" in one for one in said) is (days < 21)


def test_a_server_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv("TUTELA_PUBLIC_URL", "https://127.0.0.1:9")
    endings.look()
    assert any("could not be looked at" in one for one in health.whole_platform().attention)


def test_a_token_is_told_of_unless_it_was_revoked():
    cast = make_cast()
    staff = Staff.objects.get(pk=cast.juniper.id)
    with acting_as(cast.juniper):
        for name, days in (("wiki extension", 3), ("mirror", 80)):
            make_token(staff, name, "read", timedelta(days=days), cast.juniper)
    endings.look()
    said = [one for one in health.whole_platform().attention if "API token" in one]
    assert len(said) == 1
    assert "“wiki extension”" in said[0]
    Token.objects.update(revoked_at=timezone.now())
    endings.look()
    assert not any("API token" in one for one in health.whole_platform().attention)


def test_an_old_key_is_to_be_renewed(settings):
    endings.look()
    assert not any("to be renewed" in one for one in health.whole_platform().attention)
    IntakeKey.objects.update(made_at=timezone.now() - timedelta(days=settings.KEY_DAYS))
    endings.look()
    assert any("tutela vault renew intake" in one for one in health.whole_platform().attention)


def test_roots_of_stamps_are_looked_at(tmp_path, settings):
    settings.TSA_ROOTS = str(certificate(tmp_path, 4))
    endings.look()
    assert any("root certificate CN=desk.example" in one for one in health.whole_platform().attention)


def test_the_doctor_says_it(transactional_db, settings):
    settings.KEY_DAYS = 1
    found = list(doctor.time())
    assert found[0].check == "Clock"
    assert found[0].state is doctor.State.OK
    assert {one.state for one in found[1:]} == {doctor.State.SOON}
    assert any("tutela vault renew provider" in one.seen for one in found)


class TestClockThatIsOff:
    """A machine whose clock is an hour ahead, or behind."""

    @pytest.mark.parametrize("off", [HOUR, -HOUR])
    def test_it_is_told_and_the_machine_is_not_ready(self, off):
        for name in health.loops():
            beats.beat(name, 10**6)
        assert health.whole_platform().ready
        with time_machine.travel(datetime.now(UTC) + off):
            state = health.whole_platform()
        assert not state.ready
        assert state.parts[Part.TIME] is False
        assert any("seconds off the database's" in one for one in state.faults)

    def test_its_worker_lapses_no_clock_early(self):
        make_cast()
        report_emergency()
        with acting_as(system_actor(SystemActor.CLOCK)):
            ClockRow.objects.update(next_at=timezone.now() + HOUR / 2)
        with time_machine.travel(datetime.now(UTC) + HOUR):
            assert tick() == 0

    @pytest.mark.django_db(transaction=True)
    def test_its_courier_takes_over_nothing_that_another_one_has_in_hand(self):
        make_cast()
        report_emergency()
        with acting_as(system_actor(SystemActor.COURIER)):
            Effect.objects.update(state=EffectState.SENDING, due_at=timezone.now() + HOUR / 2)
        outside = Outside()
        outside.verbs = {"send": Verb("send", OnDoubt.ASK)}
        with time_machine.travel(datetime.now(UTC) + HOUR):
            assert Courier({"mail": outside}).run_once() == 0
        assert not outside.done

    @pytest.mark.parametrize("off", [HOUR, -HOUR])
    def test_a_report_that_it_took_is_opened_at_once(self, off):
        make_cast()
        with time_machine.travel(datetime.now(UTC) + off):
            receive(emergency())
        open_waiting()
        with acting_as(system_actor(SystemActor.INTAKE)):
            assert not Report.objects.filter(opened_at=None).exists()
