"""What was received is there, once, and exactly as it came."""

from __future__ import annotations

import threading

import pytest
from django.db import connections, transaction

from tests.cast import Cast, case_of, emergency
from tutela.core.cases.models import Message, Report
from tutela.core.cases.opening import open_case, open_waiting
from tutela.core.cases.receive import (
    ALPHABET,
    Incoming,
    IncomingFile,
    new_receipt,
    receipt_hash,
    receive,
)
from tutela.core.errors import BadData, KeyReused, NotFound
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor


def mail(**changes: object) -> Incoming:
    values: dict[str, object] = {
        "channel": "mail",
        "mailbox": "emergency",
        "workflow": "emergency",
        "raw": b"Message-ID: <one@wiki.example>\r\n\r\nHelp",
        "text": "Help",
        "source_key": "<one@wiki.example>",
        "sender_email": "reader@wiki.example",
    }
    return Incoming(**{**values, **changes})


def stored(report_id: int) -> Report:
    with acting_as(system_actor(SystemActor.INTAKE)):
        return Report.objects.get(pk=report_id)


@pytest.mark.django_db
def test_a_report_is_kept_exactly_as_it_came():
    raw = bytes(range(256)) * 3
    report = stored(receive(mail(raw=raw)).report_id)
    assert bytes(report.raw) == raw
    assert (report.channel, report.mailbox, report.text) == ("mail", "emergency", "Help")


@pytest.mark.django_db
def test_the_same_mail_twice_is_one_report_even_by_another_way():
    first = receive(mail())
    again = receive(mail(raw=b"Received: by another server\r\n" + mail().raw))
    assert (again.report_id, again.duplicate, first.duplicate) == (first.report_id, True, False)


@pytest.mark.django_db
def test_a_stranger_who_guesses_a_message_id_suppresses_nothing():
    receive(mail(text="Nothing to see"))
    assert not receive(mail(text="Help")).duplicate


@pytest.mark.django_db
def test_an_idempotency_key_with_other_content_is_refused():
    receive(mail(channel="api", source_key="key-1", strict_key=True))
    assert receive(mail(channel="api", source_key="key-1", strict_key=True)).duplicate
    with pytest.raises(KeyReused, match="new key"):
        receive(mail(channel="api", source_key="key-1", strict_key=True, text="Something else"))


@pytest.mark.django_db(transaction=True)
def test_a_double_click_from_two_places_at_once_is_one_report():
    answers = []

    def send() -> None:
        try:
            answers.append(receive(mail()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.report_id for answer in answers}) == 1
    assert sorted(answer.duplicate for answer in answers) == [False] + [True] * 7


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "   \n\t"])
def test_an_empty_report_is_refused_with_what_to_do(text):
    with pytest.raises(BadData, match="Write a few words"):
        receive(mail(text=text))


@pytest.mark.django_db
def test_a_text_of_five_megabytes_is_refused_with_what_to_do():
    with pytest.raises(BadData, match="most important part first"):
        receive(mail(text="x" * 5_000_000))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ["nul \0 inside", "lone \ud800 surrogate", "مرحبا \u202e bidi", "求救", "<b>markup</b>"]
)
def test_odd_characters_are_kept_as_well_as_text_can_hold_them(text):
    report = stored(receive(mail(text=text, subject=text, fields={"where": text})).report_id)
    assert "\0" not in report.text
    assert report.text.split()[0] == text.encode("utf-8", "replace").decode().split()[0]


@pytest.mark.django_db
def test_files_are_kept_with_their_digest_and_their_quarantine():
    report = stored(
        receive(
            mail(
                files=(
                    IncomingFile("a.txt", "text/plain", b"abc"),
                    IncomingFile("b.zip", "x/zip", b"PK", "too deep"),
                )
            )
        ).report_id
    )
    with acting_as(system_actor(SystemActor.INTAKE)):
        one, two = report.files.order_by("id")
    assert (one.name, one.size, bytes(one.data), bytes(one.sha256).hex()[:8]) == (
        "a.txt",
        3,
        b"abc",
        "ba7816bf",
    )
    assert (two.quarantine, bytes(two.data)) == ("too deep", b"PK")


@pytest.mark.django_db
def test_the_portals_login_can_put_a_report_in():
    code, receipt = new_receipt()
    assert len(code.replace(" ", "")) * 5 >= 80
    assert set(code) <= set(ALPHABET) | {" "}
    assert receipt == receipt_hash(code.lower().replace(" ", "-"))
    assert receipt_hash("O0I1L1") == receipt_hash("001111")


@pytest.mark.django_db(transaction=True, databases=["default", "portal"])
def test_a_reporter_reads_the_conversation_behind_their_code(cast: Cast):
    _code, receipt = new_receipt()
    report = receive(emergency(receipt_hash=receipt), using="portal")
    reference = open_case(report.report_id)
    perform(reference, "answer", cast.juniper, {"text": "Thank you. A person is on it now."})
    receive(emergency(text="They are at the station now", receipt_hash=None, adds_to=receipt), using="portal")
    with connections["portal"].cursor() as cursor:
        cursor.execute("SELECT direction, text FROM tutela.receipt_conversation(%s)", [receipt])
        assert [direction for direction, _text in cursor.fetchall()] == ["in", "out", "in"]
        cursor.execute("SELECT workflow, state FROM tutela.receipt_status(%s)", [receipt])
        assert cursor.fetchall() == [("emergency", "received")]
        cursor.execute("SELECT * FROM tutela.receipt_status(%s)", [receipt_hash("wrong")])
        assert cursor.fetchall() == []
    assert open_waiting() == 1
    case = case_of(reference, cast.juniper)
    assert case.unread == 1
    with acting_as(cast.juniper):
        assert Message.objects.get(direction="in").text == "They are at the station now"
        assert case.reports.count() == 2


@pytest.mark.django_db
def test_adding_to_a_code_that_nobody_has_stores_nothing():
    with pytest.raises(NotFound):
        receive(emergency(receipt_hash=None, adds_to=receipt_hash("wrong")))


@pytest.mark.django_db
def test_nothing_is_promised_before_the_commit():
    with transaction.atomic():
        assert not receive(mail()).duplicate
        transaction.set_rollback(True)
    assert not receive(mail()).duplicate
