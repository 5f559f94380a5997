"""The release log grows, is never changed, and shows itself to those who could see the case."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tests.cast import Cast, case_of, report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Grant, Membership
from tutela.core.people.roles import Role
from tutela.programs.registers.models import ReleaseEntry
from tutela.programs.registers.releases import correct, entries, entries_of, log

pytestmark = pytest.mark.django_db


def release(reference, actor, **changes):
    """Enter a release of the case."""
    what = {
        "released_by_id": actor.id,
        "pre_approved": False,
        "recipient_type": "law_enforcement",
        "recipient_name": "Duty officer 17",
        "reason": "harm",
        "legal_basis": "2702c4",
        "data_classes": ["ip"],
        "accounts": ["ExampleMoss"],
        "description": "A goodbye message.",
        **changes,
    }
    with acting_as(actor):
        return log(case_of(reference, actor), actor, at=timezone.now(), **what)


def numbers(actor):
    with acting_as(actor):
        return [entry.number[-4:] for entry in ReleaseEntry.objects.order_by("id")]


def test_entries_are_numbered_on_their_own(cast: Cast):
    first = release(report_emergency(), cast.juniper)
    second = release(report_emergency(text="Something else"), cast.juniper)
    year = timezone.now().year
    assert (first.number, second.number) == (f"RL-{year}-0001", f"RL-{year}-0002")


def test_an_entry_says_how_long_it_took_and_is_in_the_audit_log(cast: Cast):
    reference = report_emergency()
    entry = release(reference, cast.juniper)
    assert entry.minutes_from_receipt == 0
    assert entry.case_reference == reference
    with acting_as(cast.juniper):
        assert Entry.objects.get(act=Act.RELEASE_LOGGED).detail == {"entry": entry.number}


def test_a_correction_is_a_row_of_its_own(cast: Cast):
    reference = report_emergency()
    entry = release(reference, cast.juniper)
    with acting_as(cast.juniper):
        row = correct(entry, cast.juniper, "Wrong desk", recipient_name="Duty officer 71")
        assert list(entries_of(case_of(reference, cast.juniper))) == [row]
        assert [one.number for one in entries()] == [row.number]
    assert (row.recipient_name, row.description, row.released_by_id) == (
        "Duty officer 71", entry.description, entry.released_by_id,
    )  # fmt: skip
    assert numbers(cast.juniper) == ["0001", "0002"]


def test_a_corrected_row_is_not_corrected_again(cast: Cast):
    entry = release(report_emergency(), cast.juniper)
    with acting_as(cast.juniper):
        correct(entry, cast.juniper, "Wrong desk", recipient_name="Duty officer 71")
        with pytest.raises(ValueError, match="corrected already"):
            correct(entry, cast.juniper, "Wrong again", recipient_name="Duty officer 72")


@pytest.mark.parametrize("change", ["UPDATE {} SET reason = 'other'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["registers_releaseentry", "registers_contactrestriction"])
def test_the_desk_changes_no_row(cast: Cast, change, table):
    release(report_emergency(), cast.juniper)
    with acting_as(cast.juniper):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change.format(table))
        assert ReleaseEntry.objects.get().reason == "harm"


@pytest.mark.django_db(transaction=True)
def test_not_even_the_superuser_changes_a_row_by_accident(cast: Cast, superuser):
    release(report_emergency(), cast.juniper)
    with pytest.raises(psycopg.Error, match="append-only"):
        superuser.execute("UPDATE registers_releaseentry SET reason = 'other'")


def test_the_log_of_a_restricted_case_is_for_its_team(cast: Cast):
    reference = report_emergency()
    release(reference, cast.juniper)
    assert numbers(cast.heron) == ["0001"]
    assert numbers(cast.wren) == numbers(cast.sorrel) == []
    Grant.objects.create(staff_id=cast.wren.id, workflow="emergency", role=Role.AUDITOR)
    assert numbers(cast.wren) == [], "a grant without the team is not enough"
    Membership.objects.create(team_id=case_of(reference, cast.juniper).team_id, staff_id=cast.wren.id)
    assert numbers(cast.wren) == ["0001"]


def test_whoever_keeps_away_from_the_case_sees_no_entry_of_it(cast: Cast):
    reference = report_emergency()
    release(reference, cast.juniper)
    perform(reference, "recuse", cast.heron, {})
    assert numbers(cast.heron) == []


@pytest.mark.django_db(transaction=True)
def test_an_entry_outlives_its_case(cast: Cast, superuser):
    entry = release(report_emergency(), cast.juniper)
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("DELETE FROM cases_case")
    assert numbers(cast.juniper) == [entry.number[-4:]]


def test_nobody_named_sees_nothing(cast: Cast):
    release(report_emergency(), cast.juniper)
    assert not ReleaseEntry.objects.exists()
