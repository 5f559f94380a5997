"""What ReportIncident writes is read as it means it, whatever a reporter writes into it."""

from __future__ import annotations

import json
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutela.programs.wikis.incident import Incident, read_direct, read_emergency

SAMPLES = Path(__file__).with_name("samples")
EMERGENCIES = json.loads((SAMPLES / "zendesk-requests.json").read_text())


def body(sample: dict) -> str:
    return sample["request"]["json"]["request"]["comment"]["body"]


def mail(name: str) -> str:
    read = BytesParser(policy=policy.default).parsebytes((SAMPLES / name).read_bytes())
    return read.get_content()


@pytest.mark.parametrize("sample", EMERGENCIES, ids=lambda one: one["name"])
def test_each_emergency_is_read(sample):
    expected = sample["expected"]["parsed"]
    read = read_emergency(body(sample))
    assert read.reporter == expected["reporter"]
    assert read.reported == (expected["reported"] or "")
    assert read.address == expected["url"]
    assert read.threat == expected["threat"]
    assert read.details == expected["details"]


def test_only_the_lines_before_the_details_count():
    read = read_emergency(
        "Reporting user: Wren\nReported user: \n\nThreat type: Threats of self-harm\nDetails: Look:\n"
        "Reported user: Linden\nLink to page: https://other.example/\nThreat type: Threats of physical harm"
    )
    assert (read.reported, read.address, read.threat) == ("", "", "threats-self-harm")
    assert "Reported user: Linden" in read.details


def test_a_label_counts_once_and_in_its_order():
    read = read_emergency(
        "Reporting user: A\nReporting user: B\nThreat type: Threats of public harm\n"
        "Reported user: C\nDetails: D"
    )
    assert (read.reporter, read.reported, read.threat) == ("A", "C", None)


def test_an_address_that_is_none_of_the_web_is_left_out():
    read = read_emergency("Reporting user: A\nLink to page: javascript:alert(1)\nDetails: x")
    assert read.address == ""


@given(st.text())
def test_any_text_is_read(text):
    assert isinstance(read_emergency(text), Incident)
    read_direct(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "direct-report-en.eml",
            Incident(
                reporter="ReporterOne",
                reported="TargetTwo",
                address="https://en.wiki.example/w/index.php?oldid=123456#c-TargetTwo-20260411101500-Talk",
                behaviour="Bullying, intimidation, threats or insults",
                details="Repeated insults on my talk page.",
            ),
        ),
        (
            "direct-report-de.eml",
            Incident(
                reporter="MelderEins",
                reported="ZielZwei",
                address="https://de.wiki.example/w/index.php?oldid=42",
                behaviour="Mobbing, Einschüchterung, Drohungen oder Beleidigungen",
                details="Beleidigungen über mehrere Tage.",
            ),
        ),
    ],
)
def test_a_direct_report_is_read_by_position_in_any_language(name, expected):
    assert read_direct(mail(name)) == expected


def test_labels_of_full_width_and_details_of_several_lines():
    read = read_direct(
        "報告者：甲\n被報告者：乙\n頁面：https://zh.wiki.example/w/index.php?oldid=7\n\n"
        "行為：騷擾\n詳情：一\n二\nX: y\n\n"
        "回覆：https://zh.wiki.example/wiki/Special:EmailUser?wpTarget=甲"
    )
    assert read is not None
    assert (read.reported, read.details) == ("乙", "一\n二\nX: y")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dear team,\nsomebody is rude.\nhttps://en.wiki.example/\n\nBye",
        # Names another person in the address at the end than at the top.
        "A: Wren\nB: Heron\nC: https://a.example/\n\nD: rude\nE: x\n\nF: https://a.example/?wpTarget=Larch",
    ],
)
def test_another_mail_is_no_direct_report(text):
    assert read_direct(text) is None
