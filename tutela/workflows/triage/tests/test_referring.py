"""What is somebody else's becomes their case, with the report and the conversation."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tutela.core.cases.models import Case, CaseLink, Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.errors import BadData, StepClosed
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.workflows.triage.tests.path import do, letters, linked_to, look, mail, received

pytestmark = pytest.mark.django_db


def referred(cast: Cast, **changes):
    """A report that was referred to the emergency team, and its new case."""
    reference = received(**changes)
    do(reference, "refer", cast.wren, workflow="emergency", reason="A threat.")
    (case,) = linked_to(reference, cast.alder)
    return reference, case


def test_the_new_case_is_restricted_and_on_its_own_clocks(cast: Cast):
    _reference, case = referred(cast)
    assert case.restricted
    with acting_as(cast.juniper):
        assert set(case.clocks.values_list("name", flat=True)) == {"acknowledge", "assess", "technical_data"}


def test_whoever_is_on_duty_is_paged(cast: Cast):
    _reference, case = referred(cast)
    with acting_as(cast.juniper):
        assert Effect.objects.filter(case=case).exists()


def test_it_is_done_as_the_intake_desk_and_said_on_both_cases(cast: Cast):
    reference, case = referred(cast)
    with acting_as(cast.alder):
        link = CaseLink.objects.get(case=case)
        assert (link.kind, link.made_by.username) == ("referred", "system-intake")
        ours = look(reference, cast.alder).events.get(step="refer")
        assert (ours.actor_id, ours.data["to"]) == (cast.wren.id, "emergency")
        assert case.events.get().actor.username == "system-intake"


def test_whoever_sorts_learns_neither_reference_nor_title(cast: Cast):
    reference, case = referred(cast)
    with acting_as(cast.wren):
        assert not Case.objects.filter(pk=case.pk).exists()
        assert not CaseLink.objects.exists()
        assert not Report.objects.exists(), "the report has moved"
        said = look(reference, cast.wren).events.get(step="refer").data
    assert case.reference not in str(said)


def test_the_conversation_goes_along(cast: Cast):
    reference = received()
    do(reference, "answer", cast.wren, text="We pass it on.")
    do(reference, "refer", cast.wren, workflow="emergency", reason="A threat.")
    (case,) = linked_to(reference, cast.alder)
    assert [one.text for one in letters(case.reference, cast.juniper)] == ["We pass it on."]
    assert letters(reference, cast.wren) == []


def test_what_the_reporter_adds_reaches_the_new_owner(cast: Cast):
    reference = received()
    do(reference, "answer", cast.wren, text="We pass it on.")
    with acting_as(cast.wren):
        ours = look(reference, cast.wren).messages.get()
        type(ours).objects.filter(pk=ours.pk).update(message_id="<ours@tutela.example>")
    do(reference, "refer", cast.wren, workflow="emergency", reason="A threat.")
    (case,) = linked_to(reference, cast.alder)
    more = mail(text="They wrote again.", thread=("<ours@tutela.example>",))
    assert open_case(receive(more).report_id) == case.reference
    assert look(case.reference, cast.juniper).unread == 1


def test_a_referred_case_merges_and_unmerges_like_any_other(cast: Cast):
    _reference, case = referred(cast)
    _other, second = referred(cast, text="The same, told by somebody else.")
    do(second.reference, "merge_into", cast.juniper, other=case.reference)
    do(second.reference, "unmerge", cast.juniper)
    with acting_as(cast.juniper):
        assert look(second.reference, cast.juniper).reports.count() == 1


@pytest.mark.parametrize("workflow", ["triage", "nowhere", ""])
def test_only_another_installed_workflow_is_offered(cast: Cast, workflow):
    with pytest.raises(BadData) as refused:
        do(received(), "refer", cast.wren, workflow=workflow, reason="Not ours.")
    assert list(refused.value.errors) == ["workflow"]


def test_it_is_referred_once(cast: Cast):
    reference, _case = referred(cast)
    with pytest.raises(StepClosed):
        do(reference, "refer", cast.wren, workflow="emergency", reason="Again.")
