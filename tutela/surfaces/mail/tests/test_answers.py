"""Answers and returned letters find their case; nothing that somebody could guess does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client

from tests.cast import case_of
from tests.signed_in import sign_in
from tutela.connectors.mail.fake import FolderMail
from tutela.connectors.mail.parse import ParsedMail, read
from tutela.core.cases.answering import is_ours, token_of_case, token_of_letter
from tutela.core.cases.models import Message, Report
from tutela.core.cases.opening import open_case
from tutela.core.errors import TryLater
from tutela.core.flow.models import ClockRow
from tutela.core.flow.perform import perform
from tutela.core.outbox.bounces import reason
from tutela.core.outbox.courier import deliver_due
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.core.records.tests import scene
from tutela.surfaces.mail.incoming import incoming_from_mail, take_in
from tutela.surfaces.mail.tests.test_intake import EMERGENCY

pytestmark = pytest.mark.django_db

#: The clock that starts when a reporter writes again.
ANSWER = "answer_message"
SENDER = "Trust & Safety <safety@tutela.example>"


@dataclass
class Letter:
    """A letter of ours as it arrived at the reporter's."""

    case: str
    mail: ParsedMail
    raw: bytes

    @property
    def back(self) -> str:
        return self.mail.reply_to


@pytest.fixture
def letter(cast, tmp_path: Path) -> Letter:
    """The acknowledgement that Heron got by mail."""
    return written(cast, tmp_path, EMERGENCY)


def written(cast, tmp_path: Path, report: bytes) -> Letter:
    case = open_case(take_in(report, "emergency").report_id)
    perform(case, "acknowledge", cast.juniper)
    return sent(case, tmp_path)


def sent(case: str, folder: Path, to: str = "heron@mail.example") -> Letter:
    deliver_due({"mail": FolderMail(folder, SENDER)})
    found = [path.read_bytes() for path in folder.glob("*.eml")]
    (raw,) = [one for one in found if read(one).recipients == (to,)]
    return Letter(case, read(raw), raw)


def arrives(*heads: str, text: str = "There is more.", mailbox: str = "safety", **more: object) -> str:
    """A mail that comes in; the reference of its case."""
    raw = "\r\n".join([*heads, "", text, ""]).encode()
    return open_case(take_in(raw, mailbox, **more).report_id)


def said(case: str, actor) -> list[str]:
    with acting_as(actor):
        messages = Message.objects.filter(case__reference=case, direction=Message.Direction.IN)
        return [one.text.strip() for one in messages.order_by("id")]


def test_an_answer_to_the_address_of_a_letter_joins_its_case(cast, letter):
    answered = arrives("From: heron@mail.example", f"To: {letter.back}", "Message-ID: <1@mail.example>")
    assert answered == letter.case
    assert said(letter.case, cast.juniper) == ["There is more."]
    case = case_of(letter.case, cast.juniper)
    assert case.unread == 1
    with acting_as(cast.juniper):
        assert ClockRow.objects.filter(case=case, name=ANSWER, state="running").exists()


@pytest.mark.parametrize("head", ["Delivered-To", "X-Original-To", "Cc"])
def test_the_address_counts_wherever_a_mail_server_wrote_it_down(cast, letter, head):
    assert arrives("From: other@mail.example", f"{head}: {letter.back.upper()}") == letter.case


def test_the_address_that_a_mail_server_names_counts(cast, letter):
    assert arrives("From: other@mail.example", recipients=[letter.back]) == letter.case


def test_an_answer_that_names_our_message_joins_where_we_wrote_to_its_sender(cast, letter):
    names = f"References: <a@mail.example> {letter.mail.message_id}"
    assert arrives("From: Heron <HERON@mail.example>", names) == letter.case
    stranger = arrives("From: stranger@mail.example", names, "Subject: I know your message id")
    assert stranger != letter.case
    assert said(letter.case, cast.juniper) == ["There is more."]


