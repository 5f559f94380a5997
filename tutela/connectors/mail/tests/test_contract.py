"""What every mail connector does, the one that sends and the one that writes files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tutela.connectors import connectors
from tutela.connectors.mail import pace
from tutela.connectors.mail.adapter import SMTPMail
from tutela.connectors.mail.client import Server
from tutela.connectors.mail.fake import FolderMail
from tutela.connectors.mail.parse import ParsedMail, read
from tutela.connectors.mail.tests.smtp_server import MailServer
from tutela.connectors.ports import Connector, OnDoubt
from tutela.core.errors import Rejected, TryLater

SENDER = "Trust & Safety <safety@tutela.example>"
LETTER = {"to": "heron@mail.example", "subject": "We have your report", "text": "Dear Heron,\nthank you."}

Both = tuple[Connector, Callable[[], list[ParsedMail]]]


@pytest.fixture(params=["smtp", "folder"])
def both(request, tmp_path: Path) -> Iterator[Both]:
    """A connector, and what has arrived through it."""
    if request.param == "folder":
        folder = FolderMail(tmp_path / "mail" / "out", SENDER)
        yield folder, lambda: [read(path.read_bytes()) for path in sorted(folder.folder.glob("*.eml"))]
    else:
        with MailServer() as server:
            yield (
                SMTPMail(Server("127.0.0.1", server.port), SENDER),
                lambda: [read(mail) for mail in server.mails],
            )


def test_a_letter_arrives_and_its_receipt_names_it(both: Both):
    connector, arrived = both
    receipt = connector.deliver("send", LETTER, "key-1")
    (mail,) = arrived()
    assert (mail.subject, mail.text, mail.recipients) == (LETTER["subject"], LETTER["text"], (LETTER["to"],))
    assert receipt.reference == mail.message_id
    assert receipt.at.utcoffset() == datetime.now(UTC).utcoffset()
    assert LETTER["to"] not in json.dumps(receipt.detail)  # a receipt stands in plain


def test_a_second_attempt_is_the_same_mail(both: Both):
    connector, arrived = both
    first, second = (connector.deliver("send", LETTER, "key-1") for _ in range(2))
    assert first.reference == second.reference
    assert {mail.message_id for mail in arrived()} == {first.reference}


def test_another_key_is_another_mail(both: Both):
    connector, arrived = both
    connector.deliver("send", LETTER, "key-1")
    connector.deliver("send", LETTER, "key-2")
    assert len({mail.message_id for mail in arrived()}) == 2


def test_what_was_done_is_never_denied_and_what_was_not_is_never_claimed(both: Both):
    connector, _ = both
    assert connector.already_done("send", LETTER, "key-1").done is not True
    receipt = connector.deliver("send", LETTER, "key-1")
    answer = connector.already_done("send", LETTER, "key-1")
    assert answer.done is not False
    assert answer.done is None or answer.receipt == receipt
    assert connector.already_done("send", LETTER, "key-2").done is not True


def test_where_nobody_can_tell_the_letter_may_be_sent_again(both: Both):
    connector, _ = both
    assert connector.verbs["send"].on_doubt is OnDoubt.REPEAT


def test_a_dry_run_says_who_and_what_and_does_nothing(both: Both):
    connector, arrived = both
    words = connector.describe("send", LETTER)
    assert LETTER["to"] in words
    assert LETTER["subject"] in words
    assert not arrived()


@pytest.mark.parametrize("act", ["deliver", "already_done", "describe"])
def test_an_unknown_verb_is_refused(both: Both, act: str):
    connector, arrived = both
    key = () if act == "describe" else ("key-1",)
    with pytest.raises(Rejected):
        getattr(connector, act)("recall", LETTER, *key)
    assert not arrived()


def test_a_bad_address_is_refused_before_anything_leaves(both: Both):
    connector, arrived = both
    with pytest.raises(Rejected):
        connector.deliver("send", LETTER | {"to": "heron@mail.example\r\nBcc: all@mail.example"}, "key-1")
    assert not arrived()


def test_an_address_that_a_job_writes_to_too_often_waits_and_people_do_not(both: Both):
    connector, arrived = both
    automatic = LETTER | {"automatic": True, "token": "m1-abc"}
    for number in range(pace.MOST):
        connector.deliver("send", automatic, f"key-{number}")
    with pytest.raises(TryLater) as caught:
        connector.deliver("send", automatic | {"to": "Heron@mail.example"}, "one-more")
    assert timedelta(minutes=50) < caught.value.after <= timedelta(hours=1)
    assert len(arrived()) == pace.MOST
    connector.deliver("send", automatic | {"to": "wren@mail.example"}, "another-address")
    connector.deliver("send", automatic | {"automatic": False}, "by-a-person")
    connector.deliver("send", LETTER | {"automatic": True}, "to-staff")
    assert len(arrived()) == pace.MOST + 3


def test_an_hour_later_the_next_ones_go():
    moment = [0.0]
    paced = pace.Pace(lambda: moment[0])
    automatic = LETTER | {"automatic": True, "token": "m1-abc"}
    for _each in range(pace.MOST):
        paced.check(automatic)
        paced.note(automatic)
        moment[0] += 60
    with pytest.raises(TryLater) as caught:
        paced.check(automatic)
    moment[0] += caught.value.after.total_seconds()
    paced.check(automatic)


def test_the_settings_choose_files_on_a_laptop_and_smtp_where_a_server_is_set(settings, tmp_path):
    settings.MAIL_FOLDER = tmp_path
    assert isinstance(connectors()["mail"], FolderMail)
    settings.SMTP_HOST, settings.SMTP_PASSWORD_FILE = "mx.mail.example", str(tmp_path / "password")
    mail = connectors()["mail"]
    assert isinstance(mail, SMTPMail)
    assert (mail.server.host, mail.password_file) == ("mx.mail.example", tmp_path / "password")
