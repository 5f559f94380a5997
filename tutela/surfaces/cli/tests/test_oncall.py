"""Who is on call, from the command line."""

from __future__ import annotations

WEEKS = ("--for", "emergency", "--first", "2026-03-02", "--zone", "Europe/Berlin")


def test_a_rota_is_made_read_and_changed(run, as_json, cast):
    made = as_json("oncall", "set", "emergencies", "juniper", "heron", *WEEKS, by="alder")
    assert [one["username"] for one in made["people"]] == ["juniper", "heron"]
    assert [one["who"] for one in made["levels"]] == ["duty", "next", "managers"]
    assert run("oncall", "set", "emergencies", "juniper", *WEEKS, by="juniper").exit_code == 4
    assert "Monday 09:00 Europe/Berlin" in run("oncall", "list").stdout
    assert "juniper" in run("oncall", "who", "emergency", "--at", "2026-03-03 12:00:00", by="heron").stdout
    assert "heron" in run("oncall", "show", "emergencies", by="heron").stdout
    assert run("oncall", "show", "emergencies", by="wren").exit_code == 3


def test_nobody_on_duty_is_said_loudly(run, cast):
    text = run("oncall", "who", "emergency").stdout
    assert "NOBODY" in text
    assert "alder" in text


def test_a_span_is_taken(run, cast):
    run("oncall", "set", "emergencies", "juniper", *WEEKS, by="alder")
    from_to = ("--from", "2026-12-24 09:00:00", "--to", "2026-12-25 09:00:00")
    assert run("oncall", "take", "emergencies", *from_to, by="heron").exit_code == 0
    assert "heron" in run("oncall", "who", "emergency", "--at", "2026-12-24 12:00:00").stdout
