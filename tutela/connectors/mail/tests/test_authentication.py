"""Who is believed about a sender, and what their words mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutela.connectors.mail.authentication import Proof, Result, proof
from tutela.connectors.mail.parse import ParsedMail, parse

OURS = ["mx.tutela.example"]
SENDER = "heron@mail.example"


def mail(*results: str, heads: str = "") -> ParsedMail:
    lines = "".join(f"Authentication-Results: {one}\r\n" for one in results)
    return parse(f"{lines}{heads}From: Heron <{SENDER}>\r\n\r\nhello".encode(), OURS)


def judged(*results: str) -> Proof:
    return proof(mail(*results).checks, SENDER)


def test_only_servers_that_are_trusted_are_believed():
    line = "; dmarc=pass header.from=mail.example"
    assert judged(f"mx.tutela.example{line}") is Proof.PROVEN
    assert judged(f"MX.tutela.example 1{line}") is Proof.PROVEN
    for other in ("mx.mail.example", "mx.tutela.example.evil.example", "(mx.tutela.example) x.example", ""):
        assert mail(f"{other}{line}").checks == ()
    assert parse(b"Authentication-Results: mx.tutela.example; dkim=pass header.d=a\r\n\r\n").checks == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dkim=pass (2048-bit key; a=b) header.d=mail.example header.s=one", Proof.PROVEN),
        ("spf=pass smtp.mailfrom=bounces@mail.example", Proof.PROVEN),
        ("dkim=pass header.i=@mail.example", Proof.PROVEN),
        ("dkim=pass header.d=example", Proof.NONE),
        ("dkim=pass header.d=other.example; spf=pass smtp.mailfrom=list.example", Proof.NONE),
        ("dkim=pass header.d=evil.mail.example", Proof.NONE),
        ("spf=softfail smtp.mailfrom=mail.example; dkim=none", Proof.NONE),
        ("spf=fail smtp.mailfrom=x@mail.example", Proof.FAILED),
        ("spf=pass smtp.mailfrom=mail.example; dmarc=fail header.from=mail.example", Proof.FAILED),
        ("spf=fail smtp.mailfrom=mail.example; dmarc=pass header.from=mail.example", Proof.PROVEN),
        ("arc=pass header.d=mail.example", Proof.NONE),
        ("none", Proof.NONE),
        ("dkim=pass", Proof.NONE),
    ],
)
def test_a_check_counts_for_the_domain_that_it_speaks_of(line, expected):
    assert judged(f"mx.tutela.example; {line}") is expected


def test_checks_in_several_lines_are_taken_together_and_named():
    found = mail(
        "mx.tutela.example;\r\n\tspf=fail (a (nested) comment) smtp.mailfrom=mail.example",
        "mx.tutela.example; dkim=pass header.d=mail.example",
    ).checks
    assert found == (Result("spf", "fail", "mail.example"), Result("dkim", "pass", "mail.example"))
    assert proof(found, SENDER) is Proof.PROVEN
    assert proof(found, "") is Proof.NONE


@given(st.text(max_size=300))
def test_no_line_breaks_the_reader(line):
    mail(f"mx.tutela.example; {line}".replace("\r", "").replace("\n", ""))


@pytest.mark.parametrize("head", ["X-Spam-Flag: YES", "X-Spam-Status: Yes, score=9.1", "X-Spam: yes"])
def test_a_mark_of_a_filter_is_seen(head):
    assert mail(heads=f"{head}\r\n").spam
    assert not mail(heads="X-Spam-Flag: NO\r\nX-Spam-Status: No, score=1\r\n").spam
