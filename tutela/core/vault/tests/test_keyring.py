"""A case's key: one for each case, for those who see the case, gone when it is destroyed."""

from __future__ import annotations

import pytest
from django.core.exceptions import FieldError
from django.db import DatabaseError, transaction
from django.utils import timezone

from tests.cast import case_of, report_emergency
from tutela.core.cases.models import Case, Exhibit
from tutela.core.cases.opening import make_case
from tutela.core.flow import registry
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring
from tutela.core.vault.fields import is_erased
from tutela.core.vault.models import CaseKey, WorkflowKey
from tutela.core.vault.seals import Destroyed, NotGenuine, Unavailable

pytestmark = pytest.mark.django_db
WORDS = "Signed in from 192.0.2.7 at 14:05"


@pytest.fixture(autouse=True)
def _no_keys_of_other_tests():
    keyring.forget()
    yield
    keyring.forget()


def case_with_exhibit(cast) -> str:
    reference = report_emergency()
    perform(reference, "add_exhibit", cast.juniper, {"kind": "technical", "title": "Log", "text": WORDS})
    return reference


def test_an_exhibit_is_sealed_in_the_database_and_opens_for_whoever_sees_the_case(cast, superuser):
    reference = case_with_exhibit(cast)
    with acting_as(cast.heron):
        exhibit = Exhibit.objects.get(case__reference=reference)
        assert exhibit.data == WORDS.encode()
        exhibit.data = exhibit.data  # reading leaves it as it was
    with acting_as(cast.heron), transaction.atomic():
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT data FROM cases_exhibit")
            stored = bytes(cursor.fetchone()[0])
    assert b"192.0.2.7" not in stored
    assert len(stored) == len(WORDS) + 29


def test_each_case_has_a_key_of_its_own_and_keeps_it(cast):
    first, second = case_of(report_emergency(), cast.juniper), case_of(report_emergency(), cast.juniper)
    with acting_as(cast.juniper):
        one, two = keyring.case_key(first.pk), keyring.case_key(second.pk)
        assert one != two
        keyring.forget()
        assert keyring.case_key(first.pk) == one
        assert WorkflowKey.objects.filter(workflow="emergency").count() == 1


def test_who_does_not_see_the_case_gets_no_key(cast):
    case = case_of(case_with_exhibit(cast), cast.juniper)
    with acting_as(cast.wren):
        with pytest.raises(Unavailable, match="not yours to see"):
            keyring.case_key(case.pk)
        assert not CaseKey.objects.exists()


def test_moved_to_another_case_or_another_number_it_does_not_open(cast):
    here, there = case_with_exhibit(cast), case_with_exhibit(cast)
    with acting_as(cast.juniper):
        one = Exhibit.objects.get(case__reference=here)
        one.case = Case.objects.get(reference=there)
        with pytest.raises(NotGenuine):
            bytes(one.data)
        another = Exhibit.objects.get(case__reference=here)
        another.number = 2
        with pytest.raises(NotGenuine):
            bytes(another.data)


def test_a_destroyed_key_opens_nothing_and_never_comes_back(cast):
    reference = case_with_exhibit(cast)
    with acting_as(cast.juniper):
        CaseKey.objects.filter(case__reference=reference).update(destroyed_at=timezone.now(), wrapped=b"")
        with pytest.raises(Destroyed):
            keyring.case_key(Case.objects.get(reference=reference).pk)
        assert is_erased(Exhibit.objects.get(case__reference=reference).data)
        with pytest.raises(DatabaseError, match="stays as it is"), transaction.atomic():
            CaseKey.objects.filter(case__reference=reference).update(destroyed_at=None, wrapped=b"x")


def test_nothing_can_be_asked_of_what_is_sealed(cast):
    with acting_as(cast.juniper), pytest.raises(FieldError, match="sealed"):
        Exhibit.objects.filter(data=b"x").exists()


def test_what_is_not_looked_at_is_not_opened(cast, monkeypatch):
    reference = case_with_exhibit(cast)
    with acting_as(cast.juniper):
        monkeypatch.setattr(keyring, "case_key", lambda _case: pytest.fail("opened"))
        exhibit = Exhibit.objects.get(case__reference=reference)
        assert exhibit.size == len(WORDS)


def test_what_was_added_before_sealing_began_is_read_as_it_is(cast):
    reference = report_emergency()
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        Exhibit.objects.create(
            case=case, number=1, kind="text", title="Old", size=3, sha256=b"", data=b"old", sealed=False,
            added_by_id=cast.juniper.id,
        )  # fmt: skip
        assert Exhibit.objects.get(case=case).data == b"old"


class _TakenBackError(Exception): ...


def test_nothing_is_sealed_with_a_key_whose_making_was_taken_back(cast):
    with acting_as(system_actor(SystemActor.INTAKE)) as intake:
        case = make_case(registry.workflow("triage"), title="A question", received_at=timezone.now())
        about = {
            "case": case,
            "number": 1,
            "kind": "text",
            "size": 3,
            "sha256": b"",
            "added_by_id": intake.id,
        }

        def take_back() -> None:
            with transaction.atomic():
                Exhibit.objects.create(title="Taken back", data=b"one", **about)
                assert bytes(Exhibit.objects.get(case=case).data) == b"one"  # the key is remembered now
                raise _TakenBackError

        with pytest.raises(_TakenBackError):
            take_back()
        assert not CaseKey.objects.filter(pk=case.pk).exists()
        Exhibit.objects.create(title="Kept", data=b"two", **about)
    keyring.forget()
    with acting_as(cast.wren):
        assert bytes(Exhibit.objects.get(case=case).data) == b"two"
