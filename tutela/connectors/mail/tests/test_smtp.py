"""What the real mail connector makes of a server's answers, and of none."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from datetime import timedelta

import pytest

from tutela.connectors.mail.adapter import SMTPMail
from tutela.connectors.mail.client import TLS, Server
from tutela.connectors.mail.tests.smtp_server import MailServer
from tutela.core.errors import ConnectorError, NotConfigured, Rejected, TryLater

SENDER = "Trust & Safety <safety@tutela.example>"
LETTER = {"to": "heron@mail.example", "subject": "We have your report", "text": "Dear Heron."}


def send(server: MailServer, **more: object) -> None:
    SMTPMail(Server("127.0.0.1", server.port, **more), SENDER).deliver("send", LETTER, "key-1")


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("450 4.2.0 Greylisted, come back", TryLater),
        ("452 4.3.1 Out of room", TryLater),
        ("421 4.3.2 Closing down", TryLater),
        ("550 5.1.1 Nobody of that name", Rejected),
        ("554 5.7.1 Not from you", Rejected),
        ("530 5.7.0 Sign in first", NotConfigured),
    ],
)
def test_an_answer_becomes_one_of_three_errors(command, answer, error):
    with MailServer(answers={command: answer}) as server, pytest.raises(ConnectorError) as raised:
        send(server)
    assert type(raised.value) is error
    assert answer[4:] in str(raised.value)
    assert not server.mails


def test_a_server_that_asks_to_wait_is_given_time():
    with MailServer(answers={"RCPT": "450 later"}) as server, pytest.raises(TryLater) as raised:
        send(server)
    assert raised.value.after == timedelta(minutes=5)


def test_no_server_is_tried_again_later():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Server("127.0.0.1", taken.getsockname()[1], timeout=2)
        with pytest.raises(TryLater) as raised:
            SMTPMail(nobody, SENDER).deliver("send", LETTER, "key-1")
    assert "TUTELA_SMTP_HOST" in raised.value.what_to_do


def test_a_server_that_goes_away_after_the_mail_may_have_it():
    goes_away = {"DATA": lambda connection: connection.transport.abort()}
    with MailServer(before=goes_away) as server, pytest.raises(TryLater, match="may have the mail"):
        send(server)


def test_a_silent_server_is_not_waited_for_forever():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = Server("127.0.0.1", silent.getsockname()[1], timeout=0.2)
        with pytest.raises(TryLater):
            SMTPMail(server, SENDER).deliver("send", LETTER, "key-1")


def test_without_a_server_nothing_is_configured():
    with pytest.raises(NotConfigured) as raised:
        SMTPMail(Server(""), SENDER).deliver("send", LETTER, "key-1")
    assert "TUTELA_SMTP_HOST" in raised.value.what_to_do


def test_the_password_is_read_anew_each_time(tmp_path):
    password = tmp_path / "password"
    with MailServer(users={"tutela": "second"}) as server:
        mail = SMTPMail(Server("127.0.0.1", server.port, "tutela"), SENDER, password)
        with pytest.raises(NotConfigured, match="password"):
            mail.deliver("send", LETTER, "key-1")
        password.write_text("first\n")
        with pytest.raises(NotConfigured) as raised:
            mail.deliver("send", LETTER, "key-1")
        assert "TUTELA_SMTP_USER" in raised.value.what_to_do
        password.write_text("second\n")
        mail.deliver("send", LETTER, "key-1")
    assert len(server.mails) == 1


def test_a_private_line_that_is_required_and_not_offered_sends_nothing():
    with MailServer() as server, pytest.raises(NotConfigured, match="not private"):
        send(server, tls=TLS.REQUIRED)
    assert not server.mails


def test_lines_of_dots_arrive():
    with MailServer() as server:
        SMTPMail(Server("127.0.0.1", server.port), SENDER).deliver(
            "send", LETTER | {"text": ".\n..\n. x"}, "key-1"
        )
    assert b"\r\n.\r\n..\r\n. x\r\n" in server.mails[0]


@pytest.fixture
def certificate(tmp_path) -> tuple[ssl.SSLContext, str]:
    """A certificate for this machine that nobody trusts yet, and the file to trust it by."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes a certificate with the program openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=mx.mail.example", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"]
    made = [openssl, "req", *kind, *names, "-keyout", key, "-out", certificate]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, str(certificate)


def test_a_private_line_is_used_when_it_is_offered(certificate, monkeypatch):
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    with MailServer(certificate=context) as server:
        send(server, tls=TLS.REQUIRED)
        send(server)
    assert server.private == [True, True]


def test_a_certificate_that_nobody_vouches_for_is_not_private(certificate):
    context, _ = certificate
    with MailServer(certificate=context) as server, pytest.raises(NotConfigured, match="not private"):
        send(server)
    assert not server.mails
