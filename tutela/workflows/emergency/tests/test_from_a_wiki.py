"""An emergency that a wiki's own form sent opens with what the wiki said, and with nothing forged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cast import case_of
from tutela.core.cases.models import Case
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import Incoming, receive
from tutela.core.people.actor import acting_as

SAMPLES = Path(__file__).parents[3] / "programs/wikis/tests/samples/zendesk-requests.json"
EMERGENCIES = {one["name"]: one["request"]["json"]["request"] for one in json.loads(SAMPLES.read_text())}


def opened(name: str, actor) -> Case:
    return opened_with(EMERGENCIES[name]["comment"]["body"], actor)


def opened_with(text: str, actor) -> Case:
    incoming = Incoming(channel="wiki", workflow="emergency", raw=text.encode(), text=text)
    return case_of(open_case(receive(incoming).report_id), actor)


def parties(case: Case, actor) -> list[tuple[str, str, str]]:
    with acting_as(actor):
        return [(one.party.name, one.party.platform, one.part) for one in case.parties.all()]


@pytest.mark.django_db
def test_it_opens_with_the_threat_the_page_the_wiki_and_the_account(cast):
    case = opened("comment-physical", cast.juniper)
    assert case.facts == {
        "kind": "others",
        "where": "https://en.wiki.example/w/index.php?oldid=123456#c-TargetTwo-20260411101500-Threats",
    }
    assert case.wiki == "en.wiki.example"
    assert case.title == "Threat against another person, or many"
    assert parties(case, cast.juniper) == [("TargetTwo", "en.wiki.example", "reported")]


@pytest.mark.django_db
def test_who_threatens_themselves_is_at_risk(cast):
    case = opened("topic-self-harm-non-latin", cast.juniper)
    assert (case.facts["kind"], case.facts["at_risk"]) == ("self_harm", "writer")
    assert parties(case, cast.juniper) == [("مستخدم مثال", "ru.wiki.example", "at_risk")]


@pytest.mark.django_db
def test_a_report_that_names_nobody_has_no_party(cast):
    case = opened("page-no-reported-user", cast.juniper)
    assert (case.facts["kind"], parties(case, cast.juniper)) == ("place", [])


@pytest.mark.django_db
def test_lines_forged_in_the_details_change_nothing(cast):
    case = opened("spoofed-lines-in-details", cast.juniper)
    assert case.facts["kind"] == "others"
    assert [name for name, *_rest in parties(case, cast.juniper)] == ["TargetTwo"]


@pytest.mark.django_db
def test_what_could_not_be_read_opens_too(cast):
    case = opened_with("no such lines", cast.juniper)
    assert (case.facts, case.title, case.wiki) == ({}, "Emergency report", "")
