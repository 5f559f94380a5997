"""Cases from the command line."""

from __future__ import annotations

import json

import pytest

from tests.cast import case_of, report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Note
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.workflows.emergency.tests.path import held


def test_a_list_holds_what_the_person_may_see(as_json, reference):
    assert [one["reference"] for one in as_json("case", "list", by="juniper")["items"]] == [reference]
    assert as_json("case", "list", by="sorrel") == {"items": [], "next": None}


def test_a_list_is_a_table_for_people(run, reference):
    result = run("case", "list", by="juniper")
    assert result.exit_code == 0
    assert reference in result.stdout
    assert "Reference" in result.stdout
    assert "No case that you may see." in run("case", "list", by="sorrel").stdout


def test_pages_go_on_where_the_last_one_ended(as_json, cast):
    made = {report_emergency() for _each in range(3)}
    first = as_json("case", "list", "--limit", "2", by="juniper")
    second = as_json("case", "list", "--limit", "2", "--cursor", first["next"], by="juniper")
    assert {one["reference"] for one in first["items"] + second["items"]} == made
    assert second["next"] is None


def test_closed_cases_are_listed_when_asked_for(as_json, cast, reference):
    with acting_as(cast.juniper):
        case = case_of(reference, cast.juniper)
        case.closed_at = case.opened_at
        case.save()
    assert as_json("case", "list", by="juniper")["items"] == []
    assert as_json("case", "list", "--all", by="juniper")["items"]


def test_a_case_is_shown_and_the_look_recorded(run, as_json, cast, reference):
    assert as_json("case", "show", reference, by="juniper")["reference"] == reference
    assert "You could" in run("case", "show", reference, by="juniper").stdout
    with acting_as(cast.juniper):
        assert {one.via for one in Entry.objects.filter(act=Act.CASE_LOOKED)} == {"cli"}


def test_what_waits_is_shown_with_its_round_and_agreed_to_by_it(run, as_json, cast):
    reference = held(cast)
    perform(reference, "amend", cast.heron, {"changes": {"released": "192.0.2.8 instead"}})
    (asked,) = as_json("case", "show", reference, by="larch")["requests"]
    assert f"{asked['id']}: {asked['label']}, round 2, asked by Juniper" in " ".join(
        run("case", "show", reference, by="larch").stdout.split()
    )
    named = ("-d", f"request={asked['id']}", "-d")
    late = run("case", "do", reference, "approve", *named, "round=1", by="larch")
    assert late.exit_code == 5
    assert "Heron changed the proposal at" in late.stderr
    assert "approve is done" not in late.stdout
    assert as_json("case", "do", reference, "approve", *named, "round=2", by="larch")["state"] == "disclosed"


def test_steps_are_listed_with_their_fields(run, as_json, reference):
    steps = {one["name"]: one for one in as_json("case", "steps", reference, by="juniper")["items"]}
    assert steps["note"]["form"]["required"] == ["text"]
    assert "text*" in run("case", "steps", reference, by="juniper").stdout


def test_a_step_is_taken(run, as_json, cast, reference):
    told = as_json("case", "do", reference, "note", "-d", "text=Called the helpline.", by="juniper")
    assert (told["step"], told["held"]) == ("note", False)
    assert "is done" in run("case", "do", reference, "take", by="juniper").stdout
    case = case_of(reference, cast.juniper)
    assert case.assignee_id == cast.juniper.id
    with acting_as(cast.juniper):
        assert Note.objects.get().text == "Called the helpline."


def test_answers_come_from_a_file_or_from_stdin(run, cast, reference, tmp_path):
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"text": "From a file."}))
    assert run("case", "do", reference, "note", "--data", str(file), by="juniper").exit_code == 0
    said = json.dumps({"text": "From stdin."})
    assert run("case", "do", reference, "note", "--data", "-", by="juniper", input=said).exit_code == 0
    with acting_as(cast.juniper):
        assert [one.text for one in Note.objects.order_by("id")] == ["From a file.", "From stdin."]


def test_a_key_does_it_once(run, cast, reference):
    for _each in range(2):
        done = run("case", "do", reference, "note", "-d", "text=Once.", "--key", "k", by="juniper")
        assert done.exit_code == 0
    other = run("case", "do", reference, "note", "-d", "text=Other.", "--key", "k", by="juniper")
    assert other.exit_code == 5
    with acting_as(cast.juniper):
        assert Note.objects.count() == 1


def test_a_dry_run_keeps_nothing(as_json, cast):
    reference = report_emergency(sender_email="reader@wiki.example")
    words = ("case", "do", reference, "answer", "-d", "text=Thank you.", "--dry-run")
    told = as_json(*words, by="juniper")
    assert told["would"][0]["payload"]["to"] == "reader@wiki.example"
    with acting_as(cast.juniper):
        assert not case_of(reference, cast.juniper).messages.filter(direction="out").exists()


@pytest.mark.parametrize(
    ("words", "by", "code", "said"),
    [
        (("show", "EM-2026-9999"), "juniper", 3, "no such case"),
        (("do", "{case}", "fly"), "juniper", 3, "no step fly"),
        (("do", "{case}", "take"), "larch", 4, "responder"),
        (("do", "{case}", "note", "-d", "text=late", "--version", "1"), "juniper", 5, "Heron"),
        (("do", "{case}", "resume_clocks"), "juniper", 5, "No clock is paused"),
        (("do", "{case}", "note"), "juniper", 6, "text: "),
        (("do", "{case}", "note", "-d", "txt=typo", "-d", "text=x"), "juniper", 6, "txt: "),
        (("do", "{case}", "note", "-d", "text"), "juniper", 2, "FIELD=VALUE"),
        (("do", "{case}", "note", "--data", "/nowhere.json"), "juniper", 1, "nowhere.json"),
        (("list", "--cursor", "yesterday"), "juniper", 6, "cursor"),
        (("show", "{case}"), "", 2, "TUTELA_AS"),
        (("show", "{case}"), "nobody-here", 3, "nobody-here"),
        (("show", "{case}"), "system-intake", 3, "system-intake"),
        (("show", "{case}"), "sorrel", 3, "no such case"),
    ],
)
def test_what_goes_wrong_is_told_with_a_code_of_its_own(run, cast, reference, words, by, code, said):
    perform(reference, "note", cast.heron, {"text": "Moves the case on."})
    result = run("case", *(word.format(case=reference) for word in words), by=by)
    assert result.exit_code == code, result.output
    assert said.lower() in result.stderr.lower()
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_the_person_comes_from_the_environment_too(run, reference):
    assert reference in run("case", "list", env={"TUTELA_AS": "juniper"}).stdout


def test_words_from_outside_do_not_steer_the_terminal(run, as_json, cast, reference):
    perform(reference, "edit_title", cast.juniper, {"title": "red \x1b[31m \u202eturned [bold]"})
    for words in (("list",), ("show", reference)):
        printed = run("case", *words, by="juniper").stdout
        assert "\x1b" not in printed
        assert "\u202e" not in printed
        assert "[bold]" in printed
    assert as_json("case", "show", reference, by="juniper")["title"].startswith("red \x1b")


def test_words_find_cases(as_json, run, reference):
    assert as_json("search", "goodb", "stat", by="juniper")["items"][0]["reference"] == reference
    assert "No case" in run("search", "goodbye", by="wren").stdout
