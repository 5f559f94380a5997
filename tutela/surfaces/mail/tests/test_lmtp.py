"""The line to the mail server: every recipient is answered, nothing is promised early, limits hold."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest
from django.db import OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st

from tutela.core.cases.receive import Received
from tutela.core.errors import BadData
from tutela.surfaces.mail import listener, lmtp
from tutela.surfaces.mail.incoming import mailbox_of
from tutela.surfaces.mail.tests.listening import Client, listening, stuffed

MAIL = b"From: Heron <heron@mail.example>\r\nSubject: hello\r\n\r\nSomebody is in danger.\r\n"


class Kept:
    """A store without a database: remembers what it was given, and fails when told to."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, str, bool]] = []
        self.recipients: list[str] = []
        self.error: Exception | None = None

    def __call__(
        self, raw: bytes, mailbox: str, *, null_sender: bool, recipients: Sequence[str] = ()
    ) -> Received:
        if self.error:
            raise self.error
        self.mails.append((raw, mailbox, null_sender))
        self.recipients = list(recipients)
        return Received(len(self.mails), duplicate=False)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def client(kept: Kept) -> Iterator[Client]:
    with listening(kept) as port, Client(port) as client:
        yield client


def test_a_mail_is_answered_with_its_report(client, kept):
    assert client.start("emergency@tutela.example") == ["250 2.1.5 OK"]
    assert client.data(MAIL) == ["250 2.0.0 Report 1"]
    assert kept.mails == [(MAIL, "emergency", False)]


def test_every_recipient_gets_a_reply_and_each_mailbox_one_mail(client, kept):
    asked = ["emergency@a.example", "ca@a.example", "EMERGENCY+x@b.example", "emergency@a.example"]
    client.start(*asked)
    assert client.data(MAIL, 4) == [
        "250 2.0.0 Report 1",
        "250 2.0.0 Report 2",
        "250 2.0.0 Report 1",
        "250 2.0.0 Report 1",
    ]
    assert [mailbox for _, mailbox, _ in kept.mails] == ["emergency", "ca"]
    assert kept.recipients == ["ca@a.example"]


def test_an_unknown_mailbox_is_refused_before_the_mail_and_the_others_go_on(client, kept):
    replies = client.start("nobody@tutela.example", "ca@tutela.example")
    assert [reply[:9] for reply in replies] == ["550 5.1.1", "250 2.1.5"]
    assert client.data(MAIL) == ["250 2.0.0 Report 1"]
    assert len(kept.mails) == 1


def test_without_a_recipient_there_is_no_mail(client):
    client.start("nobody@tutela.example")
    assert client.say("DATA").startswith("503")


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (OperationalError("gone"), "451 4.3.0"),
        (RuntimeError("a fault of ours"), "451 4.3.0"),
        (BadData("Trop long: é", {}), "552 5.3.4 Not stored: Trop long: ?"),
    ],
)
def test_what_is_not_stored_is_not_promised_and_can_be_sent_again(client, kept, error, reply):
    kept.error = error
    client.start("emergency@tutela.example", "ca@tutela.example")
    assert all(answer.startswith(reply) for answer in client.data(MAIL, 2))
    kept.error = None
    client.say("RSET")
    client.start("emergency@tutela.example")
    assert client.data(MAIL) == ["250 2.0.0 Report 1"]


@pytest.mark.parametrize(("sender", "automatic"), [("", True), ("heron@mail.example", False)])
def test_a_mail_without_a_sender_wants_no_answer(client, kept, sender, automatic):
    client.start("safety@tutela.example", sender=sender)
    client.data(MAIL)
    assert kept.mails[0][2] is automatic


def test_the_old_greetings_are_not_for_lmtp(client):
    assert client.say("EHLO mx.mail.example").startswith("500")
    assert client.say("MAIL FROM:<heron@mail.example>").startswith("503")


