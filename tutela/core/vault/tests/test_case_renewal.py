"""A new key for one case while people work: all opens all along, and in the end the old key opens nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from tests.cast import case_of, report_emergency
from tutela.core.audit.models import Entry
from tutela.core.cases.models import Case, Note, Report
from tutela.core.errors import NotFound, TryLater
from tutela.core.files import keeping
from tutela.core.files.models import File
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring, report_keys, rotation, sealing_again
from tutela.core.vault.fields import sealed_by_cases
from tutela.core.vault.models import CaseKey
from tutela.core.vault.seals import FORMAT, Destroyed, NotGenuine, unseal

from .test_erasing import busy_case, sealed_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
AT_ONCE = timedelta(0)


@pytest.fixture
def operator(cast):
    return system_actor(SystemActor.OPERATOR)


def key_of(reference, cast):
    with acting_as(cast.larch):
        return keyring.case_key(Case.objects.get(reference=reference).pk)


def keep(cast, reference, content):
    with keeping.draft_of(iter([content]), 1000) as draft, acting_as(cast.juniper):
        keeping.keep(Case.objects.get(reference=reference), draft, "log.txt", "text/plain", cast.juniper)


def opened_by(key, reference, superuser):
    """The places of what a key opens in the stored rows of a case."""
    found, case = [], superuser.execute("select id from cases_case where reference = %s", [reference])
    [(number,)] = case.fetchall()
    for model, columns in sealed_by_cases().items():
        for row in sealing_again._rows(model, number):
            for column in columns:
                stored, place = row.__dict__[column.attname], column.place(row.sealing_identity())
                if stored and stored[:1] == FORMAT and opens(key, stored, place):
                    found.append(place)
    for report in superuser.execute("select key, dedup_key from cases_report where case_id = %s", [number]):
        place = report_keys._place(report[1].hex())
        if opens(key, report[0][9:], place):
            found.append(place)
    return found


def opens(key, stored, place):
    try:
        return unseal(key, bytes(stored), place) is not None
    except NotGenuine:
        return False


def test_everything_is_sealed_again_and_the_old_key_opens_nothing(cast, operator, superuser):
    reference, _code, _receipt = busy_case(cast)
    other, _code, _receipt = busy_case(cast)
    with acting_as(cast.larch):
        before, elsewhere = sealed_of(reference), key_of(other, cast)
    old = key_of(reference, cast)
    places = opened_by(old, reference, superuser)
    assert len({one.split()[0] for one in places}) >= 5

    rotation.renew_case_key(reference, operator)
    with acting_as(cast.larch):
        assert sealed_of(reference) == before  # nothing is sealed again yet
    done = rotation.finish(AT_ONCE)
    assert done.sealed == len(places)
    assert done.destroyed == (f"older key of case {case_of(reference, cast.larch).pk}",)

    new = key_of(reference, cast)
    assert new not in {old, elsewhere}
    assert opened_by(old, reference, superuser) == []
    assert opened_by(new, reference, superuser) == places
    with acting_as(cast.larch):
        assert sealed_of(reference) == before
    assert key_of(other, cast) == elsewhere
    assert superuser.execute("select count(*) from vault_casekey where older <> ''").fetchone() == (0,)


def test_the_rows_and_the_keys_may_be_read_at_different_moments(cast, operator):
    reference, _code, _receipt = busy_case(cast)
    with acting_as(cast.larch):
        before = sealed_of(reference)
        note = Note.objects.get(case__reference=reference, privileged=True)  # read, and not opened yet
        rotation.renew_case_key(reference, operator)
        while sealing_again.seal_again(note.case_id):
            pass
        assert note.text == "Advice"
        assert sealed_of(reference) == before  # with the old key in memory


def test_who_works_meanwhile_with_the_old_key_is_caught_up_with(cast, operator, superuser):
    reference = report_emergency()
    old = key_of(reference, cast)
    with acting_as(cast.larch):
        case = Case.objects.get(reference=reference)
        keyring.case_key(case.pk)
        rotation.renew_case_key(reference, operator)
        keyring.remembered()[keyring.case_place(case.pk)] = keyring._Held(old, ())
        Note.objects.create(case=case, author_id=cast.larch.id, text="Advice", privileged=True)
    assert opened_by(old, reference, superuser)
    rotation.finish(AT_ONCE)
    assert opened_by(old, reference, superuser) == []
    with acting_as(cast.larch):
        assert Note.objects.get(case=case, privileged=True).text == "Advice"


def test_the_older_key_stays_for_an_hour(cast, operator):
    reference, _code, _receipt = busy_case(cast)
    rotation.renew_case_key(reference, operator)
    assert rotation.finish().destroyed == ()
    with pytest.raises(TryLater):
        rotation.renew_case_key(reference, operator)
    assert rotation.finish(AT_ONCE).sealed == 0
    rotation.renew_case_key(reference, operator)


def test_a_new_key_of_the_workflow_takes_both_over(cast, operator):
    reference, _code, _receipt = busy_case(cast)
    with acting_as(cast.larch):
        before = sealed_of(reference)
    rotation.renew_case_key(reference, operator)
    rotation.renew_workflow_key("emergency", operator)
    rotation._wrap_cases(rotation._some_cases(0), [])
    keyring.forget()
    with acting_as(cast.larch):
        assert sealed_of(reference) == before


def test_a_damaged_key_keeps_no_other_case_waiting(cast, operator, superuser):
    damaged, whole = (busy_case(cast)[0] for _each in range(2))
    for reference in (damaged, whole):
        rotation.renew_case_key(reference, operator)
    rotation.renew_workflow_key("emergency", operator)
    with acting_as(cast.larch):
        before = sealed_of(whole)
        first, second = (Case.objects.get(reference=one).pk for one in (damaged, whole))
    superuser.execute("update vault_casekey set wrapped = wrapped || 'x' where case_id = %s", [first])
    with pytest.raises(NotGenuine):
        rotation.finish(AT_ONCE)
    with acting_as(system_actor(SystemActor.KEYS)):
        done, left = (CaseKey.objects.select_related("workflow_key").get(pk=one) for one in (second, first))
    assert (done.replaced_at, done.workflow_key.retired_at) == (None, None)
    assert left.replaced_at
    assert left.workflow_key.wrapped, "what it needs stays"
    keyring.forget()
    with acting_as(cast.larch):
        assert sealed_of(whole) == before


def test_files_open_and_the_same_content_is_still_one_file(cast, operator):
    reference = report_emergency()
    keep(cast, reference, b"the same bytes")
    rotation.renew_case_key(reference, operator)
    rotation.finish(AT_ONCE)
    with acting_as(cast.juniper):
        file = File.objects.get(case__reference=reference)
        assert b"".join(keeping.read(file).chunks) == b"the same bytes"
    keep(cast, reference, b"the same bytes")
    with acting_as(cast.juniper):
        assert File.objects.filter(case__reference=reference).count() == 1


def test_a_destroyed_key_is_not_renewed_and_takes_its_older_one_along(cast, operator):
    reference, _code, _receipt = busy_case(cast)
    rotation.renew_case_key(reference, operator)
    number = case_of(reference, cast.larch).pk
    keyring.erase(number, cast.larch, "Disposal 7")
    with acting_as(cast.larch):
        row = CaseKey.objects.get(pk=number)
        assert (bytes(row.wrapped), bytes(row.older), row.replaced_at) == (b"", b"", None)
    assert rotation.finish(AT_ONCE).sealed == 0
    with pytest.raises(Destroyed):
        rotation.renew_case_key(reference, operator)


def test_a_person_renews_what_they_see_and_the_log_names_them(cast):
    reference, _code, _receipt = busy_case(cast)
    with pytest.raises(NotFound):
        rotation.renew_case_key(reference, cast.wren)
    rotation.renew_case_key(reference, cast.alder)
    with acting_as(cast.alder):
        entry = Entry.objects.get(act="key:renewed")
        assert (entry.actor_id, entry.detail) == (cast.alder.id, {"layer": "case", "by": cast.alder.id})
        assert entry.case_id == case_of(reference, cast.alder).pk


def test_nobody_but_the_key_keeper_writes_what_is_sealed(cast):
    busy_case(cast)
    for statement in (
        "SELECT tutela.seal_again('cases_note', 1, 'sealed_text', '', '\\x01')",
        "SELECT tutela.rows_of_case('cases_note', 'case_id', 1, 0, 10)",
        "UPDATE cases_exhibit SET data = ''",
        "UPDATE cases_note SET sealed_text = ''",
    ):
        with (
            acting_as(cast.alder),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    keeper = system_actor(SystemActor.KEYS)
    for statement in (
        "SELECT tutela.seal_again('cases_case', 1, 'title', '', '\\x01')",
        "SELECT tutela.seal_again('cases_event', 1, 'data', '', '\\x01')",
        "SELECT tutela.seal_again('cases_exhibit', 1, 'sha256', '', '\\x01')",
    ):
        with (
            acting_as(keeper),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_every_table_that_a_case_seals_can_be_sealed_again(superuser):
    """Where this fails, the migration of the table does not call tutela.is_sealed_again()."""
    for model, columns in sealed_by_cases().items():
        table = model._meta.db_table
        for column in columns:
            asked = "select has_column_privilege('tutela_sealing', %s, %s, 'UPDATE')"
            assert superuser.execute(asked, [table, column.column]).fetchone() == (True,), column.place("")
        policies = "select 1 from pg_policies where tablename = %s and policyname = 'sealed_again'"
        assert superuser.execute(policies, [table]).fetchall(), table


def test_reports_keep_their_own_key(cast, operator):
    reference, _code, receipt = busy_case(cast)
    with acting_as(cast.larch):
        report = Report.objects.get(receipt_hash=receipt)
        was, kept = report.sealing_key(), bytes(report.key)
    rotation.renew_case_key(reference, operator)
    rotation.finish(AT_ONCE)
    with acting_as(cast.larch):
        report = Report.objects.get(receipt_hash=receipt)
        assert report.sealing_key() == was
        assert bytes(report.key) != kept
