"""Approval through the API: held, agreed to by somebody else, released, with all names."""

from __future__ import annotations

import pytest

from tests.cast import report_emergency
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff
from tutela.workflows.emergency.tests.path import CALL, CHECKLIST, RELEASE, load_sample, police


@pytest.fixture
def waiting(call, cast):
    """A disclosure that Juniper asked for and that counsel must agree to."""
    load_sample()
    reference = report_emergency()
    juniper = call("juniper")
    with acting_as(cast.juniper):
        agency = police().pk
    for step, body in (
        ("acknowledge", {}),
        ("assess_imminent", CHECKLIST),
        ("record_jurisdiction", {"country": "ZE", "agency": agency, "how": "They named it."}),
        ("verify_agency", CALL),
    ):
        answer = juniper.post(f"/cases/{reference}/steps/{step}", body)
        assert answer.status_code == 200, (step, answer.content)
    asked = juniper.post(f"/cases/{reference}/steps/disclose", RELEASE)
    assert asked.status_code == 202
    assert asked.json()["held"] is True
    assert asked.json()["effects"] == []
    return reference, asked.json()["request"]


def numbers(caller, which: str) -> list[int]:
    return [one["id"] for one in caller.get("/requests", which=which).json()["items"]]


def test_it_waits_for_whoever_may_decide_and_for_nobody_else(call, cast, waiting):
    _reference, number = waiting
    assert numbers(call("larch"), "for_me") == [number]
    assert numbers(call("juniper"), "for_me") == []
    assert numbers(call("juniper"), "mine") == [number]
    assert numbers(call("heron"), "for_me") == []
    assert numbers(call("heron"), "all") == [number]
    assert numbers(call("wren"), "all") == []
    (line,) = call("juniper").get("/requests", which="all").json()["items"]
    assert (line["mine"], line["why_not"]) == (True, "Proposed it")


def test_the_case_shows_the_proposal_and_whose_turn_it_is(call, cast, waiting):
    reference, number = waiting
    (request,) = call("larch").get(f"/cases/{reference}").json()["requests"]
    assert (request["id"], request["step"]) == (number, "disclose")
    assert [(seat["required"], seat["open"], seat["verdict"]) for seat in request["seats"]] == [
        (True, True, "")
    ]


def test_the_proposer_cannot_agree(call, cast, waiting):
    reference, number = waiting
    mine = {"request": number, "round": 1, "reason": "Mine."}
    answer = call("juniper").post(f"/cases/{reference}/steps/approve", mine)
    assert answer.status_code == 403
    assert call("juniper").get(f"/cases/{reference}").json()["state"] == "awaiting_approval"


def test_counsel_agrees_and_the_step_runs_with_all_names(call, cast, waiting):
    reference, number = waiting
    larch = call("larch")
    read = {"request": number, "round": 1, "reason": "Clear danger."}
    answer = larch.post(f"/cases/{reference}/steps/approve", read)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["step"], answer.json()["state"]) == ("disclose", "disclosed")
    last = larch.get(f"/cases/{reference}/timeline").json()["items"]
    released = next(line for line in last if line["step"] == "disclose" and line["kind"] == "step")
    assert released["data"]["proposer"] == Staff.objects.get(username="juniper").pk
    assert released["data"]["agreed"] == [Staff.objects.get(username="larch").pk]
    assert numbers(larch, "all") != [number]


def test_an_agreement_names_the_round_that_was_read(call, cast, waiting):
    reference, number = waiting
    larch = call("larch")
    bare = larch.post(f"/cases/{reference}/steps/approve", {"request": number})
    assert (bare.status_code, list(bare.json()["errors"])) == (422, ["round"])
    (read,) = larch.get(f"/cases/{reference}").json()["requests"]
    change = {"changes": {"released": "192.0.2.8 instead"}, "request": number, "round": read["round"]}
    assert call("heron").post(f"/cases/{reference}/steps/amend", change).status_code == 200
    late = larch.post(f"/cases/{reference}/steps/approve", {"request": number, "round": read["round"]})
    assert (late.status_code, late.json()["code"]) == (409, "proposal_changed")
    assert "Heron changed the proposal at" in late.json()["detail"]
    assert late.json()["changed_by"] == "Heron"
    (read,) = larch.get(f"/cases/{reference}").json()["requests"]
    agreed = larch.post(f"/cases/{reference}/steps/approve", {"request": number, "round": read["round"]})
    assert agreed.json()["state"] == "disclosed"


def test_the_reason_is_for_reviewers_and_for_whoever_asked(call, cast, waiting):
    reference, _number = waiting
    call("larch").post(f"/cases/{reference}/steps/ask_first", {"reason": "Whose quokka is it?"})
    said = {}
    for name in ("juniper", "heron", "larch", "linden"):
        caller = call(name, "read")
        (request,) = caller.get(f"/cases/{reference}").json()["requests"]
        (seat,) = request["seats"]
        assert (seat["verdict"], seat["by"]) == ("ask", "Larch"), name
        lines = caller.get(f"/cases/{reference}/timeline").json()["items"]
        notes = [note for line in lines if line["step"] == "ask_first" for note in line["notes"]]
        said[name] = (seat["reason"], [note["text"] for note in notes])
        found = "".join(
            caller.get(f"/cases/{reference}{part}").content.decode() for part in ("", "/timeline")
        )
        assert ("quokka" in found) == (name != "heron")
        assert caller.get("/search", q="quokka").json()["items"] == [], "privileged texts are not searched"
    read = ("Whose quokka is it?", ["Whose quokka is it?"])
    assert said == {"juniper": read, "heron": ("", []), "larch": read, "linden": read}


def test_a_stop_ends_it_for_everybody(call, cast, waiting):
    reference, number = waiting
    answer = call("larch").post(f"/cases/{reference}/steps/stop", {"reason": "Not enough."})
    assert answer.status_code == 200
    assert number not in numbers(call("juniper"), "mine")
