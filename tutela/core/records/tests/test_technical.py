"""Technical data go before their case does, for good, and not while a hold keeps the case."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection

from tests.cast import case_of, report_emergency
from tutela.core.access.functions import ask
from tutela.core.cases.models import Exhibit
from tutela.core.errors import NotFound, StepClosed
from tutela.core.files.leaving import take_out
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.core.records.holds import place_hold, release_hold
from tutela.core.vault import rotation

pytestmark = pytest.mark.django_db
ADDRESS = "192.0.2.77"
STEP = "destroy_technical_data"


@pytest.fixture
def reference(cast) -> str:
    """A case with two exhibits of technical data, and one of words between them."""
    reference = report_emergency()
    for kind, text in (
        ("technical", ADDRESS),
        ("text", "What they wrote"),
        ("technical", f"{ADDRESS} again"),
    ):
        said = {"kind": kind, "title": f"About {text}", "text": text, "source": f"Log of {text}"}
        perform(reference, "add_exhibit", cast.juniper, said)
    return reference


def exhibits(reference, actor):
    case = case_of(reference, actor)
    with acting_as(actor):
        return [
            (one.number, one.title, bytes(one.data).decode(), one.digest != b"", one.destroyed_at is not None)
            for one in case.exhibits.order_by("number")
        ]


def test_nothing_is_left_of_them_but_that_they_were_there(cast, reference):
    perform(reference, STEP, cast.juniper)
    assert exhibits(reference, cast.juniper) == [
        (1, "", "", False, True),
        (2, "About What they wrote", "What they wrote", True, False),
        (3, "", "", False, True),
    ]
    perform(reference, "add_exhibit", cast.juniper, {"kind": "text", "title": "Later", "text": "Later"})
    assert exhibits(reference, cast.juniper)[-1][0] == 4, "no number is given twice"
    with acting_as(cast.juniper):
        case = case_of(reference, cast.juniper)
        assert case.events.get(step=STEP).data["destroyed"] == [1, 3]
        first = case.exhibits.select_related("case").get(number=1)
        assert first.label == "Destroyed technical data"
        with pytest.raises(NotFound):
            take_out(first, cast.juniper)


def test_a_hold_keeps_them_until_it_is_released(cast, reference):
    before = exhibits(reference, cast.juniper)
    hold = place_hold(
        cast.larch, [reference], "A preservation demand came in.", "Court of Sample City, 12/26"
    )
    with pytest.raises(StepClosed, match="under a legal hold"):
        perform(reference, STEP, cast.juniper)
    with acting_as(cast.juniper):
        assert ask(STEP, case_of(reference, cast.juniper).pk) == []
    assert exhibits(reference, cast.juniper) == before
    release_hold(cast.larch, hold.number, "The proceedings are over.")
    perform(reference, STEP, cast.juniper)
    assert exhibits(reference, cast.juniper) != before


def test_nobody_who_does_not_work_on_the_case_can(cast, reference):
    number = case_of(reference, cast.juniper).pk
    before = exhibits(reference, cast.juniper)
    perform(reference, "recuse", cast.heron, {"reason": "I know them."})
    for person in (cast.wren, cast.sorrel, cast.heron):
        with acting_as(person):
            assert ask(STEP, number) == []
    assert exhibits(reference, cast.juniper) == before


def test_no_other_way_changes_an_exhibit(cast, reference):
    perform(reference, STEP, cast.juniper)
    for change in ("data = ''", "destroyed_at = NULL", "title = 'Something else'"):
        with (
            pytest.raises(DatabaseError),
            acting_as(cast.juniper),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE cases_exhibit SET {change}")
    with acting_as(cast.juniper):
        assert Exhibit.objects.filter(destroyed_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        "data = '', title = '', source = '', destroyed_at = now() WHERE kind = 'text'",
        "destroyed_at = now() WHERE kind = 'technical'",
        "title = 'x' WHERE kind = 'technical'",
    ],
)
@pytest.mark.usefixtures("reference")
def test_even_the_records_role_empties_nothing_else(superuser, change):
    superuser.execute("SET ROLE tutela_records")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        superuser.execute(f"UPDATE cases_exhibit SET {change}")
    superuser.execute("RESET ROLE")


@pytest.mark.django_db(transaction=True)
def test_another_key_of_the_case_passes_over_them(cast, reference):
    perform(reference, STEP, cast.juniper)
    rotation.renew_case_key(reference, cast.juniper)
    rotation.finish()
    assert [one[2] for one in exhibits(reference, cast.juniper)] == ["", "What they wrote", ""]
