"""A case is closed at once where nothing was released, and after a manager's look where something was."""

from __future__ import annotations

import pytest

from tests.cast import Cast, agree
from tutela.core.errors import BadData, NotAllowed, StepClosed
from tutela.core.people.actor import acting_as
from tutela.workflows.emergency.tests.path import (
    URGENT,
    disclosed,
    disclosed_urgently,
    do,
    following_up,
    look,
    verified,
)
from tutela.workflows.emergency.workflow import WORKFLOW

pytestmark = pytest.mark.django_db


def test_what_was_done_on_the_wiki_adds_up(cast: Cast):
    reference = following_up(cast)
    do(reference, "record_follow_up", cast.juniper, done=["hidden"])
    do(reference, "record_follow_up", cast.heron, done=["stewards", "hidden"], text="Two stewards.")
    assert look(reference, cast.juniper).facts["follow_up"] == ["hidden", "stewards"]
    with pytest.raises(BadData):
        do(reference, "record_follow_up", cast.juniper)


def test_without_a_release_it_is_closed_at_once(cast: Cast):
    reference = following_up(cast)
    with pytest.raises(StepClosed, match="Nothing was disclosed"):
        do(reference, "close_for_review", cast.juniper)
    assert do(reference, "close", cast.juniper).state == "closed"


def test_after_a_release_a_manager_looks(cast: Cast):
    reference = disclosed(cast)
    do(reference, "no_feedback", cast.juniper)
    with pytest.raises(StepClosed, match="close it for review"):
        do(reference, "close", cast.juniper)
    do(reference, "close_for_review", cast.juniper)
    with pytest.raises(NotAllowed):
        do(reference, "review", cast.juniper, text="Fine.")
    assert do(reference, "review", cast.alder, text="Fine.").state == "closed"


def test_the_review_waits_for_that_of_legal(cast: Cast):
    reference = disclosed_urgently(cast)
    do(reference, "no_feedback", cast.juniper)
    do(reference, "close_for_review", cast.juniper)
    with pytest.raises(StepClosed, match="waits for approval or review"):
        do(reference, "review", cast.alder, text="Fine.")
    agree(reference, cast.larch)
    assert do(reference, "review", cast.alder, text="Fine.").state == "closed"


def test_whoever_released_it_does_not_review_it(cast: Cast):
    reference = verified(cast)
    do(reference, "disclose_urgently", cast.alder, **URGENT)
    agree(reference, cast.larch)
    do(reference, "no_feedback", cast.juniper)
    do(reference, "close_for_review", cast.juniper)
    with pytest.raises(NotAllowed, match="released the data yourself"):
        do(reference, "review", cast.alder, text="Fine.")


def test_the_review_may_send_it_back(cast: Cast):
    reference = disclosed(cast)
    do(reference, "no_feedback", cast.juniper)
    do(reference, "close_for_review", cast.juniper)
    assert do(reference, "more_to_do", cast.alder, reason="Tell the stewards.").state == "follow_up"


def test_a_closed_case_is_taken_up_again_and_assessed_anew(cast: Cast):
    reference = following_up(cast)
    do(reference, "close", cast.juniper)
    do(reference, "reopen", cast.juniper, reason="They wrote again.")
    case = look(reference, cast.juniper)
    assert (case.state, case.due_clock, case.closed_at) == ("acknowledged", "assess", None)


def test_the_urgent_path_keeps_a_case_from_being_merged_away_before_legal_looked(cast: Cast):
    reference, other = disclosed_urgently(cast), following_up(cast, text="Second report")
    with pytest.raises(StepClosed, match="review of the urgent path is open"):
        do(reference, "merge_into", cast.juniper, other=other)


def test_technical_data_is_confirmed_gone_only_when_the_case_holds_none(cast: Cast):
    reference = following_up(cast)
    do(reference, "add_exhibit", cast.juniper, kind="technical", title="Sign-ins", text="192.0.2.7")
    with pytest.raises(StepClosed, match="still holds technical data"):
        do(reference, "confirm_no_technical_data", cast.juniper)
    do(reference, "destroy_technical_data", cast.juniper)
    do(reference, "confirm_no_technical_data", cast.juniper)
    other = following_up(cast, text="Second report")
    do(other, "confirm_no_technical_data", cast.juniper)
    with acting_as(cast.juniper):
        for one in (reference, other):
            assert look(one, cast.juniper).clocks.get(name="technical_data").state == "met"


def test_technical_data_is_destroyed_after_the_case_was_closed_too(cast: Cast):
    reference = following_up(cast)
    do(reference, "add_exhibit", cast.juniper, kind="technical", title="Sign-ins", text="192.0.2.7")
    do(reference, "close", cast.alder)
    do(reference, "destroy_technical_data", cast.alder)
    do(reference, "confirm_no_technical_data", cast.alder)
    with acting_as(cast.juniper):
        assert look(reference, cast.juniper).state == "closed"
        assert look(reference, cast.juniper).clocks.get(name="technical_data").state == "met"
    with pytest.raises(StepClosed, match="holds no technical data"):
        do(reference, "destroy_technical_data", cast.alder)


def test_the_reporter_never_reads_where_we_stand(cast: Cast):
    said = {
        name: str(WORKFLOW.state(name).plain)
        for name in ("locating", "deciding", "awaiting_approval", "disclosed")
    }
    assert len(set(said.values())) == 1
