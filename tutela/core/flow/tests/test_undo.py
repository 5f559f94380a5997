"""A step can be taken back by whoever did it, while nothing of it has left the house."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tutela.core.cases.models import Case
from tutela.core.errors import StepClosed
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.core.people.roles import Role

from .company import everybody, installed, opened
from .fixtures.copyright_notices.workflow import WORKFLOW as COPYRIGHT

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db):
    with installed():
        yield everybody(COPYRIGHT)


@pytest.fixture
def reference(people):
    return opened(COPYRIGHT)


def look(reference, actor):
    with acting_as(actor):
        case = Case.objects.get(reference=reference)
        assert case.facts is not None  # opened while somebody is named
        clocks = {row.name: (row.state, row.due_at, row.stopped_at) for row in case.clocks.all()}
    return case, clocks


def test_state_facts_and_clocks_are_as_before(people, reference):
    worker = people[Role.RESPONDER]
    before, clocks_before = look(reference, worker)
    perform(reference, "find_complete", worker, {})
    perform(reference, "undo", worker, {})
    after, clocks_after = look(reference, worker)
    assert (after.state, after.facts, after.assignee_id) == (before.state, before.facts, before.assignee_id)
    assert clocks_after == clocks_before
    assert after.version > before.version, "the record keeps both"


def test_a_close_can_be_taken_back_with_its_clocks(people, reference):
    worker = people[Role.RESPONDER]
    with acting_as(worker):
        Case.objects.filter(reference=reference).update(state="removed")
    _case, clocks_before = look(reference, worker)
    perform(reference, "close", worker, {})
    closed, clocks_closed = look(reference, worker)
    assert closed.closed_at is not None
    assert clocks_closed["act_on_notice"][2] is not None
    perform(reference, "undo", worker, {})
    case, clocks_after = look(reference, worker)
    assert (case.state, case.closed_at) == ("removed", None)
    assert clocks_after == clocks_before


def test_only_whoever_did_it(people, reference):
    perform(reference, "find_complete", people[Role.RESPONDER], {})
    with pytest.raises(StepClosed, match="Only the person who did it"):
        perform(reference, "undo", people[Role.MANAGER], {})


def test_only_within_ten_minutes(people, reference):
    perform(reference, "find_complete", people[Role.RESPONDER], {})
    with (
        time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False),
        pytest.raises(StepClosed, match="more than ten minutes"),
    ):
        perform(reference, "undo", people[Role.RESPONDER], {})


def test_only_the_last_thing(people, reference):
    worker = people[Role.RESPONDER]
    first = perform(reference, "find_complete", worker, {})
    perform(reference, "edit_title", worker, {"title": "Another title"})
    with pytest.raises(StepClosed, match="something happened after it"):
        perform(reference, "undo", worker, {"event": first.event_id})
    perform(reference, "undo", worker, {})
    assert look(reference, worker)[0].title == "A report"


def test_a_note_in_between_does_not_matter(people, reference):
    worker = people[Role.RESPONDER]
    perform(reference, "find_complete", worker, {})
    perform(reference, "note", worker, {"text": "Complete, I think."})
    assert perform(reference, "undo", worker, {}).state == "received"


def test_not_once_and_again(people, reference):
    worker = people[Role.RESPONDER]
    perform(reference, "find_complete", worker, {})
    perform(reference, "undo", worker, {})
    with pytest.raises(StepClosed, match="something happened after it"):
        perform(reference, "undo", worker, {})


def test_a_letter_that_waits_is_not_undone_because_the_record_holds_it(people, reference):
    worker = people[Role.RESPONDER]
    perform(reference, "ask_for_more", worker, {})
    with pytest.raises(StepClosed, match="something happened after it"):
        perform(reference, "undo", worker, {})
    with acting_as(worker):
        assert Effect.objects.filter(state="due").count() == 1
