"""The nearest place first, and always some place."""

from __future__ import annotations

import pytest
import time_machine

from tutela.programs.directory.files import load_sample
from tutela.programs.directory.find import agencies_for, helplines_for, known_wikis, venues_for
from tutela.programs.directory.models import Agency, Venue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sample(db):
    load_sample()


def test_the_agency_of_the_place_comes_first_then_that_of_the_country():
    names = [one.name for one in agencies_for("ZE", "sample city")]
    assert names == [
        "Police of Sample City",
        "National Police of Exampleland",
        "Crisis team of the Harbour District",
    ]


def test_without_a_place_the_agency_of_the_country_comes_first():
    assert agencies_for("ZE")[0].name == "National Police of Exampleland"


def test_a_country_without_agencies_has_none():
    assert agencies_for("ZQ") == []


def test_helplines_of_the_country_in_the_language_come_first():
    names = [one.name for one in helplines_for("ZE", "en")]
    assert names == [
        "Someone to Talk To, Exampleland",
        "Night Line of Sample City",
        "Open Ear",
        "World List of Helplines",
    ]


def test_helplines_that_serve_everywhere_stand_in_for_an_unknown_country():
    assert [one.name for one in helplines_for("", "ar")] == ["World List of Helplines", "Open Ear"]


@pytest.mark.parametrize(
    ("wiki", "issue", "first"),
    [
        ("en.wiki.example", "one_wiki", "Administrators’ noticeboard"),
        ("EN.wiki.example", "one_wiki", "Administrators’ noticeboard"),
        ("fr.wiki.example", "one_wiki", "Administrators of small wikis"),
        ("en.wiki.example", "personal_data", "Stewards who hide personal data"),
        ("en.wiki.example", "legal", "Help desk"),
        ("fr.wiki.example", "legal", "List of places for help"),
        ("", "harassment", "Conduct committee of all wikis"),
    ],
)
def test_venues_fall_back_from_the_wiki_to_all_wikis(wiki, issue, first):
    assert venues_for(wiki, issue)[0].title == first


def test_at_most_three_venues_are_offered_in_their_order():
    for position in (4, 3, 2, 1):
        Venue.objects.create(
            wiki="fr.wiki.example", issue="spam", title=f"Place {position}", url=f"https://x.example/{position}",
            position=position,
        )  # fmt: skip
    assert [one.title for one in venues_for("fr.wiki.example", "spam")] == ["Place 1", "Place 2", "Place 3"]


def test_wikis_with_venues_of_their_own_are_known():
    assert known_wikis() == ["en.wiki.example", "es.wiki.example"]


def test_an_agency_is_trusted_while_two_people_verified_it_within_180_days():
    trusted, once = (
        Agency.objects.get(name=name)
        for name in ("Police of Sample City", "Crisis team of the Harbour District")
    )
    assert trusted.is_trusted
    assert not once.is_trusted
    with time_machine.travel("2030-01-01"):
        assert not trusted.is_trusted
