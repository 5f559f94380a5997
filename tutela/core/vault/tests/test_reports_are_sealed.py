"""A report is sealed at the door: who copies the database, or holds the door, reads nothing of it."""

from __future__ import annotations

import psycopg
import pytest

from tests.cast import emergency
from tutela.core.cases.models import Report, ReportFile
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import IncomingFile, receive
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring, report_keys
from tutela.core.vault.inventory import inventory
from tutela.core.vault.seals import NotGenuine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
MARK = "marker-5f1c9a77"


@pytest.fixture(autouse=True)
def _no_keys_of_other_tests():
    keyring.forget()
    yield
    keyring.forget()


def marked(**changes) -> int:
    """A report with a mark in everything that is sealed, through the portal's login."""
    told = {
        "raw": f"raw {MARK}".encode(),
        "sender_name": f"Reader {MARK}",
        "sender_email": f"{MARK}@wiki.example",
        "fields": {"who": "writer", "contact": MARK},
        "files": (IncomingFile(f"{MARK}.txt", "text/plain", f"file {MARK}".encode()),),
        **changes,
    }
    return receive(emergency(**told), using="portal").report_id


def as_intake():
    return acting_as(system_actor(SystemActor.INTAKE))


def everything(superuser) -> bytes:
    """All rows of all tables, as a thief of the database has them."""
    tables = superuser.execute("select quote_ident(tablename) from pg_tables where schemaname = 'public'")
    rows = [superuser.execute(f"select * from {name}").fetchall() for (name,) in tables.fetchall()]
    return repr(rows).encode() + b"".join(
        bytes(cell) for table in rows for row in table for cell in row if isinstance(cell, bytes)
    )


def test_nothing_of_it_stands_in_any_table_before_or_after_it_is_opened(cast, superuser):
    report = marked()
    assert MARK.encode() not in everything(superuser)
    open_case(report)
    assert MARK.encode() not in everything(superuser)


def test_the_worker_and_whoever_sees_the_case_read_all_of_it(cast):
    number = marked()
    reference = open_case(number)
    for reader in (cast.juniper, cast.larch):
        with acting_as(reader):
            report = Report.objects.get(case__reference=reference)
            assert bytes(report.raw) == f"raw {MARK}".encode()
            assert (report.sender_name, report.sender_email) == (f"Reader {MARK}", f"{MARK}@wiki.example")
            assert report.fields["contact"] == MARK
            (file,) = report.files.all()
            assert (file.name, bytes(file.data)) == (f"{MARK}.txt", f"file {MARK}".encode())


def test_the_door_cannot_open_what_it_wrote(superuser, database):
    marked()
    stored = bytes(superuser.execute("select key from cases_report").fetchone()[0])
    with psycopg.connect(database.url("portal"), autocommit=True) as portal:
        number, public = portal.execute("select * from tutela.intake_key()").fetchone()
        assert int.from_bytes(stored[1:9]) == number
        assert len(public) == 32
        for table in ("vault_intakekey", "vault_casekey", "vault_workflowkey"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                portal.execute(f"select * from {table}")


def test_once_it_has_a_case_only_the_keys_of_the_case_open_it(cast, superuser):
    number = marked()
    open_case(number)
    stored = bytes(superuser.execute("select key from cases_report").fetchone()[0])
    assert report_keys.is_with_case(stored)
    superuser.execute("update vault_intakekey set wrapped = ''")
    keyring.forget()
    with acting_as(cast.juniper):
        assert Report.objects.get().sender_name == f"Reader {MARK}"


def test_a_value_moved_to_another_report_does_not_open(cast, superuser):
    first, second = marked(), marked(text="Another report altogether", source_key="2")
    open_case(first), open_case(second)
    superuser.execute(
        "update cases_report set sender_email = (select sender_email from cases_report where id = %s)"
        " where id = %s",
        [first, second],
    )
    with acting_as(cast.juniper), pytest.raises(NotGenuine):
        str(Report.objects.get(pk=second).sender_email)


def test_a_merge_hands_the_key_over_and_its_end_hands_it_back(cast, superuser):
    first, second = open_case(marked()), open_case(marked(text="The same threat", source_key="2"))
    perform(second, "merge_into", cast.juniper, {"other": first})
    with acting_as(cast.juniper):
        kept = {bytes(one.key)[:9] for one in Report.objects.all()}
        assert len(kept) == 1
    perform(second, "unmerge", cast.juniper)
    with acting_as(cast.juniper):
        reports = list(Report.objects.order_by("id"))
        assert len({bytes(one.key)[:9] for one in reports}) == 2
        assert [one.sender_name for one in reports] == [f"Reader {MARK}"] * 2


def test_a_report_of_before_sealing_is_read_as_it_is(cast, superuser):
    number = marked()
    superuser.execute(
        "update cases_report set key = null, raw = 'old', sender_name = 'Reader', sender_email = '',"
        " fields = '{}'"
    )
    superuser.execute("update cases_reportfile set name = 'a.txt', data = 'old'")
    open_case(number)
    with acting_as(cast.juniper):
        report = Report.objects.get()
        assert (bytes(report.raw), report.sender_name, report.fields) == (b"old", "Reader", {})
        assert ReportFile.objects.get().name == "a.txt"


def test_the_inventory_names_what_is_sealed():
    assert {one.place for one in inventory()} == {
        "cases_case.facts",
        "cases_event.before",
        "cases_exhibit.data",
        "cases_message.sealed_recipient",
        "cases_message.sealed_subject",
        "cases_message.sealed_text",
        "cases_note.sealed_text",
        "cases_report.arrival",
        "cases_report.fields",
        "cases_report.raw",
        "cases_report.sender_email",
        "cases_report.sender_index",
        "cases_report.sender_name",
        "cases_reportfile.data",
        "cases_reportfile.name",
        "files_file.key",
        "files_file.name",
        "files_file.sha256",
        "flow_request.data",
        "outbox_effect.error",
        "outbox_effect.payload",
        "slices_slice.parts",
        "slices_slice.purpose",
    }
