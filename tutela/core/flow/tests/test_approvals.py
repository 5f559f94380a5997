"""The published chain: all must agree, any may stop, a change starts over, the proposer has no seat."""

from __future__ import annotations

import pytest

from tests import cast
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotAllowed, NotFound, ProposalChanged, StepClosed
from tutela.core.flow.approvals import seats, why_not
from tutela.core.flow.models import Request
from tutela.core.flow.perform import perform, rehearse
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Grant, Team
from tutela.core.people.roles import Role

from .company import everybody, installed, opened, person
from .fixtures.global_bans.workflow import WORKFLOW as BANS

pytestmark = pytest.mark.django_db

PROPOSAL = {
    "action": "global_ban",
    "accounts": "ExampleTarn\nExampleTarn 2\nExampleTarn 3",
    "grounds": "Threats.",
}
ORDER = (
    Role.MANAGER,
    Role.DIRECTOR,
    Role.CHIEF,
    Role.COUNSEL,
    Role.COMMUNICATIONS,
    Role.EXECUTIVE_DIRECTOR,
)


@pytest.fixture
def people(db):
    with installed():
        people = everybody(BANS)
        team = Team.objects.get(slug=BANS.team)
        people["colleague"] = person(BANS, team, Role.INVESTIGATOR, "colleague")
        yield people


@pytest.fixture
def reference(people):
    """A ban that is proposed by the investigator and waits for its first reviewer."""
    reference = opened(BANS)
    outcome = perform(reference, "enforce", people[Role.INVESTIGATOR], PROPOSAL)
    assert (outcome.held, outcome.state) == (True, "in_review")
    return reference


def look(reference, actor):
    with acting_as(actor):
        return Case.objects.get(reference=reference)


def request_of(reference, actor):
    with acting_as(actor):
        return Request.objects.filter(case__reference=reference).latest("id")


def agree(reference, *actors):
    for actor in actors:
        outcome = cast.agree(reference, actor, "Agreed.")
    return outcome


def everyone(people):
    return (people["colleague"], *(people[role] for role in ORDER))


def test_nothing_happens_before_the_last_one_agreed(people, reference):
    *first, last = everyone(people)
    assert agree(reference, *first).state == "in_review"
    with acting_as(last):
        assert not Effect.objects.exists()
    released = agree(reference, last)
    assert released.state == "enforcing"
    assert [effect.payload["account"] for effect in released.effects] == PROPOSAL["accounts"].splitlines()
    assert {effect.request_id for effect in released.effects} == {request_of(reference, last).pk}


def test_all_names_are_in_the_record(people, reference):
    agree(reference, *everyone(people))
    with acting_as(people[Role.CHIEF]):
        event = look(reference, people[Role.CHIEF]).events.get(kind="step", step="enforce")
    assert event.data["proposer"] == people[Role.INVESTIGATOR].id
    assert event.data["agreed"] == [actor.id for actor in everyone(people)]


def test_a_later_seat_waits_for_the_earlier_ones(people, reference):
    with pytest.raises(StepClosed, match="not your turn"):
        agree(reference, people[Role.DIRECTOR])


@pytest.mark.parametrize("role", ORDER)
def test_any_one_of_them_may_stop_it(people, reference, role):
    before = everyone(people)[: ORDER.index(role) + 1]
    agree(reference, *before)
    stopped = perform(reference, "stop", people[role], {"reason": "A warning is enough."})
    assert stopped.state == "declined"
    with acting_as(people[role]):
        assert not Effect.objects.exists()
    assert request_of(reference, people[role]).state == Request.State.STOPPED
    with pytest.raises(StepClosed, match="Nothing waits for approval"):
        agree(reference, people[role])


def test_a_stop_needs_a_reason_and_an_agreement_does_not(people, reference):
    with pytest.raises(BadData) as refused:
        perform(reference, "stop", people["colleague"], {})
    assert list(refused.value.errors) == ["reason"]
    assert cast.agree(reference, people["colleague"]).state == "in_review"


def test_whoever_proposed_it_holds_no_seat(people, reference):
    with pytest.raises(NotAllowed, match="Proposed it"):
        agree(reference, people[Role.INVESTIGATOR])


def test_whoever_investigated_it_holds_no_seat(people):
    reference = opened(BANS)
    perform(reference, "investigate", people["colleague"], {"text": "Four wikis, one hand."})
    perform(reference, "enforce", people[Role.INVESTIGATOR], PROPOSAL)
    with pytest.raises(NotAllowed, match="Investigated it"):
        agree(reference, people["colleague"])


def test_whoever_changed_the_proposal_holds_no_seat(people, reference):
    agree(reference, people["colleague"])
    perform(reference, "amend", people[Role.MANAGER], {"changes": {"grounds": "Threats to two people."}})
    agree(reference, people["colleague"])
    with pytest.raises(NotAllowed, match="Proposed it"):
        agree(reference, people[Role.MANAGER])


