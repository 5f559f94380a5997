"""Mail made to exhaust its reader. Each is read within fixed limits and says what was left out."""

from __future__ import annotations

import base64
import time

import pytest

from tutela.connectors.mail.parse import MAX_FILES, MAX_RECIPIENTS, MAX_TEXT, ParsedMail, read

MEGABYTE = 1024 * 1024
HEAD = b"From: Heron <heron@mail.example>\r\nMIME-Version: 1.0\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def fill(piece: bytes, size: int = 4 * MEGABYTE) -> bytes:
    return piece * (size // len(piece))


def codes(mail: ParsedMail) -> set[str]:
    return {problem.code for problem in mail.problems}


def nested(depth: int) -> bytes:
    heads = [
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (each, each)
        for each in range(depth)
    ]
    return HEAD + b"".join(heads) + b"\r\nthe innermost words\r\n"


def forwarded(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nthe innermost words\r\n"


@pytest.mark.parametrize("raw", [nested(50), forwarded(50), nested(20_000), forwarded(100_000)])
def test_deep_nesting_is_followed_to_a_limit_and_the_rest_is_a_file(raw):
    mail = read(raw)
    assert "too-deep" in codes(mail)
    assert b"the innermost words" in mail.attachments[-1].data


@pytest.mark.parametrize("raw", [nested(25), forwarded(25)])
def test_twenty_five_levels_are_read(raw):
    assert read(raw).text.endswith("the innermost words")


def test_a_thousand_recipients_are_listed_and_no_more():
    everybody = ", ".join(f"Reader {each} <r{each}@mail.example>" for each in range(1_200))
    mail = read(f"To: {everybody}\r\n\r\nhello".encode())
    assert len(mail.recipients) == MAX_RECIPIENTS
    assert "too-many-recipients" in codes(mail)


def test_a_megabyte_of_header_is_cut():
    mail = read(b"From: a@b.example\r\nSubject: " + fill(b"x", MEGABYTE) + b"\r\n\r\nhello")
    assert (len(mail.subject), mail.text) == (1000, "hello")
    assert "header-cut" in codes(mail)


def test_a_hundred_thousand_headers_are_cut():
    mail = read(b"From: a@b.example\r\n" + b"X-Again: yes\r\n" * 100_000 + b"\r\nhello")
    assert (mail.sender_email, mail.text) == ("a@b.example", "hello")
    assert "headers-cut" in codes(mail)


def test_a_million_parts_are_counted_only_to_a_limit():
    assert "too-many-parts" in codes(read(MIXED + b"--b\r\n\r\nx\r\n" * 300_000))


def test_more_files_than_fit_are_left_in_the_mail():
    part = b"--b\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n"
    mail = read(MIXED + part * 300)
    assert len(mail.attachments) == MAX_FILES
    assert "too-many-files" in codes(mail)


def test_a_text_of_five_megabytes_is_shown_in_part_and_attached_whole():
    words = b"All of this was written by one person. " * (5 * MEGABYTE // 39)
    mail = read(HEAD + b"\r\n" + words)
    assert len(mail.text) == MAX_TEXT
    assert [(one.name, one.data) for one in mail.attachments] == [("message.txt", words)]
    assert codes(mail) == {"text-cut"}


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\n\n\n", HEAD + b"\r\n", HEAD + b"\r\n \r\n"])
def test_an_empty_mail_says_so(raw):
    assert "empty" in codes(read(raw))


def encoded(depth: int) -> bytes:
    raw = fill(b"x", MEGABYTE)
    for _ in range(depth):
        raw = (
            HEAD
            + b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(raw)
        )
    return raw


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(MIXED + fill(b"--b x"), id="boundaries that are none"),
        pytest.param(
            MIXED + fill(b"--b\nContent-Type: text/plain;" + b' a="\\";' * 900 + b"\n\nx\n"), id="parameters"
        ),
        pytest.param(b"Subject: " + fill(b"=?utf-8?q?=41?= =?cp1252?q?a?= "), id="encoded words"),
        pytest.param(b"To: " + fill(b"("), id="comments"),
        pytest.param(b"To: <" + fill(b":"), id="groups"),
        pytest.param(fill(b"\r"), id="carriage returns"),
        pytest.param(fill(b"\0"), id="NUL"),
        pytest.param(encoded(8), id="encoded in encoded"),
        pytest.param(HTML + fill(b"<"), id="signs"),
        pytest.param(HTML + fill(b"<a '"), id="quotes"),
        pytest.param(HTML + fill(b"<!--"), id="comments without end"),
        pytest.param(HTML + fill(b"<style></style>"), id="styles"),
        pytest.param(HTML + fill(b"<svg>"), id="elements without end"),
        pytest.param(HTML + b"&#" + fill(b"1") + b";", id="a number of millions of digits"),
        pytest.param(
            HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n" + fill(b"!A\n"), id="uu"
        ),
        pytest.param(HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + fill(b"+AAA"), id="UTF-7"),
        pytest.param(HEAD + b"Date: " + fill(b"9") + b"\r\n\r\n", id="a date of millions of digits"),
    ],
)
def test_work_does_not_grow_faster_than_the_mail(raw):
    began = time.process_time()
    read(raw)
    # Each takes well under a second. The margin is for slow machines: growing with the square takes minutes.
    assert time.process_time() - began < 15
