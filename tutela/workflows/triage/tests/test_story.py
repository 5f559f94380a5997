"""Two reports: one that a community handles, one that is an emergency."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tutela.core.people.actor import acting_as
from tutela.programs.directory.files import load_sample
from tutela.workflows.triage.tests.path import do, letters, linked_to, look, received

pytestmark = pytest.mark.django_db


def test_from_a_mail_to_the_right_noticeboard(cast: Cast):
    load_sample()
    reference = received(language="es")
    do(reference, "take", cast.wren)
    do(reference, "sort", cast.wren, category="one_wiki", wiki="es.wiki.example", language="es")
    do(reference, "answer_with_venue", cast.wren, text="They answer within a day.")
    (letter,) = letters(reference, cast.wren)
    assert "https://es.wiki.example/wiki/Project:Tablón" in letter.text
    assert "They answer within a day." in letter.text
    assert letter.language == "es"
    do(reference, "close", cast.wren)
    case = look(reference, cast.wren)
    assert (case.state, case.due_at) == ("closed", None)
    with acting_as(cast.wren):
        assert not case.clocks.filter(stopped_at=None).exists()


def test_from_a_mail_to_the_emergency_team(cast: Cast):
    reference = received(text="They wrote goodbye and named a station.", subject="Worried")
    assert do(reference, "refer", cast.wren, workflow="emergency", reason="A threat.").state == "referred"
    (case,) = linked_to(reference, cast.alder)
    assert (case.workflow, case.state) == ("emergency", "received")
    assert case.received_at == look(reference, cast.wren).received_at
    do(case.reference, "acknowledge", cast.juniper)
    (letter,) = letters(case.reference, cast.juniper)
    assert letter.recipient == "loud.reader@wiki.example"
    assert linked_to(reference, cast.wren) == [], "whoever sorts sees nothing of the emergency"