def test_nobody_decides_in_two_seats(people, reference):
    team = Team.objects.get(slug=BANS.team)
    both = person(BANS, team, Role.INVESTIGATOR, "both")
    Grant.objects.create(staff_id=both.id, workflow=BANS.slug, role=Role.MANAGER)
    agree(reference, both)
    with pytest.raises(NotAllowed, match="Has decided already"):
        agree(reference, both)


def test_a_change_voids_what_was_agreed_to(people, reference):
    agree(reference, *everyone(people)[:6])
    changed = perform(reference, "amend", people[Role.INVESTIGATOR], {"changes": {"accounts": "ExampleTarn"}})
    assert changed.state == "in_review"
    request = request_of(reference, people[Role.CHIEF])
    assert request.round == 2
    with acting_as(people[Role.CHIEF]):
        assert [seat.verdict for seat in seats(request)] == [""] * 7
    with pytest.raises(StepClosed, match="not your turn"):
        agree(reference, people[Role.EXECUTIVE_DIRECTOR])
    released = agree(reference, *everyone(people))
    assert [effect.payload["account"] for effect in released.effects] == ["ExampleTarn"]


def read(reference, actor):
    """What somebody names who has read the proposal as it is now."""
    request = request_of(reference, actor)
    return {"request": request.pk, "round": request.round}


def test_nobody_agrees_without_saying_to_what(people, reference):
    with pytest.raises(BadData) as refused:
        perform(reference, "approve", people["colleague"], {"reason": "Agreed."})
    assert list(refused.value.errors) == ["request", "round"]
    assert "Read the request" in refused.value.errors["round"][0]


def test_nobody_agrees_to_a_proposal_that_changed_since_they_read_it(people, reference):
    colleague, proposer = people["colleague"], people[Role.INVESTIGATOR]
    seen = read(reference, colleague)
    perform(reference, "amend", proposer, {"changes": {"accounts": "ExampleTarn"}})
    with pytest.raises(
        ProposalChanged, match=f"{proposer.name} changed the proposal at .* round 2 now"
    ) as said:
        perform(reference, "approve", colleague, seen)
    assert said.value.facts["changed_by"] == proposer.name
    assert not seats_taken(reference, colleague)
    perform(reference, "approve", colleague, read(reference, colleague))
    assert seats_taken(reference, colleague) == ["team"]
    with acting_as(colleague):
        event = look(reference, colleague).events.filter(step="approve").latest("id")
    assert event.data["round"] == 2, "the record says which round"


def seats_taken(reference, actor):
    request = request_of(reference, actor)
    with acting_as(actor):
        return [seat.name for seat in seats(request) if seat.verdict]


@pytest.mark.parametrize(
    ("step", "who", "data"),
    [
        ("ask_first", "colleague", {"reason": "Which wikis?"}),
        ("stop", "colleague", {"reason": "No."}),
        ("amend", Role.INVESTIGATOR, {"changes": {"grounds": "Better grounds."}}),
        ("withdraw", Role.INVESTIGATOR, {"reason": "More to find."}),
    ],
)
def test_what_is_said_of_an_older_round_is_not_done_and_without_a_round_it_is(
    people, reference, step, who, data
):
    seen = read(reference, people[who])
    perform(reference, "amend", people[Role.MANAGER], {"changes": {"grounds": "Other grounds."}})
    with pytest.raises(ProposalChanged):
        perform(reference, step, people[who], {**data, **seen})
    perform(reference, step, people[who], data)


def test_a_round_that_never_was_is_refused(people, reference):
    with pytest.raises(ProposalChanged, match="has no round 7"):
        perform(
            reference, "approve", people["colleague"], {**read(reference, people["colleague"]), "round": 7}
        )


def test_an_agreement_to_a_request_that_was_withdrawn_is_none_to_the_next(people, reference):
    seen = read(reference, people["colleague"])
    perform(reference, "withdraw", people[Role.INVESTIGATOR], {"reason": "Wrong account."})
    perform(reference, "enforce", people[Role.INVESTIGATOR], {**PROPOSAL, "accounts": "ExampleTarn 4"})
    with pytest.raises(StepClosed, match="does not wait any more"):
        perform(reference, "approve", people["colleague"], seen)


def test_asking_first_holds_the_chain_and_ends_nothing(people, reference):
    perform(reference, "ask_first", people["colleague"], {"reason": "Which wikis?"})
    with pytest.raises(StepClosed, match="not your turn"):
        agree(reference, people[Role.MANAGER])
    assert agree(reference, people["colleague"]).state == "in_review"


def test_a_recused_reviewer_finds_no_case(people, reference):
    perform(reference, "recuse", people["colleague"], {})
    with pytest.raises(NotFound):
        agree(reference, people["colleague"])