def test_commands_may_come_all_at_once(client, kept):
    client.send(b"LHLO a.example\r\nMAIL FROM:<h@a.example>\r\nRCPT TO:<ca@a.example>\r\n")
    client.send(b"RCPT TO:<info@a.example>\r\nDATA\r\n")
    assert [client.reply()[:3] for _ in range(5)] == ["250", "250", "250", "250", "354"]
    client.send(MAIL + b".\r\nMAIL FROM:<h@a.example>\r\nRCPT TO:<ca@a.example>\r\nDATA\r\n")
    assert [client.reply()[:3] for _ in range(5)] == ["250", "250", "250", "250", "354"]
    client.send(MAIL + b".\r\nQUIT\r\n")
    assert [client.reply()[:3] for _ in range(2)] == ["250", "221"]
    assert [raw for raw, _, _ in kept.mails] == [MAIL] * 3


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n", id="an empty line"),
        pytest.param(b"\r\n\r\n\r\nx\r\n", id="empty lines first"),
        pytest.param(b".\r\n", id="a dot"),
        pytest.param(b".\r\n..\r\n...\r\n.x\r\n", id="dots"),
        pytest.param(b"\r\n.\r\n.\r\n", id="dots after an empty line"),
        pytest.param(b"x" * 300_000 + b"\r\n", id="a line longer than any buffer"),
        pytest.param(b"." * 300_000 + b"\r\n", id="a line of dots longer than any buffer"),
        pytest.param(b"\r" * 200_000 + b"\r\n", id="carriage returns"),
        pytest.param(b"x\n.\nx\r\n", id="a dot between bare line feeds"),
        pytest.param(b"x\n.\r\nx\r\n", id="a dot after a bare line feed"),
        pytest.param(b"x\r.\rx\r\n", id="a dot between bare carriage returns"),
        pytest.param(bytes(range(256)) * 1000 + b"\r\n", id="every byte"),
    ],
)
def test_a_mail_is_kept_byte_for_byte(client, kept, mail):
    client.start("ca@tutela.example")
    assert client.data(mail) == ["250 2.0.0 Report 1"]
    assert kept.mails[0][0] == mail


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"x", b"y" * 70_000, b"\r\n."]), max_size=12),
    st.data(),
)
def test_however_a_mail_is_cut_on_the_way_it_is_whole(pieces, data):
    mail = b"".join(pieces) + b"\r\n"
    sent = stuffed(mail) + b".\r\n" + b"NOOP\r\n"

    async def take() -> tuple[bytes | None, bytes]:
        reader = asyncio.StreamReader(limit=lmtp.CHUNK)
        taking = asyncio.create_task(lmtp.content_of(reader, 10**9))
        rest = sent
        while rest:
            size = data.draw(st.integers(1, max(1, min(len(rest), 100_000))))
            reader.feed_data(rest[:size])
            rest = rest[size:]
            await asyncio.sleep(0)
        return await asyncio.wait_for(taking, 10), await reader.readuntil(b"\n")

    content, next_line = asyncio.run(take())
    assert content == mail
    assert next_line == b"NOOP\r\n"


def test_a_mail_that_announces_too_much_is_refused_at_once(client):
    client.say("LHLO mx.mail.example")
    assert client.say(f"MAIL FROM:<h@a.example> SIZE={listener.MAX_MAIL + 1}").startswith("552")


def test_a_mail_that_grows_too_large_is_refused_and_the_line_stays_usable(kept, monkeypatch):
    monkeypatch.setattr(listener, "MAX_MAIL", 200_000)
    with listening(kept) as port, Client(port) as client:
        client.start("ca@tutela.example", "info@tutela.example")
        assert [reply[:9] for reply in client.data(b"x" * 300_000 + b"\r\n", 2)] == ["552 5.3.4"] * 2
        client.start("ca@tutela.example")
        assert client.data(MAIL) == ["250 2.0.0 Report 1"]
    assert [raw for raw, _, _ in kept.mails] == [MAIL]


