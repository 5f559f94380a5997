"""Declared conflicts from the command line."""

from __future__ import annotations

from tutela.core.flow.perform import perform

OVER = ("--words", "They do not work together any more.")


def test_from_declaring_to_ending(run, as_json, cast, reference):
    perform(
        reference, "add_party", cast.juniper, {"kind": "account", "name": "ExampleMoss", "part": "reported"}
    )
    why = ("--reason", "We wrote an article together.")
    made = as_json("conflict", "declare", "ExampleMoss", *why, by="heron")
    number = str(made["id"])
    assert run("case", "show", reference, by="heron").exit_code == 3
    assert "ExampleMoss" in run("conflict", "list", by="heron").stdout
    assert "article together" in run("conflict", "show", number, by="alder").stdout
    assert run("conflict", "show", number, by="juniper").exit_code == 3
    assert "declared conflict" in run("why", "heron", reference, by="alder").stdout
    assert run("conflict", "lift", reference, "heron", *OVER, by="juniper").exit_code == 4
    lifted = run("conflict", "lift", reference, "heron", *OVER, by="alder")
    assert (lifted.exit_code, lifted.stdout.strip()) == (0, f"{reference} shows to heron again.")
    assert run("case", "show", reference, by="heron").exit_code == 0
    assert run("conflict", "end", number, *OVER, by="heron").exit_code == 4
    assert run("conflict", "end", number, *OVER, by="alder").exit_code == 0
    assert run("conflict", "end", number, *OVER, by="alder").exit_code == 5


def test_of_a_colleague_for_somebody_else(run, as_json, cast):
    why = ("--reason", "They share a household.", "--for", "heron")
    made = as_json("conflict", "declare", "--colleague", "juniper", *why, "--until", "2099-01-01", by="alder")
    assert made["colleague"]["username"] == "juniper"
    assert "juniper" in run("conflict", "list", by="alder").stdout
    assert (
        run("conflict", "list", by="juniper").stdout.strip() == "No conflict is declared that you may read."
    )
    assert run("conflict", "declare", *why, by="alder").exit_code == 6
