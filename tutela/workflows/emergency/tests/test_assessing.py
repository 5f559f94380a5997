"""The checklist is answered, a person decides, and no number of answers ever does."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation

from tests.cast import Cast, agree
from tutela.core.cases.models import Note
from tutela.core.errors import BadData, StepClosed
from tutela.core.people.actor import acting_as
from tutela.workflows.emergency import checklist
from tutela.workflows.emergency.forms import Assessment
from tutela.workflows.emergency.tests.path import (
    CHECKLIST,
    acknowledged,
    deciding,
    do,
    following_up,
    held,
    look,
)

OUTCOMES = [
    ("assess_imminent", "imminent", "locating"),
    ("assess_not_imminent", "not_imminent", "follow_up"),
    ("assess_not_credible", "not_credible", "follow_up"),
    ("assess_not_a_threat", "not_a_threat", "follow_up"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("step", "outcome", "state"), OUTCOMES)
@pytest.mark.parametrize("answer", ["yes", "no", "unknown"])
def test_the_same_answers_allow_every_outcome(cast: Cast, step, outcome, state, answer):
    reference = acknowledged(cast)
    answers = {item.name: answer for item in checklist.items()}
    do(reference, step, cast.juniper, **answers, narrative="Seen it.")
    case = look(reference, cast.juniper)
    assert (case.state, case.facts["assessment"]) == (state, outcome)
    assert case.facts["checklist"] == answers


@pytest.mark.django_db
def test_the_words_are_a_note_and_the_answers_a_line_of_the_timeline(cast: Cast):
    reference = acknowledged(cast)
    do(reference, "assess_imminent", cast.juniper, **CHECKLIST)
    with acting_as(cast.juniper):
        note = Note.objects.get(case__reference=reference)
        event = look(reference, cast.juniper).events.get(step="assess_imminent")
    assert note.text == "Names a station."
    assert event.data["answers"]["target"] == "yes"
    assert event.data["answers"]["age"] == "unknown", "what was left out counts as unknown"
    assert "station" not in str(event.data)


@pytest.mark.django_db
def test_words_are_needed(cast: Cast):
    with pytest.raises(BadData) as refused:
        do(acknowledged(cast), "assess_imminent", cast.juniper, target="yes")
    assert list(refused.value.errors) == ["narrative"]


@pytest.mark.django_db
def test_an_answer_that_is_none_is_refused(cast: Cast):
    with pytest.raises(BadData) as refused:
        do(acknowledged(cast), "assess_imminent", cast.juniper, target="maybe", narrative="x")
    assert list(refused.value.errors) == ["target"]


@pytest.mark.django_db
def test_it_is_assessed_once_and_again_when_something_changed(cast: Cast):
    reference = following_up(cast)
    with pytest.raises(StepClosed):
        do(reference, "assess_imminent", cast.juniper, **CHECKLIST)
    do(reference, "assess_again", cast.heron, reason="A friend wrote.")
    case = look(reference, cast.juniper)
    assert (case.state, case.facts["assessment"], case.due_clock) == ("acknowledged", "", "assess")
    do(reference, "assess_imminent", cast.juniper, **CHECKLIST)


@pytest.mark.django_db
def test_assessing_again_withdraws_what_waits_for_approval(cast: Cast):
    reference = held(cast)
    do(reference, "assess_again", cast.juniper, reason="It was a song.")
    with acting_as(cast.juniper):
        assert look(reference, cast.juniper).requests.get().state == "withdrawn"
    with pytest.raises(StepClosed):
        agree(reference, cast.larch)


@pytest.mark.django_db
def test_a_slip_is_taken_back(cast: Cast):
    reference = acknowledged(cast)
    do(reference, "assess_not_a_threat", cast.juniper, **CHECKLIST)
    do(reference, "undo", cast.juniper)
    case = look(reference, cast.juniper)
    assert case.state == "acknowledged"
    assert "assessment" not in case.facts
    do(reference, "assess_imminent", cast.juniper, **CHECKLIST)


@pytest.mark.django_db
def test_the_assessment_is_not_changed_by_editing_facts(cast: Cast):
    reference = deciding(cast)
    do(
        reference,
        "edit_facts",
        cast.juniper,
        assessment="not_a_threat",
        agency="Somebody",
        place="Sample City",
    )
    facts = look(reference, cast.juniper).facts
    assert (facts["assessment"], facts["place"]) == ("imminent", "Sample City")
    assert facts["agency"] == "National Police of Exampleland"
    assert facts["country"] == "ZE", "what was not said again is kept"


class TestTheList:
    """The questions come from a file that an operator may replace."""

    def test_ours_asks_what_the_criteria_name(self):
        names = [item.name for item in checklist.items()]
        assert names == ["target", "means", "time", "place", "intent", "history", "copied", "age", "location"]

    @pytest.mark.parametrize("language", ["en", "fr", "es", "de", "ar", "zh-hans"])
    def test_it_speaks_the_language_of_the_page(self, language):
        with translation.override(language):
            labels = {str(item) for item in checklist.items()}
        assert len(labels) == 9
        with translation.override("en"):
            english = {str(item) for item in checklist.items()}
        assert (labels == english) == (language == "en")

    def test_another_file_gives_other_questions(self, tmp_path, monkeypatch):
        path = tmp_path / "ours.toml"
        path.write_text('[[item]]\nname = "weather"\n[item.label]\nen = "Is it raining?"\n')
        monkeypatch.setenv(checklist.VARIABLE, str(path))
        assert list(Assessment().fields) == ["weather", "narrative"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "at least one"),
            ("[[item]]\n", "`name` must be a short word"),
            ('[[item]]\nname = "narrative"\n', "`name` must be a short word"),
            ('[[item]]\nname = "A b"\n', "`name` must be a short word"),
            ('[[item]]\nname = "a"\n', r"item 1 \(a\): `label.en` is missing"),
            ('[[item]]\nname = "a"\nlabel = {fr = "A"}\n', "`label.en` is missing"),
            ('[[item]]\nname="a"\nlabel={en="A"}\n[[item]]\nname="a"\nlabel={en="A"}', "its own name"),
            ("[[item", "cannot be read"),
        ],
    )
    def test_a_fault_in_the_file_is_named(self, tmp_path, text, said):
        path = tmp_path / "ours.toml"
        path.write_text(text)
        with pytest.raises(ImproperlyConfigured, match=said):
            checklist.read(path)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(ImproperlyConfigured, match="cannot be read"):
            checklist.read(tmp_path / "none.toml")