@pytest.mark.parametrize("piece", [b"\r\n", b"x", b"x" * 98 + b"\r\n", b"..\r\n", b"\r"])
def test_whatever_a_mail_is_too_large_with_its_end_is_found(kept, monkeypatch, piece):
    monkeypatch.setattr(listener, "MAX_MAIL", 20_000)
    with listening(kept) as port, Client(port) as client:
        client.start("ca@tutela.example")
        assert client.data(piece * (300_000 // len(piece)) + b"\r\n")[0].startswith("552")
        assert client.say("NOOP").startswith("250")


def test_a_hundred_recipients_are_enough(client):
    replies = client.start(*[f"ca+{each}@tutela.example" for each in range(listener.MAX_RECIPIENTS + 1)])
    assert replies[-1].startswith("452 4.5.3")
    assert all(reply.startswith("250") for reply in replies[:-1])


def test_no_more_mails_are_in_memory_than_there_are_slots(kept):
    with listening(kept, patience=0.05) as port:
        waiting = [Client(port) for _ in range(listener.SLOTS)]
        for client in waiting:
            client.start("ca@tutela.example")
            assert client.say("DATA").startswith("354")
        with Client(port) as late:
            late.start("ca@tutela.example")
            assert late.say("DATA").startswith("451 4.3.2")
            waiting[0].send(MAIL + b".\r\n")
            assert waiting[0].reply().startswith("250")
            assert late.say("DATA").startswith("354")
            late.send(MAIL + b".\r\n")
            assert late.reply().startswith("250")
        for client in waiting[1:]:
            client.send(MAIL + b".\r\n")
            assert client.reply().startswith("250")
        for client in waiting:
            client.__exit__()


def test_a_large_mail_is_read_alone_and_small_ones_go_on_beside_it(kept):
    reading, go_on = [], threading.Event()

    def slow(raw: bytes, mailbox: str, *, null_sender: bool, recipients: Sequence[str]) -> Received:
        if len(raw) > listener.LARGE:
            reading.append(mailbox)
            assert go_on.wait(30)
        return kept(raw, mailbox, null_sender=null_sender)

    large = b"x" * (listener.LARGE + 1) + b"\r\n"
    with listening(slow) as port, Client(port) as first, Client(port) as second, Client(port) as small:
        for client, mailbox in ((first, "ca"), (second, "info"), (small, "emergency")):
            client.start(f"{mailbox}@tutela.example")
            assert client.say("DATA").startswith("354")
        first.send(large + b".\r\n")
        second.send(large + b".\r\n")
        small.send(MAIL + b".\r\n")
        assert small.reply() == "250 2.0.0 Report 1"
        assert len(reading) <= 1
        go_on.set()
        assert {first.reply(), second.reply()} == {"250 2.0.0 Report 2", "250 2.0.0 Report 3"}


def test_too_many_connections_are_turned_away_and_let_in_later(kept, monkeypatch):
    monkeypatch.setattr(lmtp, "MAX_CONNECTIONS", 2)
    with listening(kept) as port, Client(port) as first:
        with Client(port), Client(port) as third:
            assert third.greeting.startswith("421 4.3.2")
        first.start("ca@tutela.example")
        assert first.data(MAIL) == ["250 2.0.0 Report 1"]


def test_a_stop_waits_for_the_mail_that_is_being_taken(kept):
    taken = threading.Event()

    def slow(raw: bytes, mailbox: str, *, null_sender: bool, recipients: Sequence[str]) -> Received:
        taken.set()
        return kept(raw, mailbox, null_sender=null_sender)

    with listening(slow) as port:
        client = Client(port)
        client.start("ca@tutela.example")
        assert client.say("DATA").startswith("354")
        threading.Timer(0.3, lambda: client.send(MAIL + b".\r\n")).start()
    assert taken.is_set()
    assert client.reply() == "250 2.0.0 Report 1"
    client.__exit__()


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("emergency@tutela.example", "emergency"),
        ("Emergency+EM-2026-0001@any.example", "emergency"),
        ('"ca"@tutela.example', "ca"),
        ("info", "info"),
        ("emergency@x@tutela.example", ""),
        ("", ""),
        ("@tutela.example", ""),
        ("postmaster@tutela.example", ""),
    ],
)
def test_the_local_part_names_the_mailbox(address, mailbox):
    assert mailbox_of(address) == mailbox
