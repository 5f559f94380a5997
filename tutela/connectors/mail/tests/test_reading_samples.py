"""Mail as people and programs really send it, in many languages and some disorder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tutela.connectors.mail.parse import ParsedMail, read

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> ParsedMail:
    return read((SAMPLES / f"{name}.eml").read_bytes())


def codes(mail: ParsedMail) -> list[str]:
    return [problem.code for problem in mail.problems]


def names(mail: ParsedMail) -> list[str]:
    return [one.name for one in mail.attachments]


def test_a_plain_mail_is_read_whole():
    mail = sample("plain-emergency")
    assert mail.message_id == "<20260203-1@mail.example>"
    assert (mail.sender_name, mail.sender_email) == ("Heron", "heron@mail.example")
    assert mail.recipients == ("emergency@tutela.example",)
    assert mail.subject == "I am worried about somebody"
    assert mail.date == datetime(2026, 2, 3, 9, 58, tzinfo=UTC)
    assert mail.text.startswith("Hello,\n\nExampleMoss wrote on Talk:Lichen")
    assert mail.language == "en-GB"
    assert not mail.auto_submitted
    assert not mail.problems


@pytest.mark.parametrize(
    ("name", "sender", "subject", "line", "language"),
    [
        ("spanish-latin1", "Alder Ibáñez", "Petición urgente: señal de peligro", "Buenos días:", "es"),
        ("arabic-windows1256", "سنديان", "طلب عاجل", "السلام عليكم،", ""),
        ("chinese-gb18030", "榆", "紧急：请查看这位用户的讨论页", "姓名里的字：镕、㐀。", "zh-Hans"),
        ("japanese-iso2022jp", "ヤナギ", "至急のお願い", "確認をお願いします。", ""),
    ],
)
def test_every_charset_is_read(name, sender, subject, line, language):
    mail = sample(name)
    assert (mail.sender_name, mail.subject, mail.language) == (sender, subject, language)
    assert line in mail.text.split("\n")
    assert not mail.problems


def test_a_zone_with_a_name_in_brackets_is_a_zone():
    assert sample("spanish-latin1").date == datetime(2026, 2, 3, 14, 2, 10, tzinfo=UTC)


def test_html_becomes_what_a_person_would_read():
    assert sample("html-only").text == (
        "I saw something & want to report it.\n\n• page one\n• page two\n\n"
        "See this edit <https://wiki.example/w/index.php?diff=1042> and https://wiki.example/ and not this."
        "\n\n"
        "[our logo]\nUser ExampleMoss"
    )


def test_plain_text_is_preferred_and_files_are_found_at_every_depth():
    mail = sample("alternative-with-files")
    assert mail.text == "Here are the screenshots."
    assert names(mail) == ["screen 1.png", "Résumé of events.pdf", "notes.txt"]
    assert [one.content_type for one in mail.attachments] == ["image/png", "application/pdf", "text/plain"]
    assert mail.attachments[1].data == b"%PDF-1.4 an invented file"
    assert mail.attachments[2].size == len(b"notes")


def test_the_thread_is_read_from_folded_headers():
    mail = sample("alternative-with-files")
    assert mail.in_reply_to == "<ours-2@tutela.example>"
    assert mail.references == (
        "<ours-1@tutela.example>",
        "<theirs-1@office.example>",
        "<ours-2@tutela.example>",
    )


def test_quoted_commas_and_groups_do_not_add_recipients():
    mail = sample("alternative-with-files")
    assert mail.recipients == ("emergency@tutela.example", "wren@office.example")
    assert mail.sender_name == "Juniper (at work)"


def test_forwarded_mails_are_shown_in_order_with_who_wrote_them():
    mail = sample("forwarded-twice")
    assert mail.sender_email == "linden@mail.example"
    assert mail.text.split("\n\n") == [
        "I only pass this on.",
        (
            "--------\nFrom: Wacholder Ü <juniper@mail.example>\nTo: linden@mail.example\n"
            "Date: Fri, 6 Feb 2026 08:00:00 +0000\nSubject: Fwd: help"
        ),
        "Bitte prüfen.",
        (
            "--------\nFrom: ExampleFern <fern@mail.example>\n"
            "Date: Fri, 6 Feb 2026 07:00:00 +0000\nSubject: help"
        ),
        "Somebody is in danger.",
    ]
    assert names(mail) == ["page.png"]


def test_flowed_lines_are_joined_and_quotes_kept():
    assert sample("flowed").text == (
        "This paragraph was cut for the journey and is one line again.\n\n"
        "> What you wrote was cut as well.\n>> and this before\nFrom here it goes on.\n-- \nLarch"
    )


def test_a_bounce_and_an_absence_are_known_as_automatic():
    bounce, absence = sample("bounce"), sample("out-of-office")
    assert (bounce.bounce, bounce.auto_submitted) == (True, True)
    assert (absence.bounce, absence.auto_submitted) == (False, True)
    assert "Status: 5.1.1" in bounce.text
    assert absence.in_reply_to == "<ours-3@tutela.example>"


def test_a_note_without_headers_is_all_text():
    mail = sample("no-headers")
    assert mail.text.startswith("Somebody piped a note to us: a user is in danger")
    assert codes(mail) == ["no-headers", "no-sender"]


def test_broken_headers_are_read_as_far_as_they_go():
    mail = sample("broken-headers")
    assert mail.sender_email == "sorrel@mail.example"
    assert mail.message_id == "<[b378dfc50603435b]@[odd]>"
    assert mail.subject == "=?utf-8?B?not*base64?= café éè fine"
    assert mail.text == "Still readable: café.[31m"
    assert {"no-date", "charset-unknown", "control-characters", "transfer-encoding"} <= set(codes(mail))


def test_an_encoded_line_end_stays_inside_its_header():
    mail = sample("injection")
    assert mail.subject == "help Bcc: many@mail.example"
    assert mail.sender_name == "Fern Bcc: many@mail.example"
    assert mail.recipients == ("emergency@tutela.example",)


def test_a_name_that_turns_its_direction_is_shown_straight():
    mail = sample("deceptive-name")
    assert names(mail) == ["picturegnp.exe"]
    assert mail.subject == "a gnp.exe picture"
    assert codes(mail) == ["direction-control"]


def test_what_cannot_be_read_is_kept_as_a_file_and_named():
    assert (names(sample("outlook-tnef")), codes(sample("outlook-tnef"))) == (["winmail.dat"], ["tnef"])
    assert names(sample("encrypted")) == ["attachment-1.bin", "encrypted.asc"]
    assert codes(sample("encrypted")) == ["encrypted"]


def test_an_old_program_encodes_and_ends_lines_its_own_way():
    assert sample("uuencoded").attachments[0].data == b"hello heron\n"
    assert sample("old-mac").text == "One line.\nAnother line."
    assert sample("old-mac").subject == "Carriage returns only"


def test_a_mail_that_breaks_off_keeps_what_arrived():
    mail = sample("cut-short")
    assert mail.text == "This much arrived."
    assert names(mail) == ["page.png"]
    assert codes(mail) == ["cut-short"]


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Auto-Submitted: no", False),
        ("Auto-Submitted: auto-generated", True),
        ("Precedence: list", False),
        ("Precedence: auto_reply", True),
        ("X-Autoreply: yes", True),
        ("Return-Path: <>", True),
        ("List-Id: <a.list.example>", False),
    ],
)
def test_mail_by_programs_is_told_from_mail_through_lists(header, automatic):
    assert read(f"{header}\nFrom: a@b.example\n\nhello".encode()).auto_submitted is automatic


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        ("heron@mail.example", ("", "heron@mail.example")),
        ("heron@mail.example (Heron)", ("Heron", "heron@mail.example")),
        ('"Heron, first" <heron@MAIL.example>', ("Heron, first", "heron@mail.example")),
        (r'"Her\"on" <heron@mail.example>', ('Her"on', "heron@mail.example")),
        ("Heron <heron@mail.example", ("Heron", "heron@mail.example")),
        ("Heron", ("Heron", "")),
        ("real@bank.example <heron@mail.example>", ("real@bank.example", "heron@mail.example")),
        ("=?utf-8?q?A=2C?= =?utf-8?q?B?= <a@b.example>, c@d.example", ("A,B", "a@b.example")),
        ("", ("", "")),
    ],
)
def test_senders_are_read_however_they_are_written(value, sender):
    mail = read(f"From: {value}\n\nhello".encode())
    assert (mail.sender_name, mail.sender_email) == sender
    assert ("no-sender" in codes(mail)) is not bool(sender[1])


def test_without_a_writer_the_one_who_sent_it_is_the_sender():
    assert read(b"Sender: s@b.example\nReply-To: r@b.example\n\nx").sender_email == "s@b.example"
    assert read(b"From: nobody\nReply-To: r@b.example\n\nx").reply_to == "r@b.example"


def test_a_stand_in_for_html_gives_way_to_it():
    page = "<p>" + "What happened, in some detail. " * 20 + "</p>"
    mail = read(
        b"From: a@b.example\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nUse another program.\n"
        b"--x\nContent-Type: text/html\n\n" + page.encode() + b"\n--x--\n"
    )
    assert mail.text.startswith("What happened")


def test_an_unlabelled_page_is_read_by_its_own_label():
    page = '<meta charset="windows-1256"><p>سلام</p>'.encode("windows-1256")
    assert read(b"Content-Type: text/html\n\n" + page).text == "سلام"


def test_mail_without_a_charset_is_guessed_and_says_so():
    assert codes(read(b"From: a@b.example\n\ncaf\xe9")) == ["charset-guessed"]
    assert not read("From: a@b.example\n\ncafé".encode()).problems