def test_somebody_without_a_seat_is_told_so(people, reference):
    with pytest.raises(NotAllowed, match="Holds no seat"):
        agree(reference, people[Role.RECORDS_MANAGER])


def test_the_page_can_tell_why_somebody_may_not_decide(people, reference):
    request = request_of(reference, people[Role.CHIEF])
    with acting_as(people[Role.CHIEF]):
        assert why_not(request, people[Role.INVESTIGATOR].id) == "Proposed it"
        assert why_not(request, people[Role.READER].id) == "Holds no seat in this approval"
        assert why_not(request, people[Role.CHIEF].id) == ""
        assert [seat.name for seat in seats(request) if seat.open] == ["team"]


def test_withdrawing_leads_back_and_it_can_be_asked_again(people, reference):
    withdrawn = perform(reference, "withdraw", people[Role.INVESTIGATOR], {"reason": "More to find."})
    assert withdrawn.state == "received"
    assert perform(reference, "enforce", people[Role.INVESTIGATOR], PROPOSAL).held


@pytest.mark.parametrize(
    ("action", "asked", "required"),
    [
        ("global_ban", 7, 7),
        ("child_protection", 3, 3),
        ("conduct_warning", 7, 5),
    ],
)
def test_which_reviews_are_needed_depends_on_the_action(people, action, asked, required):
    reference = opened(BANS)
    perform(reference, "enforce", people[Role.INVESTIGATOR], {**PROPOSAL, "action": action})
    chain = request_of(reference, people[Role.CHIEF]).chain
    assert len(chain) == asked
    assert sum(seat["required"] for seat in chain) == required


def test_absent_reviewers_are_passed_over(people):
    reference = opened(BANS)
    perform(reference, "enforce", people[Role.INVESTIGATOR], {**PROPOSAL, "action": "child_protection"})
    outcome = agree(reference, people["colleague"], people[Role.MANAGER], people[Role.COUNSEL])
    assert outcome.state == "enforcing"


def test_a_reviewer_who_is_sometimes_asked_is_not_waited_for_but_may_stop(people):
    reference = opened(BANS)
    perform(reference, "enforce", people[Role.INVESTIGATOR], {**PROPOSAL, "action": "conduct_warning"})
    assert agree(reference, *everyone(people)[:5]).state == "enforcing"

    other = opened(BANS, "Something else happened.")
    perform(other, "enforce", people[Role.INVESTIGATOR], {**PROPOSAL, "action": "conduct_warning"})
    agree(other, people["colleague"])
    stopped = perform(other, "stop", people[Role.COMMUNICATIONS], {"reason": "Not now."})
    assert stopped.state == "declined"


def test_a_rehearsal_tells_what_would_happen_and_keeps_nothing(people):
    reference = opened(BANS)
    wishes = rehearse(reference, "enforce", people[Role.INVESTIGATOR], PROPOSAL)
    assert [wish.label for wish in wishes] == ["lock ExampleTarn", "lock ExampleTarn 2", "lock ExampleTarn 3"]
    case = look(reference, people[Role.CHIEF])
    assert case.state == "received"
    with acting_as(people[Role.CHIEF]):
        assert not Effect.objects.exists()


def test_lifting_takes_back_what_was_done_and_stops_what_was_not(people, reference):
    first, second, third = agree(reference, *everyone(people)).effects
    with acting_as(people[Role.MANAGER]):
        Effect.objects.filter(pk=first.pk).update(state=EffectState.CONFIRMED)
        Effect.objects.filter(pk=second.pk).update(state=EffectState.FAILED)
    lifted = perform(reference, "lift", people[Role.MANAGER], {"text": "The wrong person."})
    assert [(effect.verb, effect.payload["account"]) for effect in lifted.effects] == [
        ("unlock", "ExampleTarn")
    ]
    with acting_as(people[Role.MANAGER]):
        left = Effect.objects.filter(pk__in=[second.pk, third.pk]).values_list("state", flat=True)
        assert set(left) == {EffectState.ABANDONED}


def test_lifting_waits_while_something_is_being_sent(people, reference):
    first, *_others = agree(reference, *everyone(people)).effects
    with acting_as(people[Role.MANAGER]):
        Effect.objects.filter(pk=first.pk).update(state=EffectState.SENDING)
    with pytest.raises(StepClosed, match="being sent"):
        perform(reference, "lift", people[Role.MANAGER], {"text": "The wrong person."})


def test_nothing_is_announced_before_the_other_side_confirmed(people, reference):
    agree(reference, *everyone(people))
    with pytest.raises(StepClosed, match="3 effects are not confirmed"):
        perform(reference, "announce", people[Role.INVESTIGATOR], {})
    with acting_as(people[Role.MANAGER]):
        Effect.objects.update(state=EffectState.CONFIRMED)
    assert perform(reference, "announce", people[Role.INVESTIGATOR], {}).state == "in_force"
