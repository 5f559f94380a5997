"""Whom to call and whom to talk to, in the country that somebody chooses."""

from __future__ import annotations

import pytest

from tutela.programs.directory.files import load_sample

from .conftest import words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])


@pytest.fixture
def directory():
    load_sample()


def test_the_numbers_of_a_country_can_be_called_with_one_press(visitor, directory):
    page = visitor.get("/en/numbers/?country=ZS").content.decode()
    assert 'href="tel:5550199"' in page
    assert 'href="tel:5550115"' in page


def test_countries_that_nobody_entered_have_numbers_too(visitor):
    page = words_of(visitor.get("/fr/numbers/?country=FR"))
    for number in ("15", "17", "18", "112"):
        assert f" {number} " in page


def test_countries_are_named_in_the_language_of_the_page(visitor):
    assert 'value="DE">Allemagne</option>' in visitor.get("/fr/numbers/").content.decode()
    assert 'value="DE">德国</option>' in visitor.get("/zh-hans/numbers/").content.decode()


def test_no_country_is_chosen_before_somebody_chooses(visitor):
    page = visitor.get("/en/numbers/").content.decode()
    assert " selected" not in page
    assert "tel:" not in page


def test_helplines_of_the_country_come_first_and_those_for_everywhere_are_always_there(visitor, directory):
    everywhere = words_of(visitor.get("/en/help/"))
    assert "Open Ear" in everywhere
    assert "Night Line of Sample City" not in everywhere
    there = words_of(visitor.get("/en/help/?country=ZE"))
    assert there.index("Someone to Talk To, Exampleland") < there.index("Open Ear")


def test_a_line_that_nobody_checked_lately_says_so(visitor, directory):
    page = words_of(visitor.get("/en/help/?country=ZE"))
    line = page[page.index("Night Line of Sample City") :]
    assert "If it does not answer, try another." in line[:300]


def test_links_out_tell_nothing_of_where_they_came_from(visitor, directory):
    page = visitor.get("/en/help/?country=ZE").content.decode()
    for link in page.split('href="https://')[1:]:
        assert "noreferrer" in link.partition(">")[0]


def test_without_any_line_the_page_still_helps(visitor):
    assert "someone you trust can help you find one" in words_of(visitor.get("/en/help/"))
