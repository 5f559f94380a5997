"""The filter language: what is typed, what it finds, what is said of it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tutela.core.cases.models import Case
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.surfaces.desk.queue.filters import LONGEST, Asker, parse

from .scene import do, report, set_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast):
    return set_scene(cast)


@pytest.fixture
def found(cast):
    def find(typed: str, actor=None) -> set[str]:
        actor = actor or cast.juniper
        asker = Asker(actor.id, timezone.now(), ("emergency",))
        with acting_as(actor):
            return set(parse(typed, asker).apply(Case.objects.all()).values_list("reference", flat=True))

    return find


def test_nothing_typed_shows_what_is_open(scene, found, cast):
    perform(scene.assessed, "assess_not_a_threat", cast.juniper, {"narrative": "A song."})
    perform(scene.assessed, "close", cast.juniper, {})
    assert scene.assessed not in found("")
    assert scene.held in found("")
    assert found("state:closed") == {scene.assessed}
    assert found("state:any") > {scene.assessed, scene.held}


def test_terms_narrow_together(scene, found):
    assert found("severity:critical") == {scene.held}
    assert scene.held not in found("-severity:critical")
    assert found("severity>=high assignee:me") == {scene.held, scene.released}
    assert found("lang:ar") == {scene.arabic}
    assert found("assignee:nobody lang:ar,es") == {scene.arabic}
    assert found("assignee:Juniper") == {scene.held, scene.released}
    assert found("state:awaiting_approval") == {scene.held}
    assert found("state:waiting") == {scene.held, scene.released}
    assert found("is:unread") == {scene.held}
    assert found("workflow:triage") == set()
    assert found("due:late") == set()
    assert scene.released not in found("due<90m")
    assert found("due>1d") == {scene.released}
    assert found("received>1d") == set()


def test_words_are_searched_for(scene, found, cast):
    assert found("sandbox") == {scene.assessed}
    assert found('"Threat of self-harm"') == {scene.held}
    assert found("threat severity:critical") == {scene.held}
    assert found(scene.arabic.lower()) == {scene.arabic}
    assert found("محطة") == {scene.arabic}
    assert found("photographs", cast.wren) == {scene.triage}
    assert found("photographs") == set()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("colour:red", "“colour” is not a filter. You can use: state, assignee"),
        ("severity:awful", "Severities are low, medium, high, critical."),
        ("due<soon", "“soon” is not a length of time. Write 30m, 2h, 3d or 1w."),
        ("due:tomorrow", "Write due<2h, due>1d, due:late or due:none."),
        ("state:lost", "No workflow has a state “lost”."),
        ("workflow:none", "There is no workflow 'none'."),
        ("is:funny", "After “is” comes one of: unread, restricted, test, snoozed."),
        ("assignee<me", "“assignee” goes with :."),
    ],
)
def test_what_is_not_understood_is_told(cast, typed, said):
    read = parse(typed, Asker(cast.juniper.id, timezone.now(), ()))
    assert said in read.problems[0]
    assert read.terms == ()


def test_a_filter_reads_back_as_it_was_typed(cast):
    typed = 'state:open -severity:low "two words" assignee:me,nobody due<2h word'
    read = parse(typed, Asker(cast.juniper.id, timezone.now(), ()))
    assert read.text == typed
    assert read.without(read.terms[0]) == typed.removeprefix("state:open ")
    assert [term.key for term in read.terms] == ["state", "severity", "words", "assignee", "due", "words"]


@pytest.mark.parametrize(
    "typed",
    ["'; drop table cases_case; --", "%s %(x)s", ":::", "a" * 5000, "\0", "-", '"', "due<", "\u202eright"],
)
def test_no_text_breaks_it(found, scene, typed):
    found(typed[: LONGEST * 2])


def test_who_asks_decides_who_me_is(cast, scene, found):
    do(scene.new, "take", cast.heron)
    assert found("assignee:me", cast.heron) == {scene.new}
    assert report() not in found("assignee:me", cast.heron)
