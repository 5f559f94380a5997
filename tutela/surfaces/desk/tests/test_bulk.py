"""One step on many cases: each by itself, each with its result."""

from __future__ import annotations

import re

import pytest

from tests.cast import TRIAGE, case_of
from tutela.core.cases.models import Event
from tutela.core.people.actor import acting_as
from tutela.surfaces.desk.models import BulkRun
from tutela.workflows.emergency.tests import path

from .scene import do, report

pytestmark = pytest.mark.django_db


def fields(desk, references: list[str], step: str) -> dict[str, object]:
    text = desk.post("/desk/bulk/", {"case": references, "step": step}).content.decode()
    assert text.count('<input type="hidden" name="case"') == len(references)
    return {
        "case": references,
        "step": step,
        "do": "1",
        "key": re.search(r'name="key" value="([^"]*)"', text)[1],
    }


def test_three_cases_are_assigned_and_each_is_told(cast, desk):
    references = [report() for _each in range(3)]
    juniper = desk(cast.juniper)
    answer = juniper.post(
        "/desk/bulk/", {**fields(juniper, references, "assign"), "assignee": "heron"}, follow=True
    )
    assert "All 3 cases done." in answer.content.decode()
    assert {case_of(one, cast.juniper).assignee_id for one in references} == {cast.heron.id}
    with acting_as(cast.juniper):
        assert Event.objects.filter(step="assign", actor=cast.juniper.id).count() == 3


def test_what_cannot_be_done_says_why_and_the_others_go_on(cast, desk):
    done, closed = report(), path.following_up(cast)
    do(closed, "close", cast.juniper)
    juniper = desk(cast.juniper)
    answer = juniper.post(
        "/desk/bulk/", {**fields(juniper, [done, closed], "assign"), "assignee": "heron"}, follow=True
    )
    text = answer.content.decode()
    assert "1 of 2 cases done; 1 was not. Nothing happened to it." in text
    assert "It is now at “Closed”" in text
    assert case_of(done, cast.juniper).assignee_id == cast.heron.id


def test_whom_a_case_does_not_take_is_said_for_that_case(cast, desk):
    emergency, triage = report(), report(workflow=TRIAGE, text="Copied photographs")
    alder = desk(cast.alder)
    text = alder.post(
        "/desk/bulk/", {**fields(alder, [emergency, triage], "assign"), "assignee": "wren"}, follow=True
    )
    assert "1 of 2 cases done" in text.content.decode()
    assert case_of(triage, cast.alder).assignee_id == cast.wren.id
    assert case_of(emergency, cast.alder).assignee_id is None


def test_a_run_sent_twice_is_one_run(cast, desk):
    references = [report(), report()]
    juniper = desk(cast.juniper)
    sent = {**fields(juniper, references, "follow_up"), "at": "2030-03-14T09:00"}
    first, second = juniper.post("/desk/bulk/", sent), juniper.post("/desk/bulk/", sent)
    assert first.headers["Location"] == second.headers["Location"]
    with acting_as(cast.juniper):
        assert Event.objects.filter(step="follow_up").count() == 2


def test_a_run_can_be_undone_where_nothing_followed(cast, desk):
    references = [report(), report()]
    juniper = desk(cast.juniper)
    answer = juniper.post("/desk/bulk/", {**fields(juniper, references, "assign"), "assignee": "heron"})
    do(references[0], "set_severity", cast.heron, severity="4")
    text = juniper.post(f"{answer.headers['Location']}undo/", follow=True).content.decode()
    assert "Not undone: This cannot be undone: something happened after it." in text
    assert case_of(references[0], cast.juniper).assignee_id == cast.heron.id
    assert case_of(references[1], cast.juniper).assignee_id is None
    assert "Undo all" not in text


def test_cases_are_linked_to_one(cast, desk):
    references = [report(), report()]
    target = report()
    juniper = desk(cast.juniper)
    sent = {**fields(juniper, references, "link_case"), "other": target, "kind": "related"}
    assert "All 2 cases done." in juniper.post("/desk/bulk/", sent, follow=True).content.decode()
    page = juniper.get(f"/desk/case/{target}/").content.decode()
    assert all(one in page for one in references)


def test_a_run_belongs_to_who_made_it(cast, desk):
    juniper = desk(cast.juniper)
    answer = juniper.post("/desk/bulk/", {**fields(juniper, [report()], "assign"), "assignee": "heron"})
    assert desk(cast.heron).get(answer.headers["Location"]).status_code == 404
    assert desk(cast.heron).post(f"{answer.headers['Location']}undo/").status_code == 404


def test_a_case_that_is_theirs_no_more_is_left_out_of_the_run(cast, desk):
    reference = report()
    juniper = desk(cast.juniper)
    answer = juniper.post("/desk/bulk/", {**fields(juniper, [reference], "assign"), "assignee": "heron"})
    do(reference, "recuse", cast.juniper, reason="")
    assert reference not in juniper.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize("step", ["", "close", "merge_into", "recuse", "note"])
def test_only_some_steps_go_at_once(cast, desk, step):
    assert desk(cast.juniper).post("/desk/bulk/", {"case": [report()], "step": step}).status_code == 422
    assert not BulkRun.objects.exists()


def test_nothing_chosen_is_said(cast, desk):
    answer = desk(cast.juniper).post("/desk/bulk/", {"step": "assign"})
    assert answer.status_code == 422
    assert "Choose at least one case" in answer.content.decode()
