"""Mail over a real line into a real database: one report, whole, with what was odd about it."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest
from django.db import connections

from tutela.connectors.mail.tests import test_bombs, test_examine
from tutela.core.cases.models import Report, ReportFile
from tutela.core.cases.opening import open_case
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.surfaces.mail import incoming
from tutela.surfaces.mail.incoming import incoming_from_mail, take_in
from tutela.surfaces.mail.tests.listening import Client, listening

SAMPLES = Path(__file__).parents[3] / "connectors" / "mail" / "tests" / "samples"
EMERGENCY = (SAMPLES / "plain-emergency.eml").read_bytes()


@pytest.fixture
def intake(db):
    """Lets a test look at reports as the intake desk does."""
    with acting_as(system_actor(SystemActor.INTAKE)) as actor:
        yield actor


def kept(raw: bytes, mailbox: str = "emergency") -> Report:
    return Report.objects.get(pk=take_in(raw, mailbox).report_id)


def codes(report: Report) -> list[str]:
    return [problem["code"] for problem in report.problems]


@pytest.mark.django_db(transaction=True)
def test_a_mail_over_the_line_is_a_report_and_a_second_time_the_same():
    with listening() as port:
        with smtplib.LMTP("127.0.0.1", port) as line:
            line.sendmail("heron@mail.example", ["emergency@tutela.example"], EMERGENCY)
        with Client(port) as client:
            client.start("emergency@tutela.example")
            (reply,) = client.data(EMERGENCY)
    with acting_as(system_actor(SystemActor.INTAKE)):
        (report,) = Report.objects.all()
        assert bytes(report.raw) == EMERGENCY
    assert reply == f"250 2.0.0 Report {report.pk} as before"
    assert (report.channel, report.mailbox, report.workflow) == ("mail", "emergency", "emergency")
    assert (report.sender_name, report.sender_email) == ("Heron", "heron@mail.example")
    assert (report.subject, report.language) == ("I am worried about somebody", "en-GB")
    assert report.message_id == "<20260203-1@mail.example>"
    assert not report.problems


@pytest.mark.django_db(transaction=True)
def test_a_mail_to_two_workflows_is_a_report_in_each_whichever_comes_first():
    with listening() as port, Client(port) as client:
        client.start("ca@tutela.example", "emergency@tutela.example", "info@tutela.example")
        replies = client.data(EMERGENCY, 3)
    with acting_as(system_actor(SystemActor.INTAKE)):
        numbers = {report.workflow: report.pk for report in Report.objects.all()}
    assert set(numbers) == {"emergency", "triage"}
    assert replies == [
        f"250 2.0.0 Report {numbers['triage']}",
        f"250 2.0.0 Report {numbers['emergency']}",
        f"250 2.0.0 Report {numbers['triage']} as before",
    ]


@pytest.mark.django_db(transaction=True)
def test_the_line_comes_back_by_itself_when_the_database_ends_its_connections(superuser):
    with listening() as port, Client(port) as client:
        client.start("ca@tutela.example")
        assert client.data(b"Message-ID: <1@a.example>\r\n\r\none")[0].startswith("250")
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'tutela_desk' AND datname = current_database()"
        )
        for connection in connections.all():
            connection.close()
        client.start("ca@tutela.example")
        assert client.data(b"Message-ID: <2@a.example>\r\n\r\ntwo")[0].startswith("250")


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.eml")), ids=lambda path: path.stem)
def test_every_sample_becomes_a_report_with_its_bytes(intake, path):
    raw = path.read_bytes()
    report = kept(raw)
    assert bytes(report.raw) == raw
    assert open_case(report.pk).startswith("EM-")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 1000,
        bytes(range(256)) * 20,
        test_bombs.nested(50),
        test_bombs.forwarded(60),
        b"From: a@b.example\r\nSubject: \xff\xfe\r\n\r\n" + "\ud800".encode("utf-8", "surrogatepass"),
        b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n\x00\xd8\x00\x00",
        b"To: " + b", ".join(b"r%d@mail.example" % each for each in range(1_000)) + b"\r\n\r\nhello",
    ],
    ids=["empty", "NUL", "every byte", "nested", "forwarded", "surrogate", "half a pair", "1,000 recipients"],
)
def test_bad_mail_is_kept_whole_and_shown(intake, raw):
    report = kept(raw)
    assert bytes(report.raw) == raw
    assert open_case(report.pk).startswith("EM-")


def test_five_megabytes_of_text_are_kept_and_shown_in_part(intake):
    raw = b"From: a@b.example\r\n\r\n" + b"One person wrote all of this.\r\n" * 170_000
    report = kept(raw)
    assert bytes(report.raw) == raw
    assert codes(report) == ["text-cut"]
    assert report.files.get().name == "message.txt"


def test_a_bomb_is_quarantined_and_the_report_stands(intake):
    mail = (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSee the files.\r\n"
        b'--b\r\nContent-Type: image/png; name="large.png"\r\n\r\n'
        + test_examine.png_of(60_000, 60_000)
        + b"\r\n"
        b'--b\r\nContent-Type: text/plain; name="note.txt"\r\n\r\nnote\r\n--b--\r\n'
    )
    report = kept(mail)
    assert report.text == "See the files."
    quarantine = {one.name: one.quarantine for one in ReportFile.objects.filter(report=report)}
    assert quarantine == {"large.png": "image-pixels", "note.txt": ""}
    assert report.problems == [{"code": "quarantined", "detail": "large.png"}]


def test_a_mail_that_the_report_cannot_hold_as_read_is_kept_unread(intake, monkeypatch, caplog):
    def breaks(*_args: object, **_more: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(incoming, "incoming_from_mail", breaks)
    report = kept(EMERGENCY)
    assert bytes(report.raw) == EMERGENCY
    assert "I am worried about somebody" in report.text
    assert codes(report) == ["unparsable"]
    assert "kept unread" in caplog.text


def test_a_wiki_sends_for_its_user_and_the_user_is_answered():
    mail = b"From: ExampleMoss <wiki@wiki.example>\r\nReply-To: moss@mail.example\r\n\r\nhello"
    report = incoming_from_mail(mail, "emergency")
    assert (report.sender_name, report.sender_email) == ("ExampleMoss", "moss@mail.example")
    assert report.fields == {"mail_from": "wiki@wiki.example"}


@pytest.mark.parametrize(
    "mark", ["List-Id: <a.lists.example>", "Precedence: list", "List-Post: <mailto:a@l.example>"]
)
def test_a_list_is_never_answered_in_place_of_the_writer(mark):
    mail = f"{mark}\r\nFrom: heron@mail.example\r\nReply-To: all@lists.example\r\n\r\nhello".encode()
    assert incoming_from_mail(mail, "ca").sender_email == "heron@mail.example"


def test_mail_by_programs_is_marked():
    assert incoming_from_mail((SAMPLES / "out-of-office.eml").read_bytes(), "safety").automatic
    assert incoming_from_mail(EMERGENCY, "emergency", null_sender=True).automatic
    assert not incoming_from_mail(EMERGENCY, "emergency").automatic
