"""No bytes break the reader, and what it says can be stored and shown. And it agrees with Python's."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutela.connectors.mail import charsets, headers, parse
from tutela.connectors.mail.examine import examine
from tutela.connectors.mail.flowed import unflow
from tutela.connectors.mail.markup import to_text
from tutela.connectors.mail.parse import ParsedMail, read

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.eml"))]
NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
NOT_ONE_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# Words that mail is made of, so that random bytes find the way into every branch.
PIECES = st.sampled_from(
    [
        *(
            b"From: ",
            b"To: ",
            b"Cc: ",
            b"Subject: ",
            b"Date: ",
            b"Message-ID: ",
            b"References: ",
            b"\n",
            b"\r\n",
        ),
        *(
            b"\r",
            b"\n\n",
            b" ",
            b"\t",
            b"<",
            b">",
            b"@",
            b'"',
            b"\\",
            b"(",
            b")",
            b",",
            b";",
            b":",
            b"=",
            b"'",
        ),
        *(b"Content-Type: ", b"multipart/mixed", b"multipart/alternative", b"message/rfc822", b"text/html"),
        *(
            b"; boundary=b",
            b"; boundary*0=b",
            b"--b",
            b"--b--",
            b"; charset=utf-8",
            b"; charset*=''x",
            b"name*",
        ),
        *(
            b"; charset=gb18030",
            b"; charset=utf-7",
            b"; charset=iso-2022-jp",
            b"; charset=zip",
            b"format=flowed",
        ),
        *(
            b"Content-Transfer-Encoding: ",
            b"base64",
            b"quoted-printable",
            b"x-uuencode",
            b"begin 644 x\n",
            b"=?",
        ),
        *(
            b"=?utf-8?q?=00?=",
            b"=?utf-8?b?AA==?=",
            b"=?x?q?",
            b"?=",
            b"*0*=",
            b"%E9",
            b"\xe9",
            b"\x00",
            b"\xff",
        ),
        *(
            b"Content-Disposition: attachment",
            b"; filename=",
            b"../",
            b"\x1b$B",
            b"<!--",
            b"<script>",
            b"&#0;",
        ),
        *(b"Mon, 1 Jan 0001 00:00:00 +2359", b"Fri, 31 Dec 9999 23:59:59 -2359", b"99999999999999999999"),
    ]
)
MAILISH = st.lists(PIECES | st.binary(max_size=8), max_size=60).map(b"".join)
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(mail: ParsedMail) -> None:
    assert not NOT_TEXT.search(mail.text)
    for line in (
        mail.subject,
        mail.sender_name,
        mail.sender_email,
        mail.message_id,
        mail.language,
        mail.reply_to,
    ):
        assert not NOT_ONE_LINE.search(line)
    for line in (*mail.recipients, *mail.references, *(one.name for one in mail.attachments)):
        assert line
        assert not NOT_ONE_LINE.search(line)
    for one in mail.attachments:
        assert "/" not in one.name
        assert "\\" not in one.name
        assert re.fullmatch(r"[!-~]{1,100}/[!-~]{1,100}", one.content_type)
    assert mail.date is None or mail.date.utcoffset().total_seconds() == 0
    assert len(mail.problems) <= 50


@MANY
@given(MAILISH)
def test_anything_that_looks_like_mail_is_read(raw):
    check(read(raw))


@given(st.binary(max_size=2000))
def test_anything_at_all_is_read(raw):
    check(read(raw))


@MANY
@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_mail_is_read(raw, data):
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(start + 40, len(raw))))
    check(read(raw[:start] + data.draw(MAILISH | st.binary(max_size=40)) + raw[end:]))


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_under_any_label_become_text(data, label):
    text, _trouble = charsets.decode(data, label)
    assert not NOT_TEXT.search(charsets.clean(text))


@pytest.mark.parametrize(
    "label", ["zip", "punycode", "idna", "unicode_escape", "rot13", "undefined", "../x", ""]
)
def test_codecs_that_are_not_for_text_are_out_of_reach(label):
    assert not charsets.codec(label)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("ISO-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("GB2312", "gb18030"),
        ("UTF8", "utf_8"),
        ("us-ascii", "ascii"),
        ("Windows-1256", "cp1256"),
        ("ks_c_5601-1987", "cp949"),
        ("x-sjis", "cp932"),
        ("iso-8859-8-i", "iso8859_8"),
    ],
)
def test_charsets_are_read_as_mailers_mean_them(label, codec):
    assert charsets.codec(label) == codec


@given(st.text(alphabet="<>a/\"'=!-&;# \nscript", max_size=200))
def test_any_markup_becomes_text(markup):
    to_text(markup)


@given(st.text(alphabet="> a-\n", max_size=200), st.booleans())
def test_any_text_can_be_unflowed(text, delete_space):
    unflow(text, delete_space=delete_space)


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_any_header_is_read(value, hint):
    headers.words(value, hint.decode("latin-1"))
    headers.parameters(value)
    headers.date(value)
    headers.message_id(value)
    headers.addresses(value, 10)


@given(
    st.sampled_from(
        [b"PK\x03\x04", b"\x1f\x8b", b"GIF89a", b"II*\x00", b"\x89PNG\r\n\x1a\n", b"RIFF1234WEBP"]
    ),
    st.binary(),
)
def test_any_file_is_examined(start, data):
    examine(start + data)


# Python's own parser reads mail in good order well: then the two must agree.

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=80
)
WORDS = TEXT.map(lambda text: " ".join(text.split()))
LINES = st.lists(WORDS, min_size=1, max_size=6).map("\n".join)
FILES = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z0-9éß中][A-Za-z0-9 éß中]{0,30}\.[a-z]{3}", fullmatch=True),
        st.binary(max_size=300),
    ),
    max_size=3,
)


@MANY
@given(WORDS, LINES, FILES, st.sampled_from(["base64", "quoted-printable", "8bit"]))
def test_a_mail_that_python_writes_is_read_back(subject, text, files, encoding):
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "Fern <fern@mail.example>", "ca@tutela.example"
    message["Subject"] = subject.replace("=?", "")
    message.set_content(text + "\n", cte=encoding)
    for name, data in files:
        message.add_attachment(data, "application", "octet-stream", filename=name)
    mail = read(message.as_bytes())
    assert charsets.one_line(subject.replace("=?", "")) == mail.subject
    assert mail.text == charsets.clean(text).strip("\n") or not text.strip()
    assert [one.data for one in mail.attachments] == [data for _, data in files]
    assert [one.name for one in mail.attachments] == [parse.file_name(name, "", 1) for name, _ in files]


def test_a_fault_of_the_reader_still_shows_the_mail(monkeypatch, caplog):
    def broken(_raw: bytes) -> ParsedMail:
        raise RecursionError

    monkeypatch.setattr(parse, "read", broken)
    mail = parse.parse(b"From: a@b.example\r\n\r\nPlease \x00help\r\n")
    assert mail.text == "From: a@b.example\n\nPlease help\n"
    assert [problem.code for problem in mail.problems] == ["unparsable"]
    assert "broke the reader" in caplog.text