def test_nothing_that_can_be_guessed_joins_and_the_page_says_what_it_may_belong_to(cast, letter):
    token = letter.back.partition("+")[2].partition("@")[0]
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    with acting_as(cast.juniper):
        number = Message.objects.get(case__reference=letter.case).pk
    tries = (
        f"To: safety+{wrong}@tutela.example",
        f"To: safety+m{number}@tutela.example",
        f"To: safety+{letter.case.lower()}@tutela.example",
        f"To: nobody+{token}@tutela.example",
        f"In-Reply-To: <{number}@tutela.example>",
    )
    for each in tries:
        assert arrives("From: heron@mail.example", each, text=each) != letter.case
    guessed = arrives("From: heron@mail.example", f"Subject: Re: [{letter.case}] hello", mailbox="emergency")
    assert guessed != letter.case
    assert said(letter.case, cast.juniper) == []
    with acting_as(cast.juniper):
        report = Report.objects.get(case__reference=guessed)
    client = Client()
    sign_in(client, Staff.objects.get(username="juniper"))
    page = client.get(f"/desk/case/{guessed}/reports/{report.pk}/").content.decode()
    assert "May belong to" in page
    assert letter.case in page
    sign_in(client, Staff.objects.get(username="wren"))
    triage = arrives("From: x@mail.example", f"Subject: {letter.case}", mailbox="ca")
    with acting_as(cast.wren):
        report = Report.objects.get(case__reference=triage)
    page = client.get(f"/desk/case/{triage}/reports/{report.pk}/").content.decode()
    assert "Original as received" in page
    assert "May belong to" not in page  # it is not Wren's to see


def test_whoever_answers_and_is_no_reporter_begins_a_conversation_of_their_own(cast, letter):
    with acting_as(cast.juniper):
        case = case_of(letter.case, cast.juniper)
        to = f"safety+{token_of_case(case.pk)}@tutela.example"
    answer = arrives("From: duty@police.example", f"To: {to}", text="We sent a car.")
    assert answer == letter.case
    assert case_of(letter.case, cast.juniper).unread == 1
    client = Client()
    sign_in(client, Staff.objects.get(username="juniper"))
    page = client.get(f"/desk/case/{letter.case}/").content.decode()
    assert page.count("We sent a car.") == 1
    assert "Reporter 2" in page  # apart from what the reporter reads and writes


def test_one_answer_to_two_mailboxes_is_said_once(cast, letter):
    heads = ("From: heron@mail.example", f"To: {letter.back}, ca@tutela.example", "Message-ID: <2@m.example>")
    assert arrives(*heads) == letter.case
    assert arrives(*heads, mailbox="emergency") == letter.case
    assert said(letter.case, cast.juniper) == ["There is more."]


def test_an_answer_to_a_closed_case_is_on_it_and_unread(cast, letter):
    perform(letter.case, "assess_not_credible", cast.juniper, scene.NOT_CREDIBLE)
    perform(letter.case, "close", cast.juniper)
    assert arrives("From: heron@mail.example", f"To: {letter.back}") == letter.case
    assert case_of(letter.case, cast.juniper).unread == 1


def test_an_answer_to_a_merged_case_goes_where_its_reporter_went(cast, letter):
    other = open_case(
        take_in(EMERGENCY.replace(b"20260203-1", b"other-1") + b"Seen too.", "emergency").report_id
    )
    perform(letter.case, "merge_into", cast.juniper, {"other": other, "reason": "The same threat."})
    assert arrives("From: heron@mail.example", f"To: {letter.back}") == other
    assert said(other, cast.juniper) == ["There is more."]


def test_an_answer_to_a_case_that_is_gone_is_a_new_report(cast, tmp_path):
    gone = written(cast, tmp_path, EMERGENCY)
    perform(gone.case, "assess_not_credible", cast.juniper, scene.NOT_CREDIBLE)
    perform(gone.case, "close", cast.juniper)
    scene.delivered(gone.case)
    scene.grow_old(gone.case, cast)
    scene.dispose(cast, gone.case)
    again = arrives(
        "From: heron@mail.example",
        f"To: {gone.back}",
        f"In-Reply-To: {gone.mail.message_id}",
        mailbox="emergency",
    )
    assert again != gone.case
    with acting_as(cast.juniper):
        assert Report.objects.get(case__reference=again).text.strip() == "There is more."


