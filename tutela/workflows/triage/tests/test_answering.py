"""The right venue, from the wiki to all wikis; and quiet cases close by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cast import Cast
from tutela.core.cases.models import Event
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.errors import BadData, StepClosed
from tutela.core.flow.poller import tick
from tutela.core.people.actor import acting_as
from tutela.programs.directory.models import Venue
from tutela.workflows.triage.forms import AnswerWithVenue
from tutela.workflows.triage.tests.path import do, letters, look, mail, received, sorted_out

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("category", "wiki", "title"),
    [
        ("one_wiki", "en.wiki.example", "Administrators’ noticeboard"),
        ("one_wiki", "fr.wiki.example", "Administrators of small wikis"),
        ("legal", "en.wiki.example", "Help desk"),
        ("legal", "", "List of places for help"),
    ],
)
def test_the_nearest_place_is_named(cast: Cast, category, wiki, title):
    reference = sorted_out(cast)
    do(reference, "sort", cast.wren, category=category, wiki=wiki)
    do(reference, "answer_with_venue", cast.wren)
    (letter,) = letters(reference, cast.wren)
    assert title in letter.text


def test_the_analyst_chooses_among_what_was_found(cast: Cast):
    reference = sorted_out(cast)
    second = Venue.objects.create(
        wiki="en.wiki.example", issue="one_wiki", title="Mentors", url="https://x.example/", position=2
    )
    do(reference, "answer_with_venue", cast.wren, venues=[str(second.pk)])
    (letter,) = letters(reference, cast.wren)
    assert "Mentors" in letter.text
    assert "noticeboard" not in letter.text


def test_the_form_says_when_each_place_was_verified(cast: Cast):
    load = sorted_out(cast)
    case = look(load, cast.wren)
    ((_key, label),) = AnswerWithVenue(case=case).fields["venues"].choices
    assert "last verified on" in label
    Venue.objects.filter(wiki="en.wiki.example").update(verified_at=None)
    ((_key, label),) = AnswerWithVenue(case=case).fields["venues"].choices
    assert "never verified" in label


def test_where_the_directory_knows_nothing_it_says_so(cast: Cast):
    reference = received()
    do(reference, "sort", cast.wren, category="other")
    with pytest.raises(BadData, match="cannot be used") as refused:
        do(reference, "answer_with_venue", cast.wren)
    assert "no venue for this" in refused.value.errors["venues"][0]


def test_a_venue_that_was_not_found_is_refused(cast: Cast):
    reference = sorted_out(cast)
    other = Venue.objects.get(title="Requests to stewards")
    with pytest.raises(BadData):
        do(reference, "answer_with_venue", cast.wren, venues=[str(other.pk)])


def test_an_answer_of_one_s_own_stops_the_promise_too(cast: Cast):
    reference = sorted_out(cast)
    do(reference, "answer", cast.wren, text="We asked somebody who knows.")
    with acting_as(cast.wren):
        assert look(reference, cast.wren).clocks.get(name="first_answer").state == "met"


def test_two_quiet_weeks_close_it(cast: Cast):
    reference = sorted_out(cast)
    do(reference, "answer_with_venue", cast.wren)
    with acting_as(cast.wren):
        clock = look(reference, cast.wren).clocks.get(name="quiet")
    assert clock.due_at - clock.started_at == timedelta(days=14)
    tick(clock.due_at + timedelta(seconds=1))
    case = look(reference, cast.wren)
    assert case.state == "closed"
    with acting_as(cast.wren):
        assert case.events.get(step="close_quietly").actor.username == "system-clock"


def test_a_reporter_who_writes_again_keeps_it_open(cast: Cast):
    reference = sorted_out(cast)
    do(reference, "answer_with_venue", cast.wren)
    with acting_as(cast.wren):
        ours = look(reference, cast.wren).messages.get()
        type(ours).objects.filter(pk=ours.pk).update(message_id="<ours@tutela.example>")
    again = mail(text="It did not help.", thread=("<ours@tutela.example>",))
    assert open_case(receive(again).report_id) == reference
    with acting_as(cast.wren):
        assert look(reference, cast.wren).clocks.get(name="quiet").stopped_at is not None
    assert do(reference, "take_up_again", cast.wren).state == "sorted"


def test_a_promise_that_was_not_kept_escalates(cast: Cast):
    reference = received()
    with acting_as(cast.wren):
        clock = look(reference, cast.wren).clocks.get(name="first_answer")
    tick(clock.due_at + timedelta(seconds=1))
    with acting_as(cast.wren):
        lapses = Event.objects.filter(case__reference=reference, step="clock_lapsed")
        assert {event.data["clock"] for event in lapses} == {"sort", "first_answer"}


def test_the_promise_waits_while_we_wait_for_the_reporter(cast: Cast):
    reference = received()
    do(reference, "pause_clocks", cast.wren, reason="reporter")
    with acting_as(cast.wren):
        states = dict(look(reference, cast.wren).clocks.values_list("name", "state"))
    assert states == {"sort": "running", "first_answer": "paused"}
    with pytest.raises(StepClosed):
        do(reference, "pause_clocks", cast.wren, reason="reporter")
