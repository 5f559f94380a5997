"""The directory, the release log and the declarations from the command line."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.cast import Cast
from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import acting_as
from tutela.workflows.emergency.tests.path import disclosed, do, log_of

pytestmark = pytest.mark.django_db


def test_the_sample_is_loaded_once_and_listed(run, as_json):
    assert as_json("directory", "load", "--sample") == {"added": 30, "changed": 0, "same": 0}
    assert as_json("directory", "load", "--sample") == {"added": 0, "changed": 0, "same": 30}
    agencies = as_json("directory", "list", "agency")["items"]
    stale = {one["name"] for one in agencies if one["stale"]}
    assert stale == {"Crisis team of the Harbour District"}
    assert "World List of Helplines" in run("directory", "list", "helpline").stdout


def test_what_is_dumped_is_loaded(run, as_json, tmp_path):
    as_json("directory", "load", "--sample")
    path = tmp_path / "out.toml"
    assert run("directory", "dump", str(path)).exit_code == 0
    assert as_json("directory", "load", str(path))["same"] == 30


def test_a_fault_ends_with_a_code_and_its_place(run, tmp_path):
    path = tmp_path / "torn.toml"
    path.write_text('[[agency]]\nname = "Police"\n')
    result = run("directory", "load", str(path))
    assert result.exit_code == 6
    assert "torn.toml, line 1 (agency), country" in result.stderr


@pytest.mark.parametrize("words", [[], ["--sample", "file.toml"]])
def test_a_file_or_the_sample(run, words):
    assert run("directory", "load", *words).exit_code == 2


def test_a_missing_file_is_named(run, tmp_path):
    result = run("directory", "load", str(tmp_path / "none.toml"))
    assert result.exit_code == 1
    assert "none.toml" in result.stderr


def test_the_release_log_is_for_those_who_may_see_the_case(as_json, run, cast: Cast):
    reference = disclosed(cast)
    (row,) = as_json("release", "list", by="heron")["items"]
    assert (row["case_reference"], row["pre_approved"]) == (reference, True)
    assert as_json("release", "list", by="sorrel")["items"] == []
    assert as_json("release", "show", row["number"], by="heron") == row
    assert run("release", "show", row["number"], by="sorrel").exit_code == 3
    assert "Nothing was released" in run("release", "list", by="sorrel").stdout
    with acting_as(cast.heron):
        looks = Entry.objects.filter(act=Act.CASE_LOOKED, detail__at="release log", actor_id=cast.heron.id)
        assert looks.count() == 2


def test_corrected_rows_are_shown_when_asked_for(as_json, cast: Cast):
    reference = disclosed(cast)
    do(reference, "correct_release", cast.juniper, recipient_name="Another", reason="Misheard.")
    (entry,) = log_of(reference, cast.juniper)
    assert [one["number"] for one in as_json("release", "list", by="juniper")["items"]] == [entry.number]
    assert len(as_json("release", "list", "--all", by="juniper")["items"]) == 2


def test_the_log_is_printed_for_a_spreadsheet(run, cast: Cast):
    reference = disclosed(cast)
    text = run("release", "list", "--csv", "--since", "2020-01-01", by="heron").stdout
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["case_reference"], row["recipient_name"]) == (reference, "Duty officer 17")
    with acting_as(cast.heron):
        assert Entry.objects.filter(act=Act.EXPORTED, actor_id=cast.heron.id).count() == 1
    assert "Nothing was released" in run("release", "list", "--before", "2020-01-01", by="heron").stdout
    assert "Nothing was released" in run("release", "list", "--review-open", by="heron").stdout


def test_the_declarations_are_checked_and_shown(run):
    assert "no fault" in run("flow", "check").stdout
    assert json.loads(run("flow", "show", "emergency", "--json").stdout)["prefix"] == "EM"
    assert run("flow", "show", "emergency", "--mermaid").stdout.startswith("stateDiagram-v2")
    assert "Assess as not a threat" in run("flow", "show", "emergency").stdout
    result = run("flow", "show", "nowhere")
    assert result.exit_code == 1
    assert "Installed: emergency, triage" in result.stderr