def test_what_a_program_answers_is_kept_and_starts_nothing(cast, letter):
    def running() -> list[str]:
        with acting_as(cast.juniper):
            clocks = ClockRow.objects.filter(case__reference=letter.case, state="running")
            return sorted(clocks.values_list("name", flat=True))

    before = running()
    away = arrives("From: heron@mail.example", f"To: {letter.back}", "Auto-Submitted: auto-replied")
    assert away == letter.case
    assert said(letter.case, cast.juniper) == ["There is more."]
    assert running() == before
    assert ANSWER not in before


def test_a_job_never_answers_a_program(cast):
    from tutela.core.flow import registry
    from tutela.core.flow.context import Context
    from tutela.core.flow.declare import Step

    case = arrives("From: robot@mail.example", "Auto-Submitted: auto-generated", mailbox="emergency")
    person = arrives("From: heron@mail.example", mailbox="emergency", text="A person wrote this.")
    workflow = registry.workflow("emergency")
    with acting_as(system_actor(SystemActor.INTAKE)) as actor:
        wishes = {}
        for reference in (case, person):
            report = Report.objects.get(case__reference=reference)
            step = Step("opened", "opened", ())
            context = Context(workflow, step, report.case, actor, {})
            wishes[reference] = context.letter("acknowledgement", report)
        assert wishes[case] == []
        (wish,) = wishes[person]
    assert wish.payload["automatic"]


def bounce(letter: Letter, status: str = "5.1.1", action: str = "failed", *, whole: bool = True) -> bytes:
    """What the reporter's mail server sends back (RFC 3464)."""
    head = letter.raw.partition(b"\r\n\r\n")[0]
    returned = b"message/rfc822\r\n\r\n" + letter.raw if whole else b"text/rfc822-headers\r\n\r\n" + head
    return (
        b"From: MAILER-DAEMON@mail.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nMessage-ID: <b@mail.example>\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nI am sorry to inform you.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n"
        b"Final-Recipient: rfc822; heron@mail.example\r\nAction: %s\r\nStatus: %s\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\nContent-Type: %s\r\n--b--\r\n"
        % (action.encode(), status.encode(), returned)
    )


def effect_of(letter: Letter, actor) -> Effect:
    with acting_as(actor):
        effect = Effect.objects.exclude(message_id=None).get(case__reference=letter.case)
        assert effect.error is not None
        return effect


@pytest.mark.parametrize("whole", [True, False], ids=["the whole mail", "its head"])
@pytest.mark.parametrize("by_address", [True, False], ids=["to the address of the letter", "elsewhere"])
def test_a_letter_that_came_back_is_shown_as_refused_with_the_reason(cast, letter, whole, by_address):
    to = [letter.back] if by_address else []
    received = take_in(bounce(letter, whole=whole), "safety", null_sender=True, recipients=to)
    assert open_case(received.report_id) == letter.case
    effect = effect_of(letter, cast.juniper)
    assert effect.state == EffectState.FAILED
    with acting_as(cast.juniper):
        again = Effect.objects.get(pk=effect.pk)
        assert again.error == "The mail came back: there is no such address. 550 5.1.1 User unknown"
        assert again.receipt["reference"] == letter.mail.message_id
    assert said(letter.case, cast.juniper) == []  # it is no word of the reporter's
    client = Client()
    sign_in(client, Staff.objects.get(username="juniper"))
    page = client.get(f"/desk/case/{letter.case}/").content.decode()
    assert "there is no such address" in page
    assert "Correct the address" in page


def test_a_letter_that_is_only_late_is_not_shown_as_refused(cast, letter):
    raw = bounce(letter, "4.4.1", "delayed")
    assert (
        open_case(take_in(raw, "safety", null_sender=True, recipients=[letter.back]).report_id) == letter.case
    )
    assert effect_of(letter, cast.juniper).state == EffectState.CONFIRMED


