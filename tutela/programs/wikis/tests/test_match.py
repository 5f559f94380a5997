"""Mails of MediaModeration are read, and no other mail is taken for one."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutela.connectors.mail.parse import parse
from tutela.programs.wikis.match import read_match, sha1_in, subject_of

SAMPLES = Path(__file__).with_name("samples")
EXPECTED = json.loads((SAMPLES / "mediamoderation.json").read_text())
SHA1, WORDS = EXPECTED["sha1_hex"], EXPECTED["sha1_base36"]
SUBJECT = f"Automated scan found hash match for hash {WORDS} at 10:20, 11 April 2026"
INTRO = "The following file revision on https://commons.wiki.example is a possible match to a known child"


@pytest.mark.parametrize("name", EXPECTED["cases"])
def test_each_sample_is_read(name):
    mail = parse((SAMPLES / name).read_bytes())
    match = read_match(mail.subject, mail.text)
    assert match is not None
    assert (match.sha1, match.wiki) == (SHA1, "commons.wiki.example")
    expected = [
        (
            file["file"],
            [(datetime.fromisoformat(one["uploaded"]), one["url"] or "") for one in file["revisions"]],
        )
        for file in EXPECTED["cases"][name]
    ]
    read = [(one.name, [(each.uploaded, each.address) for each in one.versions]) for one in match.files]
    assert read == expected


@given(st.binary(min_size=20, max_size=20))
def test_a_hash_is_written_as_the_wiki_writes_it_and_back(digest):
    subject = subject_of(digest.hex())
    assert len(subject) == len(subject_of("0"))
    assert sha1_in(f"{subject} 10:20, 11 April 2026") == digest.hex()


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (SUBJECT, "Hello"),
        (SUBJECT, INTRO),
        (SUBJECT.replace(WORDS, "z" * 31), f"{INTRO}\n* A.jpg: 06:07, 5 April 2026"),
        (f"Re: {SUBJECT}", f"{INTRO}\n* A.jpg: 06:07, 5 April 2026"),
        (SUBJECT, f"{INTRO.replace('https://commons', 'https://[commons')}\n* A.jpg: 06:07, 5 April 2026"),
        ("Automated scan found nothing", f"{INTRO}\n* A.jpg: 06:07, 5 April 2026"),
    ],
)
def test_another_mail_is_none(subject, text):
    assert read_match(subject, text) is None


@given(st.text())
def test_any_text_is_read(text):
    read_match(SUBJECT, f"{INTRO}\n{text}")
