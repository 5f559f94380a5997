"""Reports that other programs send in."""

from __future__ import annotations

import base64
import threading
import zipfile
from io import BytesIO

import pytest
from django.db import connections

from tests.cast import make_cast
from tutela.core.cases.models import Report, ReportFile
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receipt_hash
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from .conftest import Caller, token

REPORT = {"workflow": "emergency", "text": "They wrote goodbye on their talk page."}


@pytest.fixture
def intake(cast) -> Caller:
    return Caller(token("juniper", "intake"))


def stored(number: int) -> Report:
    with acting_as(system_actor(SystemActor.INTAKE)):
        return Report.objects.get(pk=number)


def test_a_report_is_stored_and_its_code_opens_it(intake):
    answer = intake.post("/reports", {**REPORT, "language": "en", "sender_email": "reader@wiki.example"})
    assert answer.status_code == 201
    told = answer.json()
    report = stored(told["report"])
    assert (report.text, report.channel, told["duplicate"]) == (REPORT["text"], "api", False)
    assert bytes(report.receipt_hash) == receipt_hash(told["receipt"])
    assert open_case(report.pk).startswith("EM-")


def test_it_is_kept_exactly_as_it_came(intake):
    body = b'{ "workflow":"triage",\n"text": "caf\\u00e9 \xe6\x97\xa5" }'
    number = intake.post("/reports", body).json()["report"]
    assert bytes(stored(number).raw) == body
    assert stored(number).text == "café 日"


def test_a_key_makes_a_retry_the_same_report_with_the_same_code(intake):
    first, again = (intake.post("/reports", REPORT, **{"Idempotency-Key": "k"}).json() for _each in range(2))
    assert again == {**first, "duplicate": True}


def test_another_report_under_the_same_key_is_refused(intake):
    key = {"Idempotency-Key": "k"}
    intake.post("/reports", REPORT, **key)
    for change in ({"text": "Something else."}, {"workflow": "triage"}, {"language": "fr"}):
        answer = intake.post("/reports", {**REPORT, **change}, **key)
        assert (answer.status_code, answer.json()["code"]) == (409, "key_reused"), change


def test_keys_of_two_holders_do_not_meet(intake, cast):
    key = {"Idempotency-Key": "k"}
    one = intake.post("/reports", REPORT, **key).json()
    other = Caller(token("wren", "intake")).post("/reports", REPORT, **key).json()
    assert one["report"] != other["report"]
    assert one["receipt"] != other["receipt"]


def test_without_a_key_each_is_a_report_of_its_own(intake):
    one, other = (intake.post("/reports", REPORT).json() for _each in range(2))
    assert one["report"] != other["report"]
    assert not other["duplicate"]


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_is_one_report():
    make_cast()
    intake = Caller(token("juniper", "intake"))
    answers = []

    def send() -> None:
        answers.append(intake.post("/reports", REPORT, **{"Idempotency-Key": "k"}).json())
        connections.close_all()

    threads = [threading.Thread(target=send) for _each in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len({(answer["report"], answer["receipt"]) for answer in answers}) == 1
    assert sorted(answer["duplicate"] for answer in answers) == [False, True, True, True]


def test_files_are_kept_and_what_could_do_harm_is_quarantined(intake):
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 30_000_000)
    files = [
        {"name": "note.txt", "content_type": "text/plain", "data": base64.b64encode(b"hello").decode()},
        {"name": "more.zip", "data": base64.b64encode(bomb.getvalue()).decode()},
    ]
    number = intake.post("/reports", {**REPORT, "files": files}).json()["report"]
    with acting_as(system_actor(SystemActor.INTAKE)):
        note, more = ReportFile.objects.filter(report=number).order_by("id")
        assert (note.name, bytes(note.data), note.quarantine) == ("note.txt", b"hello", "")
        assert bytes(more.data) == bomb.getvalue()
    assert more.quarantine


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\t"}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"text": None}, "text"),
        ({"text": "x" * 1_000_001}, "text"),
        ({"workflow": "nothing"}, "workflow"),
        ({"language": "not a language"}, "language"),
        ({"sender_email": "a@b.example\r\nBcc: c@d.example"}, "sender_email"),
        ({"sent_at": "yesterday"}, "sent_at"),
        ({"fields": {"Name With Spaces": "x"}}, "fields.Name With Spaces.[key]"),
        ({"fields": {"who": "x" * 2001}}, "fields.who"),
        ({"files": [{"name": "a", "data": "not base64!"}]}, "files.0.data"),
        ({"files": [{"name": "a", "data": ""}] * 21}, "files"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_what_cannot_be_used_is_named(intake, change, field):
    answer = intake.post("/reports", {**REPORT, **change})
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert "goodbye" not in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"{", {}, 400),
        (b" ", {}, 400),
        (b"", {}, 415),
        (b"\xff\xfe", {}, 400),
        (b'{"workflow": "emergency", "text": "\\ud800"}', {}, 400),
        (b"[]", {}, 422),
        (b"[" * 5000, {}, 400),
        (b"workflow=emergency", {"content_type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"content_type": "text/plain"}, 415),
        (b'{"text": "' + b"x" * 13_000_000 + b'"}', {}, 413),
    ],
)
def test_what_is_not_a_json_document_is_told_apart(intake, body, more, status):
    answer = intake.post("/reports", body, **more)
    assert answer.status_code == status, answer.content[:200]
    assert answer.json()["status"] == status


def test_nothing_is_promised_when_the_database_is_away(intake, monkeypatch):
    from django.db import OperationalError

    def away(*_arguments: object, **_names: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr("tutela.surfaces.api.intake.receive", away)
    answer = intake.post("/reports", REPORT)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]


def test_one_call_of_the_database_stores_it(intake, django_assert_num_queries):
    intake.post("/reports", REPORT)
    with django_assert_num_queries(1):
        intake.post("/reports", REPORT)
