"""What is it about, on which wiki, in which language; and is it a report at all?"""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tutela.core.errors import BadData, NotAllowed, NotFound
from tutela.core.people.actor import acting_as
from tutela.workflows.triage.tests.path import do, letters, look, received

pytestmark = pytest.mark.django_db


def test_sorting_keeps_category_wiki_and_language(cast: Cast):
    reference = received()
    do(reference, "sort", cast.wren, category="harassment", wiki="fr.wiki.example", language="fr")
    case = look(reference, cast.wren)
    assert (case.state, case.wiki, case.language) == ("sorted", "fr.wiki.example", "fr")
    assert case.facts["category"] == "harassment"


def test_what_the_portal_was_told_is_known_already(cast: Cast):
    told = {"category": "personal_data", "where": "https://en.wiki.example/wiki/User_talk:ExampleMoss"}
    case = look(received(channel="portal", subject="", sender_email="", fields=told), cast.wren)
    assert case.title == "Personal data made public"
    assert (case.wiki, case.facts["category"]) == ("en.wiki.example", "personal_data")


@pytest.mark.parametrize("category", ["no such thing", "", None, 7])
def test_an_unknown_category_is_left_out(cast: Cast, category):
    case = look(received(fields={"category": category}), cast.wren)
    assert "category" not in case.facts
    assert case.title == "Reverted again"


def test_sorting_again_is_possible_until_it_is_answered(cast: Cast):
    reference = received()
    do(reference, "sort", cast.wren, category="other")
    do(reference, "sort", cast.wren, category="spam")
    assert look(reference, cast.wren).facts["category"] == "spam"


def test_a_category_that_nobody_knows_is_refused(cast: Cast):
    with pytest.raises(BadData) as refused:
        do(received(), "sort", cast.wren, category="dance")
    assert list(refused.value.errors) == ["category"]


def test_an_unknown_wiki_is_kept_as_it_is(cast: Cast):
    reference = received()
    do(reference, "sort", cast.wren, category="other", wiki="\u202enowhere.example")
    assert look(reference, cast.wren).wiki == "\u202enowhere.example"


def test_spam_is_closed_unanswered_and_can_be_taken_back(cast: Cast):
    reference = received()
    assert do(reference, "mark_spam", cast.wren).state == "closed"
    assert letters(reference, cast.wren) == []
    assert do(reference, "undo", cast.wren).state == "received"


def test_sorting_stops_its_clock_and_not_that_of_the_answer(cast: Cast):
    reference = received()
    do(reference, "sort", cast.wren, category="other")
    with acting_as(cast.wren):
        states = dict(look(reference, cast.wren).clocks.values_list("name", "state"))
    assert states == {"sort": "met", "first_answer": "running"}


def test_strangers_and_other_roles_do_not_sort(cast: Cast):
    reference = received()
    with pytest.raises(NotFound):
        do(reference, "sort", cast.sorrel, category="other")
    with pytest.raises(NotAllowed):
        do(reference, "sort", cast.linden, category="other")
