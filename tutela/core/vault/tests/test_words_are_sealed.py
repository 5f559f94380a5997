"""What people write on a case and send from it is sealed, and read by those who may all the same."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from tests.cast import emergency, report_emergency
from tutela.core.cases.models import Case, Event, Message, Note, Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import new_receipt, receipt_public, receive
from tutela.core.flow.models import Request
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.core.vault import keyring, older
from tutela.surfaces.portal import store
from tutela.workflows.emergency.tests import path

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
MARK = "marker-91c4e0d2"


@pytest.fixture(autouse=True)
def _no_keys_of_other_tests():
    keyring.forget()
    yield
    keyring.forget()


def plain_rows(superuser, *tables):
    """What a thief of the database reads of these tables."""
    found = [superuser.execute(f"select to_jsonb(t) from {name} t").fetchall() for name in tables]
    return json.dumps(found) + repr(found)


def has(superuser, word, *tables):
    """Whether a word stands in these tables, in letters or as PostgreSQL writes bytes."""
    rows = plain_rows(superuser, *tables)
    return word in rows or word.encode().hex() in rows


def test_an_answer_is_sealed_and_its_reporter_reads_it_with_the_code(cast, superuser):
    code, receipt = new_receipt()
    told = emergency(
        receipt_hash=receipt, receipt_public=receipt_public(code), sender_email=f"{MARK}@wiki.example"
    )
    reference = open_case(receive(told, using="portal").report_id)
    perform(reference, "answer", cast.juniper, {"text": f"We read it. {MARK}"})
    assert not has(superuser, MARK, "cases_message", "outbox_effect", "search_document", "cases_event")
    with acting_as(cast.heron):
        message = Message.objects.get(direction="out", letter="")
        assert (message.text, message.recipient) == (f"We read it. {MARK}", f"{MARK}@wiki.example")
        assert Effect.objects.get(message_id=message.pk).payload["to"] == f"{MARK}@wiki.example"
    assert [one.text for one in store.conversation(receipt, code)][-1] == f"We read it. {MARK}"
    assert [one.text for one in store.conversation(receipt, code.lower())][-1] == f"We read it. {MARK}"
    with pytest.raises(store.Unreachable):
        store.conversation(receipt, new_receipt()[0])


def test_a_reporter_with_an_older_receipt_still_reads_what_we_write(cast):
    code, receipt = new_receipt()
    reference = open_case(receive(emergency(receipt_hash=receipt)).report_id)
    perform(reference, "answer", cast.juniper, {"text": "We read it."})
    assert [one.text for one in store.conversation(receipt, code)][-1] == "We read it."


def test_letters_are_read_after_a_merge_and_after_its_end(cast):
    code, receipt = new_receipt()
    told = emergency(receipt_hash=receipt, receipt_public=receipt_public(code))
    first, second = open_case(receive(told).report_id), report_emergency(text="The same")
    perform(first, "answer", cast.juniper, {"text": "We read it."})
    for step, data in (("merge_into", {"other": second}), ("unmerge", {})):
        perform(first, step, cast.juniper, data)
        with acting_as(cast.juniper):
            assert Message.objects.get(report__receipt_hash=receipt, letter="").text == "We read it."


def test_requests_facts_and_undo_data_are_sealed(cast, superuser):
    reference = path.held(cast)
    perform(reference, "edit_facts", cast.juniper, {"where": f"https://wiki.example/wiki/User:{MARK}"})
    with acting_as(cast.larch):
        case = Case.objects.get(reference=reference)
        assert MARK in case.facts["where"]
        assert Request.objects.get(case=case).data["legal_basis"]
        assert any(one.before for one in Event.objects.filter(case=case))
        secret = Request.objects.get(case=case).data["description"]
    assert not has(superuser, MARK, "cases_case", "cases_event", "flow_request")
    assert not has(superuser, secret, "flow_request")


@pytest.fixture
def as_before(superuser):
    """Privileged notes may stand in plain, as they once did; afterwards no longer."""
    name = "cases_sealed_note"
    (sealed,) = superuser.execute(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = %s", [name]
    ).fetchone()
    superuser.execute(f"alter table cases_note drop constraint {name}")
    yield
    superuser.execute(f"alter table cases_note add constraint {name} {sealed}")


@pytest.mark.usefixtures("as_before")
def test_what_stands_in_plain_from_before_is_sealed_step_by_step(cast, superuser, monkeypatch):
    reference = path.held(cast)
    perform(reference, "note", cast.heron, {"text": f"Advice {MARK}", "privileged": True})
    superuser.execute("alter table cases_note disable trigger never_changed")
    superuser.execute(
        "update cases_note set text = %s, sealed_text = null where privileged", [f"Advice {MARK}"]
    )
    superuser.execute("alter table cases_note enable trigger never_changed")
    old = json.dumps({"to": f"{MARK}@wiki.example"}).encode()
    superuser.execute("update outbox_effect set payload = %s, error = %s", [old, MARK.encode()])
    superuser.execute("update flow_request set data = %s", [json.dumps({"description": MARK}).encode()])
    superuser.execute("update cases_case set facts = %s", [json.dumps({"where": MARK}).encode()])
    superuser.execute(
        "update cases_message set text = %s, sealed_text = null, report_id = null, for_reporter = null"
        " where direction = 'out'", [MARK],
    )  # fmt: skip
    with acting_as(cast.larch):  # everything is readable before
        assert Case.objects.get(reference=reference).facts == {"where": MARK}
    monkeypatch.setattr(older, "BATCH", 1)
    waiting = older.older_rows()
    assert set(waiting) == {"facts", "notes", "messages", "requests", "effects"}
    assert older.seal_older() == sum(waiting.values())
    assert (older.seal_older(), older.older_rows()) == (0, {})
    tables = ("cases_case", "cases_note", "cases_message", "flow_request", "outbox_effect", "search_document")
    assert not has(superuser, MARK, *tables)
    with acting_as(cast.larch):
        assert Case.objects.get(reference=reference).facts == {"where": MARK}
        assert Note.objects.get(privileged=True).text == f"Advice {MARK}"
        assert {one.text for one in Message.objects.filter(direction="out")} == {MARK}
        assert {one.payload["to"] for one in Effect.objects.all()} == {f"{MARK}@wiki.example"}
        assert {one.error for one in Effect.objects.all()} == {MARK}
        assert Request.objects.get().data == {"description": MARK}


def test_only_the_key_keeper_reads_what_waits_to_be_sealed(cast):
    report_emergency()
    with (
        pytest.raises(DatabaseError, match="Only the key keeper"),
        acting_as(cast.juniper),
        connection.cursor() as cursor,
    ):
        cursor.execute("select * from tutela.unsealed('note', 0, 1)")


def test_many_sealed_values_of_a_case_ask_for_its_key_once(cast):
    reference = report_emergency()
    for number in range(5):
        perform(reference, "note", cast.heron, {"text": f"Advice {number}", "privileged": True})
    keyring.forget()
    with acting_as(cast.larch), CaptureQueriesContext(connection) as queries:
        assert len([one.text for one in Note.objects.all()]) == 5
    assert len([one for one in queries if "vault_" in one["sql"]]) == 2  # the case's and the workflow's
    with acting_as(cast.larch), CaptureQueriesContext(connection) as queries:
        reports = list(Report.objects.all())
        assert [bytes(one.raw) for one in reports for _twice in range(2)]
    assert len([one for one in queries if "vault_" in one["sql"]]) == 1
