"""Common words are found near, rare ones by the index: the reader cannot tell which way it went."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.cast import report_emergency
from tutela.core.cases.opening import make_case, started
from tutela.core.flow import registry
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.search.find import find

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["{2,4}", "{3,1000}", "{1000,12000}"])
def windows(request, superuser):
    """How many documents are looked at before the index is asked."""
    define = "CREATE OR REPLACE FUNCTION tutela.search_windows() RETURNS integer[] LANGUAGE sql IMMUTABLE"
    superuser.execute(f"{define} AS $$ SELECT '{request.param}'::integer[] $$")
    yield
    superuser.execute(f"{define} AS $$ SELECT ARRAY[1000, 12000] $$")


def triage(title: str) -> str:
    with acting_as(system_actor(SystemActor.INTAKE)) as actor:
        workflow = registry.workflow("triage")
        case = make_case(workflow, title=title, received_at=timezone.now())
        started(workflow, case, actor)
        return case.reference


def found(actor, typed, **more) -> list[str]:
    with acting_as(actor):
        return [row["reference"] for row in find(typed, **more)]


def test_the_newest_come_first_however_rare_the_word_is(cast, windows):
    rare = report_emergency(text="A lighthouse stands there")
    common = [report_emergency(text=f"They wrote goodbye, number {number}") for number in range(6)]
    assert found(cast.alder, "lighthouse") == [rare]
    assert found(cast.alder, "goodbye") == common[::-1]
    assert found(cast.alder, "goodbye", limit=2) == common[:2:-1]
    assert found(cast.alder, "goodbye lighthouse") == []


def test_pages_follow_each_other_without_a_gap(cast, windows):
    expected = []
    for number in range(9):
        text = f"They wrote goodbye, number {number}"
        expected.append(triage(text) if number % 3 == 1 else report_emergency(text=text))
    read, before = [], None
    for _page in range(6):
        with acting_as(cast.alder):
            rows = find("goodbye", limit=2, before=before)
        read += [row["reference"] for row in rows[:2]]
        if len(rows) <= 2:
            break
        before = rows[1]["id"]
    assert read == expected[::-1]


def test_a_small_workflow_is_not_drowned_by_a_busy_one(cast, windows):
    old = triage("A lighthouse, and a goodbye")
    for number in range(8):
        report_emergency(text=f"They wrote goodbye at the lighthouse, number {number}")
    assert found(cast.wren, "lighthouse") == [old]
    assert found(cast.alder, "lighthouse", limit=20)[-1] == old
