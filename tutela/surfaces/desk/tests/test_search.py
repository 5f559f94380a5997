"""Search finds what is there and what one may see, and shows no more than titles."""

from __future__ import annotations

import re

import pytest

from tutela.core.people.actor import acting_as
from tutela.core.search.find import find

from .scene import ARABIC, SPANISH, report, set_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast):
    return set_scene(cast)


def results(desk, words: str) -> list[str]:
    text = desk.get("/desk/search/", {"q": words}).content.decode()
    return re.findall(r'<span class="ref">([A-Z]{2}-\d{4}-\d+)</span>', text)


def test_words_of_titles_reports_and_names_lead_to_their_case(cast, scene, desk):
    juniper = desk(cast.juniper)
    assert results(juniper, "sandbox") == [scene.assessed]
    assert results(juniper, SPANISH.split()[1]) == [scene.held]
    assert results(juniper, ARABIC.split()[-1]) == [scene.arabic]
    assert scene.held in results(juniper, "ExampleMos")
    assert results(juniper, "") == []
    assert results(juniper, "nowhere-to-be-found") == []


def test_an_exact_reference_comes_first(cast, scene, desk):
    assert results(desk(cast.juniper), scene.held.lower())[0] == scene.held


def test_nothing_but_titles_is_shown(cast, scene, desk):
    text = desk(cast.juniper).get("/desk/search/", {"q": SPANISH.split()[1]}).content.decode()
    assert SPANISH not in text


def test_pages_go_on(cast, desk, monkeypatch):
    from tutela.surfaces.desk import search

    monkeypatch.setattr(search, "PAGE", 2)
    made = [report() for _each in range(5)]
    juniper, url, seen = desk(cast.juniper), "/desk/search/?q=goodbye", []
    while url:
        text = juniper.get(url).content.decode()
        seen += re.findall(r'<span class="ref">([A-Z]{2}-\d{4}-\d+)</span>', text)
        older = re.search(r'href="([^"]*before=[^"]*)"', text)
        url = older[1].replace("&amp;", "&") if older else ""
    assert seen == sorted(made, reverse=True)


def test_the_palette_offers_cases_and_places(cast, scene, desk):
    groups = desk(cast.juniper).get("/desk/palette.json", {"q": "threat"}).json()["groups"]
    assert [item["url"] for item in groups[0]["items"]]
    assert all(set(item) == {"label", "url", "icon"} for item in groups[0]["items"])
    places = desk(cast.juniper).get("/desk/palette.json", {"q": "emerg"}).json()["groups"][1]["items"]
    assert places == [{"label": "Emergencies", "url": "/desk/queue/emergency/", "icon": "urgent", "keys": ""}]
    everything = desk(cast.juniper).get("/desk/palette.json").json()["groups"]
    assert [item["keys"] for item in everything[1]["items"]][:3] == ["G M", "G R", "G A"]


@pytest.mark.parametrize(
    "words", ["%", "_", "' or 1=1", "\0", "(((", "a" * 9000, "\\", "&&&|||", "é\u0301", "ال"]
)
def test_no_words_break_it(cast, scene, desk, words):
    assert desk(cast.juniper).get("/desk/search/", {"q": words}).status_code == 200
    with acting_as(cast.juniper):
        assert isinstance(find(words), list)
