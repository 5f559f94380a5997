"""What is under a legal hold stays: for people, for jobs, for the owner of the tables and for a superuser."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from tests.cast import TRIAGE, emergency, first, report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, Event
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM_ROLES, Role
from tutela.core.records import disposal, runs
from tutela.core.records.due import coming
from tutela.core.records.holds import (
    KEEPERS,
    active_on,
    answers_for,
    find_hold,
    holds,
    place_hold,
    release_hold,
)
from tutela.core.records.models import HeldCase, Hold, Item
from tutela.core.vault import keyring

from .scene import BY_LAW, WHY, agreed, close, delivered, dispose, fill, grow_old, old

pytestmark = pytest.mark.django_db(transaction=True)

OF_A_CASE = (
    "cases_case", "cases_report", "cases_reportfile", "cases_message", "cases_note", "cases_exhibit",
    "cases_event", "cases_party", "cases_caseparty", "flow_clockrow", "outbox_effect", "vault_casekey",
    "records_hold", "records_heldcase",
)  # fmt: skip


def is_held(reference, actor):
    with acting_as(actor):
        return bool(active_on(Case.objects.get(reference=reference)))


def number_of(reference, actor):
    with acting_as(actor):
        return Case.objects.get(reference=reference).pk


def test_a_held_case_is_not_proposed_and_goes_after_the_release(cast):
    reference = old(cast)
    hold = place_hold(cast.larch, [reference], WHY, BY_LAW)
    assert hold.number == first("LH")
    with pytest.raises(BadData) as refused:
        runs.propose(cast.alder, [reference])
    assert refused.value.errors == {reference: ["Under a legal hold"]}
    release_hold(cast.linden, hold.number, "The proceedings are over.")
    dispose(cast, reference)
    with acting_as(cast.alder):
        assert not Case.objects.exists()
        assert not Hold.objects.exists()


def test_a_hold_that_comes_after_the_approval_still_wins(cast):
    reference = old(cast)
    agreed(cast, reference)
    place_hold(cast.larch, [reference], WHY, BY_LAW)
    assert disposal.carry_out() == 1
    with acting_as(cast.alder):
        assert Item.objects.get().kept_by == "hold"
        assert Case.objects.get().reference == reference


def test_it_stands_in_the_log_and_on_the_timeline(cast):
    reference = report_emergency()
    hold = place_hold(cast.larch, [reference], WHY, BY_LAW)
    release_hold(cast.larch, hold.number, "The proceedings are over.")
    with acting_as(cast.juniper):
        acts = Entry.objects.filter(act__startswith="hold:").order_by("id")
        assert [one.act for one in acts] == [Act.HOLD_PLACED, Act.HOLD_RELEASED]
        events = Event.objects.filter(step__startswith="hold_").order_by("id")
        assert [(one.step, one.actor_id) for one in events] == [
            ("hold_placed", cast.larch.id),
            ("hold_released", cast.larch.id),
        ]


def test_only_those_who_answer_for_records_place_and_release(cast):
    reference = report_emergency()
    with pytest.raises(NotAllowed):
        place_hold(cast.juniper, [reference], WHY, BY_LAW)
    for stranger in (cast.wren, cast.sorrel):
        with pytest.raises(NotFound):
            place_hold(stranger, [reference], WHY, BY_LAW)
    hold = place_hold(cast.alder, [reference], WHY, BY_LAW)
    with pytest.raises(NotAllowed):
        release_hold(cast.juniper, hold.number, "It is in my way.")
    with pytest.raises(NotFound):
        release_hold(cast.wren, hold.number, "It is in my way.")
    assert is_held(reference, cast.alder)
    release_hold(cast.larch, hold.number, "The proceedings are over.")
    with pytest.raises(StepClosed):
        release_hold(cast.larch, hold.number, "The proceedings are over.")


def test_a_hold_without_a_reason_an_authority_or_a_case_is_refused(cast):
    reference = report_emergency()
    for asked, field in (
        (([reference], "short", BY_LAW), "reason"),
        (([reference], WHY, "  "), "authority"),
        (([], WHY, BY_LAW), "cases"),
    ):
        with pytest.raises(BadData) as refused:
            place_hold(cast.larch, *asked)
        assert list(refused.value.errors) == [field]


def test_who_does_not_see_the_case_learns_nothing_of_its_hold(cast):
    reference = report_emergency()
    perform(reference, "recuse", cast.heron, {})
    hold = place_hold(cast.larch, [reference], WHY, BY_LAW)
    for actor, sees in ((cast.juniper, 1), (cast.heron, 0), (cast.wren, 0)):
        with acting_as(actor):
            assert holds().count() == HeldCase.objects.count() == sees
    with acting_as(cast.wren), pytest.raises(NotFound):
        find_hold(hold.number)


@pytest.mark.parametrize("table", OF_A_CASE)
def test_the_database_refuses_whoever_asks(cast, owner, superuser, table):
    reference = report_emergency(files=())
    fill(reference, cast)
    place_hold(cast.larch, [reference], WHY, BY_LAW)
    rows = superuser.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    if table == "cases_reportfile":
        superuser.execute(
            "INSERT INTO cases_reportfile (report_id, name, content_type, size, sha256, data, quarantine)"
            " SELECT id, 'a', 'text/plain', 1, 'a', 'a', '' FROM cases_report"
        )
        rows = 1
    if table == "outbox_effect" and not rows:
        perform(reference, "acknowledge", cast.juniper)
        rows = superuser.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    assert rows, "the search would be idle"
    for who in (owner, superuser):
        if who is owner:
            owner.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                who.execute(statement)
        if who is owner:
            owner.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    assert superuser.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == rows


def test_the_keys_of_a_held_case_stay(cast, superuser):
    reference = report_emergency()
    fill(reference, cast)
    place_hold(cast.larch, [reference], WHY, BY_LAW)
    with pytest.raises(DatabaseError, match="legal hold"):
        keyring.erase(number_of(reference, cast.larch), cast.larch, "By mistake")
    for statement in (
        "UPDATE vault_casekey SET wrapped = ''",
        "UPDATE cases_report SET key = NULL",
        "UPDATE records_hold SET reason = 'another one'",
        "UPDATE records_hold SET released_at = now(), number = 'LH-1'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            superuser.execute(statement)


def test_a_hold_is_released_once_and_for_all(cast, superuser):
    hold = place_hold(cast.larch, [report_emergency()], WHY, BY_LAW)
    release_hold(cast.larch, hold.number, "The proceedings are over.")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        superuser.execute("UPDATE records_hold SET released_at = NULL")


def test_the_desks_login_writes_no_hold_and_no_release(cast):
    place_hold(cast.larch, [report_emergency()], WHY, BY_LAW)
    for statement in (
        "UPDATE records_hold SET released_at = now()",
        "DELETE FROM records_heldcase",
        "INSERT INTO records_heldcase (hold_id, case_id, how, since) VALUES (1, 1, 'named', now())",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            acting_as(cast.larch),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


# Holds go where what they hold goes


def test_a_hold_follows_a_merge_and_its_undoing(cast):
    held, main = report_emergency(), report_emergency()
    hold = place_hold(cast.larch, [held], WHY, BY_LAW)
    perform(held, "merge_into", cast.juniper, {"other": main, "reason": ""})
    assert is_held(main, cast.larch)
    perform(held, "unmerge", cast.juniper)
    assert is_held(held, cast.larch)
    assert is_held(main, cast.larch)
    release_hold(cast.larch, hold.number, "The proceedings are over.")
    assert not is_held(main, cast.larch)


def test_what_is_merged_into_a_held_case_and_taken_out_again_stays_held(cast):
    held, other = report_emergency(), report_emergency()
    place_hold(cast.larch, [held], WHY, BY_LAW)
    perform(other, "merge_into", cast.juniper, {"other": held, "reason": ""})
    perform(other, "unmerge", cast.juniper)
    assert is_held(other, cast.larch)


def test_a_hold_follows_a_report_into_another_workflow(cast):
    sorted_first = open_case(receive(emergency(workflow=TRIAGE, fields={"category": "other"})).report_id)
    place_hold(cast.linden, [sorted_first], WHY, BY_LAW)
    perform(sorted_first, "refer", cast.wren, {"workflow": "emergency", "reason": "A threat"})
    with acting_as(cast.larch):
        (there,) = Case.objects.filter(workflow="emergency")
        assert active_on(there)


def test_a_hold_on_a_party_covers_its_cases_now_and_later(cast):
    first, second = report_emergency(), report_emergency()
    fill(first, cast)
    with acting_as(cast.larch):
        party = Case.objects.get(reference=first).parties.get().party
    place_hold(cast.larch, [first], WHY, BY_LAW, party=party.pk)
    assert not is_held(second, cast.larch)
    with acting_as(cast.juniper):
        Case.objects.get(reference=second).parties.create(party=party, part="witness")
    assert is_held(second, cast.larch)
    with pytest.raises(NotFound):
        place_hold(cast.larch, [first], WHY, BY_LAW, party=party.pk + 1)


def test_a_case_that_a_held_one_names_stays_with_it(cast):
    named = old(cast)
    held = report_emergency()
    perform(held, "link_case", cast.juniper, {"other": named, "kind": "related"})
    delivered(named)
    place_hold(cast.larch, [held], WHY, BY_LAW)
    with acting_as(cast.alder):
        assert [one.kept_by for one in coming("emergency", timezone.now())] == ["linked_hold"]


def test_a_merged_case_under_hold_keeps_the_whole(cast):
    main, again = report_emergency(), report_emergency()
    perform(again, "merge_into", cast.juniper, {"other": main, "reason": ""})
    fill(main, cast)
    close(main, cast)
    delivered(again)
    grow_old(main, cast)
    place_hold(cast.larch, [again], WHY, BY_LAW)
    with acting_as(cast.alder):
        assert [(one.case.reference, one.kept_by) for one in coming("emergency", timezone.now())] == [
            (main, "hold")
        ]


def test_the_database_and_the_code_name_the_same_keepers(cast):
    keepers = set()
    for role in set(Role) - {*PLATFORM_ROLES}:  # of the platform, never of a workflow
        person = Staff.objects.create(username=f"holds-{role}", working_name=str(role))
        Grant.objects.create(staff=person, workflow="emergency", role=role)
        with acting_as(Actor.of(person, "desk")):
            if answers_for("emergency"):
                keepers.add(role)
    assert keepers == set(KEEPERS)
