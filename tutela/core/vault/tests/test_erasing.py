"""Destroying the key of a case: what it sealed is gone for everybody, and the tombstone says so."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from tests.cast import emergency, report_emergency
from tests.signed_in import sign_in
from tutela.core.audit.models import Entry
from tutela.core.cases.models import Case, Exhibit, Message, Note, Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import new_receipt, receipt_public, receive
from tutela.core.errors import NotFound
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.core.vault import keyring
from tutela.core.vault.fields import is_erased
from tutela.core.vault.models import CaseKey
from tutela.core.vault.seals import Destroyed
from tutela.surfaces.portal import store

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])


def busy_case(cast):
    """A case with something sealed of every kind. Returns its reference and its receipt code."""
    code, receipt = new_receipt()
    told = emergency(
        receipt_hash=receipt, receipt_public=receipt_public(code), sender_email="reader@wiki.example"
    )
    reference = open_case(receive(told).report_id)
    perform(reference, "note", cast.larch, {"text": "Advice", "privileged": True})
    perform(reference, "answer", cast.juniper, {"text": "We read it."})
    perform(reference, "add_exhibit", cast.juniper, {"kind": "text", "title": "Log", "text": "line"})
    return reference, code, receipt


def sealed_of(reference):
    case = Case.objects.get(reference=reference)
    report = Report.objects.get(case=case)
    return [
        case.facts,
        Note.objects.get(case=case, privileged=True).text,
        Message.objects.get(case=case, letter="", direction="out").text,
        Exhibit.objects.get(case=case).data,
        report.sender_email,
        report.raw,
        case.effects.latest("id").payload,
    ]


def test_everything_that_it_sealed_reads_as_erased_and_nothing_breaks(cast, client):
    reference, code, receipt = busy_case(cast)
    other, _code, _receipt = busy_case(cast)
    with acting_as(cast.larch):
        assert not any(is_erased(one) for one in sealed_of(reference))
        number = Case.objects.get(reference=reference).pk
    keyring.erase(number, cast.larch, "Disposal 7")
    with acting_as(cast.larch):
        assert all(is_erased(one) for one in sealed_of(reference))
        assert not any(is_erased(one) for one in sealed_of(other))
        case = Case.objects.get(reference=reference)
        case.save()  # what was erased goes back as it came
        assert str(Note.objects.get(case=case, privileged=True).text) == "(erased)"
    assert [one.text for one in store.conversation(receipt, code)][-1] == "(erased)"


def test_the_desk_shows_its_page_all_the_same(cast, client):
    from tutela.core.people.models import Staff

    reference, _code, _receipt = busy_case(cast)
    keyring.erase(number_of(reference, cast), cast.larch, "Disposal 7")
    sign_in(client, Staff.objects.get(username="larch"))
    for address in (f"/desk/case/{reference}/", f"/desk/case/{reference}/exhibits/1/"):
        assert client.get(address).status_code == 200, address


def number_of(reference, cast):
    with acting_as(cast.larch):
        return Case.objects.get(reference=reference).pk


def test_the_tombstone_says_when_by_whom_and_why_and_stays(cast):
    reference, _code, _receipt = busy_case(cast)
    before, number = timezone.now(), number_of(reference, cast)
    keyring.erase(number, cast.larch, "Disposal 7")
    keyring.erase(number, cast.juniper, "Again")
    with acting_as(cast.larch):
        tombstone = CaseKey.objects.get(pk=number)
        assert (tombstone.destroyed_by_id, tombstone.destroyed_why) == (cast.larch.id, "Disposal 7")
        assert bytes(tombstone.wrapped) == b""
        assert before <= tombstone.destroyed_at <= timezone.now()
        entry = Entry.objects.get(act="key:destroyed")
        assert (entry.case_id, entry.actor_id, entry.detail) == (number, cast.larch.id, {"reports": 1})
        with pytest.raises(Destroyed):
            keyring.case_key(number, to_seal=True)


def test_no_process_that_knew_the_keys_opens_it_again(cast, superuser):
    reference, _code, _receipt = busy_case(cast)
    number = number_of(reference, cast)
    with acting_as(cast.larch):
        kept = [bytes(row.wrapped) for row in CaseKey.objects.filter(pk=number)]
        reports = [bytes(one.key) for one in Report.objects.filter(case_id=number)]
        sealed_of(reference)  # this process has every key above it in its memory now
    keyring.erase(number, cast.larch, "Disposal 7")
    for tables in ("vault_casekey", "cases_report"):
        rows = repr(superuser.execute(f"select to_jsonb(t) from {tables} t").fetchall())
        assert not any(one.hex() in rows for one in kept + reports)
    with acting_as(cast.larch):  # without `keyring.forget()`: the workflow's key is still there
        assert all(is_erased(one) for one in sealed_of(reference))


def test_a_report_that_moved_away_keeps_its_words(cast):
    reference, _code, receipt = busy_case(cast)
    other = report_emergency(text="The same")
    perform(reference, "merge_into", cast.juniper, {"other": other})
    keyring.erase(number_of(reference, cast), cast.larch, "Disposal 7")
    with acting_as(cast.larch):
        assert Report.objects.get(receipt_hash=receipt).sender_email == "reader@wiki.example"


def test_whoever_does_not_see_the_case_destroys_nothing(cast):
    reference, _code, _receipt = busy_case(cast)
    number = number_of(reference, cast)
    with pytest.raises(NotFound):
        keyring.erase(number, cast.wren, "")
    with acting_as(cast.larch), connection.cursor() as cursor:
        cursor.execute("SELECT destroyed_at FROM vault_casekey WHERE case_id = %s", [number])
        assert cursor.fetchone() == (None,)
