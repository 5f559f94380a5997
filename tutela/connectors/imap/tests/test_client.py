"""A real server: mails are found, read in part, marked and moved, and the server tells of new ones."""

from __future__ import annotations

import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tutela.connectors.imap import client
from tutela.connectors.imap.tests import dovecot as servers
from tutela.connectors.imap.tests.dovecot import PASSWORD, Dovecot

HELLO = b"Subject: hello\r\n\r\nSomebody is in danger.\r\n"


def account(server: Dovecot, user: str, **more: object) -> client.Account:
    given = {"host": "127.0.0.1", "port": server.port, "user": user, "password": PASSWORD, "private": False}
    return client.Account(**(given | more))


def never(_seconds: float) -> bool:
    return False


def test_a_mail_is_found_read_and_marked_without_being_marked_as_read(dovecot):
    dovecot.deliver("heron", HELLO, HELLO + b"More.\r\n")
    with client.opened(account(dovecot, "heron")) as folder:
        first, second = folder.waiting()
        assert folder.sizes([first, second, 99]) == {first: len(HELLO), second: len(HELLO) + 7}
        assert folder.mail(first, 1_000_000) == HELLO
        assert folder.mail(first, 14) == HELLO[:14]
        assert folder.mail(99, 100) is None
        folder.mark(first)
        assert folder.waiting() == [second]
    assert dovecot.flags("heron") == [{b"$Tutela"}, set()]


def test_a_mail_goes_to_the_folder_for_what_is_done_which_is_made(dovecot):
    dovecot.deliver("larch", HELLO)
    with client.opened(account(dovecot, "larch", done="Übernommen")) as folder:
        folder.mark(folder.waiting()[0])
        assert folder.waiting() == []
    with client.opened(account(dovecot, "larch", folder="Übernommen")) as folder:
        assert len(folder.waiting()) == 1


def test_only_mail_from_a_day_on_is_asked_for(dovecot):
    dovecot.deliver("linden", HELLO)
    today = datetime.now(UTC).date()
    with client.opened(account(dovecot, "linden")) as folder:
        assert folder.waiting(today - timedelta(days=2))
        assert not folder.waiting(today + timedelta(days=2))


def test_the_server_tells_of_a_new_mail(dovecot):
    with client.opened(account(dovecot, "wren")) as folder:
        assert not folder.waiting()
        sender = threading.Timer(0.3, dovecot.deliver, ("wren", HELLO))
        sender.start()
        folder.rest(600, never)  # would last ten minutes if it did not
        sender.join()
        assert len(folder.waiting()) == 1


def test_a_rest_ends_when_somebody_wants_to_stop(dovecot):
    stop = threading.Event()
    stop.set()
    with client.opened(account(dovecot, "wren-2")) as folder:
        folder.rest(600, stop.wait)


def test_a_wrong_password_is_refused_without_a_word_of_it(dovecot):
    with pytest.raises(client.Refused) as caught, client.opened(account(dovecot, "moss", password="wrong")):
        pass
    assert "moss" in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_a_folder_that_is_not_there_is_named(dovecot):
    elsewhere = account(dovecot, "moss", folder="Elsewhere")
    with pytest.raises(client.Unsuitable, match="Elsewhere"), client.opened(elsewhere):
        pass


def test_nobody_there_is_unreachable():
    with pytest.raises(client.Unreachable), client.opened(client.Account("127.0.0.1", 9, "moss", "x")):
        pass


@pytest.fixture(scope="module")
def private(tmp_path_factory) -> tuple[Dovecot, Path]:
    """A server with a certificate that nobody trusts unless told to."""
    if servers.PROGRAM is None:
        pytest.skip(servers.MISSING)
    folder = tmp_path_factory.mktemp("certificate")
    made = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-nodes")
    names = ("-keyout", str(folder / "key"), "-out", str(folder / "certificate"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", *made, *names], check=True)
    with servers.running(certificate=folder / "certificate", key=folder / "key") as server:
        yield server, folder / "certificate"


@pytest.mark.parametrize("is_private", [True, False], ids=["TLS", "STARTTLS"])
def test_a_certificate_counts_only_where_it_is_trusted(private, monkeypatch, is_private):
    server, certificate = private
    port = server.tls_port if is_private else server.port
    wanted = account(server, "moss", host="localhost", port=port, private=is_private)
    with pytest.raises(client.NotPrivate), client.opened(wanted):
        pass
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with client.opened(wanted) as folder:
        assert folder.waiting() == []


def test_a_password_never_goes_in_the_clear_to_another_machine(dovecot, monkeypatch):
    monkeypatch.setattr(client, "_is_this_machine", lambda _host: False)
    with pytest.raises(client.NotPrivate), client.opened(account(dovecot, "moss")):
        pass
