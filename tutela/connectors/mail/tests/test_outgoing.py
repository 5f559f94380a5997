"""What we send: right for people, right for programs, and nothing in it that was not meant."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutela.connectors.mail.build import Mail, build, message_id
from tutela.connectors.mail.parse import read
from tutela.core.errors import Rejected

SENDER = "Trust & Safety <safety@tutela.example>"
NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
ACKNOWLEDGEMENT = {
    "to": "heron@mail.example",
    "subject": "We have your report",
    "text": "Dear Heron,\n\nwe read your report & look into it now.\n\nTrust & Safety",
    "language": "en",
    "token": "m42-abcdefgh",
    "in_reply_to": "<20260203-1@mail.example>",
    "references": ["<first@mail.example>"],
    "automatic": True,
}
TRICKY = st.text(
    st.sampled_from("ab é字<>@\"'\\,;:=?_\r\n\0\t\x85\u2028\u202e\u2066\x1b") | st.characters(codec="utf-8"),
    max_size=60,
) | st.sampled_from(
    ["=?UTF-8?Q?=0D=0ABcc:_x@y.example?=", "x\r\nBcc: many@mail.example", "=?utf-8?b?DQpCY2M6IGE=?="]
)
FIELDS = {"date", "message-id", "from", "to", "subject", "mime-version", "content-type"}


def made(**payload: object) -> Mail:
    return build(ACKNOWLEDGEMENT | payload, "key-1", SENDER, NOW)


def page(mail: Mail) -> str:
    """The HTML of a mail."""
    message = email.message_from_bytes(mail.message, policy=default)
    return message.get_body(("html",)).get_content().replace("\r\n", "\n")


def heads(mail: Mail) -> list[str]:
    """The names of the headers as a program sees them that knows nothing of ours."""
    head = mail.message.split(b"\r\n\r\n")[0].decode("ascii")
    return [line.partition(":")[0].lower() for line in head.split("\r\n") if line[0] not in " \t"]


def test_an_acknowledgement_says_who_what_and_where_to_answer():
    message = email.message_from_bytes(made().message, policy=default)
    assert message["From"] == "Trust & Safety <safety@tutela.example>"
    assert message["To"] == "heron@mail.example"
    assert message["Subject"] == "We have your report"
    assert message["Date"].datetime == NOW
    assert message["Reply-To"] == "safety+m42-abcdefgh@tutela.example"
    assert made().sender == "safety+m42-abcdefgh@tutela.example"  # what cannot be delivered comes back there
    assert made(token="").sender == "safety@tutela.example"
    assert message["In-Reply-To"] == "<20260203-1@mail.example>"
    assert message["References"] == "<first@mail.example> <20260203-1@mail.example>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Content-Language"] == "en"
    assert read(made().message).text == ACKNOWLEDGEMENT["text"]


def test_the_page_has_its_direction_and_no_markup_from_values():
    content = page(made(language="ar", text="<b>سلام</b>\n\nb"))
    assert '<html lang="ar" dir="rtl">' in content
    assert '<p dir="auto">&lt;b&gt;سلام&lt;/b&gt;</p>\n<p dir="auto">b</p>' in content


def test_a_letter_may_bring_its_own_page():
    assert "<body>\n<h1>Hello</h1>\n</body>" in page(made(html="<h1>Hello</h1>"))


def test_an_answer_by_a_person_is_not_marked_as_automatic():
    assert "auto-submitted" not in heads(made(automatic=False))


def test_the_same_key_makes_the_same_message_id_and_no_other_key_does():
    assert made().message_id == message_id("key-1", SENDER)
    assert message_id("key-1", SENDER) != message_id("key-2", SENDER)
    assert message_id("key-1", SENDER).endswith("@tutela.example>")


def test_a_message_id_cannot_be_made_without_our_key(settings):
    known = message_id("key-1", SENDER)
    settings.SECRET_KEY = "another key of thirty-two letters or more"
    assert message_id("key-1", SENDER) != known


@given(
    subject=TRICKY,
    name=TRICKY,
    text=TRICKY,
    language=TRICKY,
    token=TRICKY,
    answered=TRICKY,
    earlier=st.lists(TRICKY),
)
def test_no_value_adds_a_header_or_a_line(subject, name, text, language, token, answered, earlier):
    mail = build(
        {
            "to": "heron@mail.example",
            "subject": subject,
            "text": text,
            "from_name": name,
            "language": language,
            "token": token,
            "in_reply_to": answered,
            "references": earlier,
        },
        "key",
        SENDER,
        NOW,
    )
    assert mail.message.isascii()
    assert b"\n" not in mail.message.replace(b"\r\n", b"")
    assert b"\r" not in mail.message.replace(b"\r\n", b"")
    assert len(heads(mail)) == len(set(heads(mail)))
    assert (
        FIELDS <= set(heads(mail)) <= FIELDS | {"reply-to", "in-reply-to", "references", "content-language"}
    )
    received = read(mail.message)
    assert received.recipients == ("heron@mail.example",)
    assert received.sender_email == "safety@tutela.example"
    assert received.subject == mail.subject
    assert {problem.code for problem in received.problems} <= {"empty"}
    assert max(map(len, mail.message.split(b"\r\n"))) <= 998


def test_a_subject_that_looks_encoded_arrives_as_it_was_written():
    assert read(made(subject="=?UTF-8?Q?=0ABcc:?=").message).subject == "=?UTF-8?Q?=0ABcc:?="


@pytest.mark.parametrize(
    "address",
    [
        "",
        "heron",
        "heron@",
        "@mail.example",
        "heron@mail.example, wren@mail.example",
        "heron@mail.example\r\nBcc: wren@mail.example",
        "Heron <heron@mail.example>",
        "heron@mail..example",
        "her on@mail.example",
        "héron@mail.example",
        "h" * 65 + "@mail.example",
        "heron@" + "a." * 130 + "example",
        '"x y"@mail.example',
        "heron@[127.0.0.1]",
    ],
)
def test_an_address_that_cannot_work_is_refused_in_words(address):
    with pytest.raises(Rejected) as refused:
        made(to=address)
    assert "\n" not in str(refused.value)
    assert refused.value.what_to_do


def test_a_domain_in_any_script_is_written_as_dns_knows_it():
    assert made(to="heron@müller.example").recipient == "heron@xn--mller-kva.example"


@pytest.mark.parametrize("text", ["مرحبا\n" * 50, "From here\n.\n..x\n" + "x" * 3000, "字" * 2000, ""])
def test_any_text_arrives_as_it_was_written(text):
    assert read(made(text=text).message).text == text.strip("\n")


def test_a_letter_goes_along_as_a_file():
    letter = {"name": "RL-2026-0001.pdf", "content_type": "application/pdf", "base64": "JVBERi0xLjcK"}
    message = email.message_from_bytes(made(attachments=[letter]).message, policy=default)
    (part,) = message.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("RL-2026-0001.pdf", "application/pdf")
    assert part.get_content() == b"%PDF-1.7\n"
    assert "we read your report" in message.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    "letter",
    [
        {"name": "a.pdf", "content_type": "application/pdf", "base64": "not base64!"},
        {"name": "a.pdf", "content_type": "application/pdf"},
        {"name": "a.pdf", "content_type": "text/html\r\nBcc: x@y.example", "base64": "JVBERg=="},
    ],
)
def test_a_mail_never_leaves_without_the_file_that_belongs_to_it(letter):
    with pytest.raises(Rejected, match="cannot be read"):
        made(attachments=[letter])
