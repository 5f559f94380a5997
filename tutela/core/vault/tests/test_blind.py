"""Reports from the same address find each other, and the database says nothing of the address."""

from __future__ import annotations

import hashlib

import pytest
from django.db import ProgrammingError, connections

from tests.cast import case_of, emergency, report_emergency
from tutela.core.cases.models import Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring, older, rotation
from tutela.core.vault.blind import blind_index, plain_address

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
ADDRESS = "reader@wiki.example"


def same_sender(cast, reference: str, actor=None) -> list[str]:
    with acting_as(actor or cast.juniper):
        report = Report.objects.get(case__reference=reference)
        return [one.case.reference for one in report.from_same_sender().select_related("case")]


def test_reports_from_one_address_find_each_other_however_it_is_written(cast):
    first = report_emergency(sender_email=ADDRESS)
    second = report_emergency(sender_email=" Reader+news@Wiki.Example")
    other, nobody = report_emergency(sender_email="editor@wiki.example"), report_emergency()
    assert same_sender(cast, first) == [second]
    assert same_sender(cast, second) == [first]
    assert same_sender(cast, other) == same_sender(cast, nobody) == []


def test_what_is_not_theirs_to_see_is_not_found(cast):
    first = report_emergency(sender_email=ADDRESS)
    elsewhere = open_case(receive(emergency(workflow="triage", sender_email=ADDRESS)).report_id)
    assert same_sender(cast, first) == []
    assert same_sender(cast, first, cast.alder) == [elsewhere]


def test_a_copy_of_the_database_tells_no_address(cast, superuser):
    report_emergency(sender_email=ADDRESS)
    rows = str(superuser.execute("select to_jsonb(r) from cases_report r").fetchall())
    for guess in (ADDRESS, hashlib.sha256(ADDRESS.encode()).hexdigest()):
        assert guess not in rows
    assert blind_index("sender_email", ADDRESS).hex() in rows


def test_the_door_writes_no_hash_and_may_not(cast, superuser):
    receive(emergency(sender_email=ADDRESS), using="portal")
    assert superuser.execute("select sender_index from cases_report").fetchall() == [(None,)]
    with pytest.raises(ProgrammingError), connections["portal"].cursor() as cursor:
        cursor.execute("update cases_report set sender_index = ''")


def test_older_reports_get_their_hash_from_the_chore(cast, superuser):
    first, second = report_emergency(sender_email=ADDRESS), report_emergency(sender_email=ADDRESS)
    superuser.execute("update cases_report set sender_index = null")
    assert same_sender(cast, first) == []
    assert older.index_older() == 2
    assert older.index_older() == 0
    assert same_sender(cast, first) == [second]


def test_an_erased_case_is_not_found_by_its_address(cast, superuser):
    first, second = report_emergency(sender_email=ADDRESS), report_emergency(sender_email=ADDRESS)
    keyring.erase(case_of(second, cast.larch).pk, cast.larch, "Disposal 7")
    assert same_sender(cast, first) == same_sender(cast, second) == []
    superuser.execute("update cases_report set sender_index = null")
    older.index_older()
    assert same_sender(cast, first) == []


def test_after_a_renewal_hashes_are_written_anew_and_none_is_lost(cast, superuser):
    first, second = report_emergency(sender_email=ADDRESS), report_emergency(sender_email=ADDRESS)
    old = blind_index("sender_email", ADDRESS)
    rotation.renew_index_key(system_actor(SystemActor.OPERATOR))
    assert same_sender(cast, first) == [second]
    third = report_emergency(sender_email=ADDRESS)
    assert same_sender(cast, first) == [second]
    assert rotation.finish().hashed == 2
    assert rotation.finish().hashed == 0
    assert same_sender(cast, first) == [third, second]
    assert old.hex() not in str(superuser.execute("select to_jsonb(r) from cases_report r").fetchall())
    retired = superuser.execute("select wrapped from vault_indexkey where retired_at is not null").fetchall()
    assert retired == [(b"",)]


def test_hashes_from_before_the_vault_had_a_key_for_them_are_written_anew(cast, superuser):
    first, second = report_emergency(sender_email=ADDRESS), report_emergency(sender_email=ADDRESS)
    for derived in (bytes(32), b"\xff" * 32):  # of the desk's secret, whatever that was
        superuser.execute("update cases_report set sender_index = %s", [derived])
        assert older.index_older() == 2
        assert same_sender(cast, first) == [second]
        assert derived not in dict(superuser.execute("select sender_index, id from cases_report").fetchall())


def test_another_secret_of_the_desk_loses_nothing(cast, settings):
    first = report_emergency(sender_email=ADDRESS)
    settings.SECRET_KEY = "another secret of the desk, as long as it has to be"
    keyring.forget()
    second = report_emergency(sender_email=ADDRESS)
    assert older.index_older() == 0
    assert same_sender(cast, first) == [second]


def test_values_of_another_kind_have_another_hash():
    assert blind_index("sender_email", "a@b.example") != blind_index("contact", "a@b.example")
    assert plain_address(" A+b@C.Example ") == "a@c.example"
