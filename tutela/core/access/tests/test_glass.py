"""Break-glass: who may, who is told, how it ends, who reviews it. And nobody learns what they may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from tests.cast import EMERGENCY, TRIAGE, case_of
from tutela.core.access import glass
from tutela.core.access.models import Glass
from tutela.core.audit.models import Act, Entry
from tutela.core.audit.record import record
from tutela.core.cases.models import Case, Event, Note
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.perform import open_steps, perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Membership, Staff
from tutela.core.people.roles import Role

WHY = "Nobody of the team answers and a life may depend on it."
pytestmark = pytest.mark.django_db


def sees(actor: Actor) -> bool:
    with acting_as(actor):
        return Case.objects.exists()


def told(actor: Actor) -> set[str]:
    with acting_as(actor):
        effects = Effect.objects.filter(event__kind=Event.Kind.ACCESS)
        return {str(one.payload["to"]).split("@")[0] for one in effects}


def events(actor: Actor) -> list[str]:
    with acting_as(actor):
        found = Event.objects.filter(kind=Event.Kind.ACCESS)
        return list(found.order_by("id").values_list("step", flat=True))


def test_a_grant_without_the_team_opens_a_restricted_case_and_everybody_is_told(
    cast, restricted, outside, officer
):
    assert not sees(outside)
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    assert sees(outside)
    assert made.expires_at - made.opened_at == timedelta(minutes=60)
    assert told(cast.juniper) == {"juniper", "heron", "larch", "linden", "alder", "rowan"}
    assert events(cast.juniper) == [glass.OPENED]
    with acting_as(cast.juniper):
        entry = Entry.objects.get(act=Act.GLASS_OPENED)
        assert (entry.actor_id, entry.detail["glass"]) == (outside.id, made.pk)


def test_the_officer_opens_a_case_of_a_workflow_that_is_not_theirs(restricted, officer):
    assert glass.open_glass(officer, restricted, WHY, 5)
    assert sees(officer)


def test_what_is_not_theirs_to_open_is_answered_like_nothing_and_recorded(cast, restricted, officer):
    for person in (cast.sorrel, cast.wren):
        for reference in (restricted, "EM-2026-9999"):
            assert glass.open_glass(person, reference, WHY) is None
            assert not sees(person)
    assert glass.open_glass(cast.wren, "not a reference", WHY) is None
    with acting_as(officer):
        tries = Entry.objects.filter(act=Act.GLASS_REFUSED).order_by("id")
        assert [one.detail.get("reference", "") for one in tries] == [restricted, "EM-2026-9999"] * 2 + [""]
        assert not Glass.objects.exists()
    with acting_as(cast.alder):
        assert not Entry.objects.filter(act=Act.GLASS_REFUSED).exists()


def test_a_recusal_wins_before_and_after(cast, restricted, outside, officer):
    perform(restricted, "recuse", cast.heron, {"reason": "I know them."})
    Membership.objects.filter(staff_id=cast.heron.id).delete()
    assert glass.open_glass(cast.heron, restricted, WHY) is None
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    assert "heron" not in told(cast.juniper)
    with acting_as(cast.heron), pytest.raises(NotFound):
        glass.find(made.pk)
    with acting_as(outside):
        case_of(restricted, outside).recusals.create(staff_id=outside.id)
    assert not sees(outside)
    with acting_as(outside):
        assert not Glass.objects.exists()


def test_who_sees_the_case_needs_no_glass(cast, restricted, outside):
    with pytest.raises(StepClosed):
        glass.open_glass(cast.alder, restricted, WHY)
    assert glass.open_glass(outside, restricted, WHY)
    with pytest.raises(StepClosed):
        glass.open_glass(outside, restricted, WHY)


@pytest.mark.parametrize(("reason", "minutes"), [("too short", 5), (WHY, 0), (WHY, 481)])
def test_a_reason_and_a_short_time_are_asked(restricted, outside, reason, minutes):
    with pytest.raises(BadData):
        glass.open_glass(outside, restricted, reason, minutes)


def test_the_database_asks_for_them_too(restricted, outside):
    with (
        pytest.raises(DatabaseError, match="out of bounds"),
        acting_as(outside),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT tutela.break_glass(%s, 'short', 5, now() + interval '1 day', now())", [restricted]
        )


def test_through_the_glass_one_looks_and_does_nothing(restricted, outside):
    glass.open_glass(outside, restricted, WHY)
    for step in ("note", "unrestrict", "assign", "recuse"):
        with pytest.raises(NotAllowed, match="to look"):
            perform(restricted, step, outside, {"text": "x", "reason": "x"})
    with acting_as(outside):
        assert open_steps(Case.objects.get(), outside) == []
        assert not Case.objects.update(title="changed")


def test_the_functions_are_the_only_doors(cast, restricted, outside):
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    now = timezone.now()
    for statement in (
        "UPDATE access_glass SET expires_at = expires_at + interval '1 day'",
        "UPDATE access_glass SET staff_id = staff_id",
        "UPDATE access_glass SET reviewed_at = now()",
        "DELETE FROM access_glass",
        "TRUNCATE access_glass",
    ):
        with pytest.raises(DatabaseError), acting_as(outside), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(DatabaseError), acting_as(cast.sorrel):
        Glass.objects.create(
            case_id=made.case_id, reference=restricted, workflow=EMERGENCY, staff_id=cast.sorrel.id,
            reason=WHY, opened_at=now, expires_at=now + timedelta(days=1), review_due_at=now,
        )  # fmt: skip
    with acting_as(outside):
        assert Glass.objects.update(next_at=None) == 0


def test_closing_early_hides_the_case_at_once(cast, restricted, outside, officer):
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    for person in (cast.juniper, cast.larch):
        with pytest.raises(NotAllowed):
            glass.close_glass(person, made.pk)
    glass.close_glass(outside, made.pk)
    assert not sees(outside)
    assert events(cast.juniper) == [glass.OPENED, glass.CLOSED]
    with pytest.raises(StepClosed):
        glass.close_glass(outside, made.pk)
    again = glass.open_glass(outside, restricted, WHY)
    assert again is not None
    glass.close_glass(officer, again.pk)
    assert not sees(outside)
    third = glass.open_glass(outside, restricted, WHY)
    assert third is not None
    assert glass.close_glass(cast.alder, third.pk).closed_by_id == cast.alder.id
    with pytest.raises(NotFound):
        glass.close_glass(cast.wren, third.pk)


def test_an_opening_ends_with_what_made_its_holder_eligible(restricted, outside):
    glass.open_glass(outside, restricted, WHY)
    Grant.objects.filter(staff_id=outside.id).update(until=timezone.now())
    assert not sees(outside)


def test_a_leaver_keeps_no_open_glass(restricted, outside):
    glass.open_glass(outside, restricted, WHY)
    Staff.objects.filter(pk=outside.id).update(is_active=False)
    assert not sees(outside)


@pytest.mark.django_db(transaction=True)
def test_an_opening_ends_by_itself(cast, restricted, outside, superuser):
    glass.open_glass(outside, restricted, WHY)
    assert sees(outside)
    superuser.execute(
        "UPDATE access_glass SET opened_at = now() - interval '2 hours',"
        " expires_at = now() - interval '1 hour'"
    )
    assert not sees(outside)


def test_a_review_is_somebody_elses_and_comes_after_the_end(cast, restricted, outside, officer):
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    said = "They answered for a colleague who was away."
    with pytest.raises(StepClosed, match="still open"):
        glass.review_glass(officer, made.pk, said, justified=True)
    glass.close_glass(outside, made.pk)
    for person in (outside, cast.juniper, cast.larch):
        with pytest.raises(NotAllowed):
            glass.review_glass(person, made.pk, said, justified=True)
    with pytest.raises(NotFound):
        glass.review_glass(cast.wren, made.pk, said, justified=True)
    with pytest.raises(BadData):
        glass.review_glass(officer, made.pk, "fine", justified=True)
    done = glass.review_glass(officer, made.pk, said, justified=False)
    assert (done.reviewed_by_id, done.justified, done.review_words) == (officer.id, False, said)
    assert events(cast.juniper)[-1] == glass.NOT_JUSTIFIED
    with pytest.raises(StepClosed, match="already"):
        glass.review_glass(cast.alder, made.pk, said, justified=True)


def test_a_manager_of_the_team_may_review_it_and_a_manager_outside_may_not(
    cast, restricted, outside, officer
):
    made = glass.open_glass(officer, restricted, WHY)
    assert made is not None
    glass.close_glass(officer, made.pk)
    with pytest.raises(NotFound):
        glass.review_glass(outside, made.pk, "I think that it was right.", justified=True)
    assert glass.review_glass(cast.alder, made.pk, "It had to be looked into.", justified=True).justified


def test_the_reviewer_reads_what_was_looked_at(cast, restricted, outside, officer):
    with acting_as(outside):
        record(Act.GLASS_REFUSED, outside)  # before: not of this opening
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    with acting_as(outside):
        record(Act.CASE_LOOKED, outside, made.case_id, part="case")
        record(Act.EXHIBIT_LOOKED, outside, made.case_id, exhibit=1)
    with acting_as(cast.juniper):
        record(Act.CASE_LOOKED, cast.juniper, made.case_id)
    for reader in (officer, cast.alder, outside):
        with acting_as(reader):
            assert [one.act for one in glass.looks(made)] == [Act.CASE_LOOKED, Act.EXHIBIT_LOOKED]
    with acting_as(cast.wren):
        assert glass.looks(made) == []


def test_privileged_notes_stay_with_reviewers(cast, restricted, officer):
    perform(restricted, "note", cast.larch, {"text": "Legal advice.", "privileged": True})
    perform(restricted, "note", cast.juniper, {"text": "Called."})
    glass.open_glass(officer, restricted, WHY)
    with acting_as(officer):
        assert list(Note.objects.values_list("text", flat=True)) == ["Called."]


def test_reviews_are_asked_for_and_then_escalated(cast, restricted, outside, officer):
    made = glass.open_glass(outside, restricted, WHY)
    assert made is not None
    assert made.next_at is not None
    assert glass.tend(made.next_at - timedelta(seconds=1)) == 0
    assert glass.tend(made.next_at) == 1
    assert events(cast.juniper)[-1] == glass.DUE
    assert glass.tend(made.next_at) == 0
    assert glass.tend(made.review_due_at) == 1
    assert events(cast.juniper)[-1] == glass.OVERDUE
    with acting_as(cast.juniper):
        late = Effect.objects.filter(event__step=glass.OVERDUE)
        assert {one.payload["to"] for one in late} == {"alder@tutela.example", "rowan@tutela.example"}
    glass.close_glass(outside, made.pk)
    glass.review_glass(officer, made.pk, "It was the right thing.", justified=True)
    assert glass.tend(made.review_due_at + timedelta(days=30)) == 0


def test_mail_names_the_case_and_nothing_of_it(cast, restricted, outside, officer):
    perform(restricted, "edit_title", cast.juniper, {"title": "Marker title"})
    glass.open_glass(outside, restricted, WHY)
    with acting_as(cast.juniper):
        for one in Effect.objects.filter(event__step=glass.OPENED):
            words = f"{one.payload['subject']} {one.payload['text']}"
            assert restricted in words
            assert "Marker" not in words
            assert WHY not in words


def test_a_triage_grant_opens_no_emergency_and_the_role_is_of_the_platform(cast, restricted):
    Grant.objects.create(staff_id=cast.sorrel.id, workflow=TRIAGE, role=Role.MANAGER)
    assert glass.open_glass(cast.sorrel, restricted, WHY) is None
    with pytest.raises(DatabaseError):
        Grant.objects.create(staff_id=cast.sorrel.id, workflow=EMERGENCY, role=Role.SECURITY)
