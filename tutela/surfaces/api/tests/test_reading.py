"""What a caller reads of cases."""

from __future__ import annotations

import pytest

from tests.cast import case_of, report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as


def test_a_list_holds_the_cases_that_the_caller_may_see(call, reference):
    assert [one["reference"] for one in call("juniper").get("/cases").json()["items"]] == [reference]
    assert call("sorrel").get("/cases").json() == {"items": [], "next": None}


def test_pages_follow_each_other_without_gap_or_repeat(call, cast):
    made = [report_emergency() for _each in range(5)]
    juniper = call("juniper")
    for order in ("newest", "due", "updated"):
        seen, cursor = [], None
        while True:
            query = {"limit": 2, "order": order} | ({"cursor": cursor} if cursor else {})
            page = juniper.get("/cases", **query).json()
            seen += [one["reference"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert sorted(seen) == sorted(made), order
        assert len(seen) == 5


def test_only_the_fields_that_were_asked_for_come(call, reference):
    page = call("juniper").get("/cases", fields="reference,state").json()
    assert page["items"] == [{"reference": reference, "state": "received"}]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"workflow": "emergency"}, True),
        ({"workflow": "triage"}, False),
        ({"open": "true"}, True),
        ({"open": "false"}, False),
        ({"assignee": "nobody"}, True),
        ({"assignee": "me"}, False),
        ({"assignee": "heron"}, False),
        ({"state": "received"}, True),
        ({"updated_since": "2020-01-01T00:00:00Z"}, True),
        ({"updated_since": "2999-01-01T00:00:00+02:00"}, False),
        ({"q": "goodbye station"}, True),
        ({"q": "unheard"}, False),
    ],
)
def test_filters_narrow_the_list(call, reference, query, found):
    answer = call("juniper").get("/cases", **query)
    assert answer.status_code == 200, answer.content
    assert bool(answer.json()["items"]) is found


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "many"},
        {"cursor": "yesterday"},
        {"fields": "title,raw"},
        {"updated_since": "1700000000"},
        {"severity": "9"},
        {"q": "a\0b"},
        {"order": "random"},
    ],
)
def test_a_wrong_parameter_is_named(call, cast, query):
    answer = call("juniper").get("/cases", **query)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == list(query)


def test_a_case_comes_with_what_belongs_to_it(call, cast, reference):
    perform(reference, "note", cast.heron, {"text": "Called the helpline."})
    answer = call("juniper").get(f"/cases/{reference}")
    case = answer.json()
    assert answer.headers["ETag"].startswith(f'"{case["version"]}-')
    assert case["state"] == "received"
    assert {"facts", "clocks", "parties", "links", "steps", "requests", "effects"} <= set(case)
    assert "note" in {step["name"] for step in case["steps"]}


def test_the_timeline_tells_who_did_what(call, cast, reference):
    perform(reference, "note", cast.heron, {"text": "Called the helpline."})
    lines = call("juniper").get(f"/cases/{reference}/timeline").json()["items"]
    assert [(line["kind"], line["actor"]) for line in lines] == [
        ("received", "Intake desk"),
        ("note", "Heron"),
    ]
    assert lines[1]["notes"][0]["text"] == "Called the helpline."


def test_the_conversation_and_the_reports_are_there_without_raw_bytes(call, cast, reference):
    perform(reference, "answer", cast.heron, {"text": "Thank you. We are on it."})
    juniper = call("juniper")
    turns = juniper.get(f"/cases/{reference}/messages").json()["items"]
    assert ("out", "Thank you. We are on it.") in {(turn["direction"], turn["text"]) for turn in turns}
    (report,) = juniper.get(f"/cases/{reference}/reports").json()["items"]
    assert "goodbye" in report["text"]
    assert "raw" not in report


def test_words_find_cases(call, reference):
    found = call("juniper").get("/search", q="goodb stat").json()
    assert [one["reference"] for one in found["items"]] == [reference]
    assert [one["reference"] for one in call("heron").get("/search", q=reference).json()["items"]] == [
        reference
    ]
    assert call("wren").get("/search", q="goodb stat").json()["items"] == []


def test_a_look_at_a_restricted_case_is_recorded(call, cast, reference):
    case = case_of(reference, cast.juniper)
    juniper = call("juniper")
    for part in ("", "/timeline", "/messages", "/reports", "/steps"):
        assert juniper.get(f"/cases/{reference}{part}").status_code == 200
    with acting_as(cast.juniper):
        looks = Entry.objects.filter(act=Act.CASE_LOOKED, case_id=case.pk, actor_id=cast.juniper.id)
        assert sorted(one.detail["part"] for one in looks) == [
            "case",
            "messages",
            "reports",
            "steps",
            "timeline",
        ]
        assert {one.via for one in looks} == {"api"}


def test_an_ordinary_case_is_read_without_an_entry(call, cast, reference):
    with acting_as(cast.juniper):
        Case.objects.update(restricted=False)
    call("juniper").get(f"/cases/{reference}")
    with acting_as(cast.juniper):
        assert not Entry.objects.filter(act=Act.CASE_LOOKED).exists()


def test_the_declarations_can_be_read(call, cast):
    sorrel = call("sorrel", "read")
    assert [one["slug"] for one in sorrel.get("/workflows").json()["items"]] == ["emergency", "triage"]
    emergency = sorrel.get("/workflows/emergency").json()
    assert emergency["start"] == "received"
    assert "note" in {step["name"] for step in emergency["steps"]}
    assert sorrel.get("/workflows/nothing").status_code == 404


def test_the_timeline_names_another_case_by_its_reference_and_only_to_who_sees_it(call, cast, reference):
    other, third = report_emergency(text="The same again."), report_emergency(text="And again.")
    perform(reference, "link_case", cast.juniper, {"other": third, "kind": "related"})
    perform(other, "merge_into", cast.juniper, {"other": reference})
    with acting_as(cast.juniper):
        for case in Case.objects.filter(reference__in=[other, third]):
            case.recusals.create(staff_id=cast.heron.id)
    said = {}
    for name in ("juniper", "heron"):
        lines = call(name, "read").get(f"/cases/{reference}/timeline").json()["items"]
        said[name] = [line["data"] for line in lines if line["step"] in {"link_case", "merged"}]
    assert said == {"juniper": [{"other": third}, {"other": other}], "heron": [{}, {}]}