def test_a_letter_that_came_back_before_we_wrote_down_that_it_left_waits(cast, letter):
    with acting_as(system_actor(SystemActor.COURIER)):
        Effect.objects.exclude(message_id=None).update(state=EffectState.SENDING)
    received = take_in(bounce(letter), "safety", null_sender=True, recipients=[letter.back])
    with pytest.raises(TryLater):
        open_case(received.report_id)
    scene.delivered(letter.case)
    assert open_case(received.report_id) == letter.case
    assert effect_of(letter, cast.juniper).state == EffectState.FAILED


def test_a_bounce_of_a_mail_that_was_never_ours_is_a_report_that_nobody_answers(cast, letter):
    forged = Letter("", letter.mail, letter.raw.replace(letter.mail.message_id.encode(), b"<x@mail.example>"))
    received = take_in(bounce(forged), "emergency", null_sender=True)
    other = open_case(received.report_id)
    assert other != letter.case
    with acting_as(cast.juniper):
        assert Report.objects.get(case__reference=other).automatic
    assert effect_of(letter, cast.juniper).state == EffectState.CONFIRMED


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.1.10", "no such address"),
        ("5.2.2", "full"),
        ("5.2.1", "takes no mail"),
        ("5.3.4", "too large"),
        ("4.4.7", "could not be reached"),
        ("5.7.1", "did not want it"),
        ("5.0.0", "The mail came back."),
        ("", "The mail came back."),
    ],
)
def test_every_reason_has_plain_words(status, words):
    assert words in reason(status, "")


def test_tokens_are_ours_only_whole_and_small():
    token = token_of_letter(42)
    assert is_ours(token)
    assert is_ours(token_of_case(42))
    assert token.partition("-")[2] != token_of_case(42).partition("-")[2]
    assert not any(map(is_ours, ["", token[:-1], token + "a", token.replace("m42", "m43"), token.upper()]))
    assert len(token_of_letter(10**12)) < 50


def test_how_a_mail_came_is_no_part_of_what_it_says():
    mail = b"From: heron@mail.example\r\n\r\nhello"
    to = f"safety+{token_of_letter(1)}@tutela.example"
    with_token = incoming_from_mail(mail, "safety", recipients=[to])
    without = incoming_from_mail(mail, "safety")
    assert with_token.arrival != without.arrival
    assert with_token.fields == without.fields


def test_what_speaks_for_a_sender_stands_beside_the_report(cast, settings):
    settings.MAIL_AUTHSERV = ["mx.tutela.example"]
    client = Client()
    sign_in(client, Staff.objects.get(username="juniper"))

    def page(*heads: str) -> str:
        case = arrives(
            "From: heron@mail.example", *heads, mailbox="emergency", text=" ".join(heads) or "Plain."
        )
        with acting_as(cast.juniper):
            report = Report.objects.get(case__reference=case)
        both = (f"/desk/case/{case}/", f"/desk/case/{case}/reports/{report.pk}/")
        first, second = (client.get(url).content.decode() for url in both)
        assert ("marked as spam" in first) == ("marked as spam" in second)
        return first

    assert "address is not proven" in page()
    proven = "Authentication-Results: mx.tutela.example; dkim=pass header.d=mail.example"
    assert "address is proven" in page(proven)
    assert "may be forged" in page(proven.replace("pass", "fail"))
    spam = page("X-Spam-Flag: YES")
    assert "marked as spam" in spam  # and it is a case like any other
    assert "marked as spam" not in page(proven)


def test_the_same_mail_checked_elsewhere_is_the_same_report(settings):
    settings.MAIL_AUTHSERV = ["mx.tutela.example"]
    checked = b"Authentication-Results: mx.tutela.example; dkim=pass header.d=mail.example\r\n" + EMERGENCY
    first, second = take_in(EMERGENCY, "emergency"), take_in(checked, "emergency")
    assert (second.report_id, second.duplicate) == (first.report_id, True)
