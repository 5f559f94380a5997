"""Break-glass from the command line."""

from __future__ import annotations

from tests.cast import EMERGENCY
from tutela.core.people.models import Grant
from tutela.core.people.roles import Role

WHY = "Nobody of the team answers the phone."


def test_from_opening_to_review(run, as_json, cast, reference):
    assert run("grant", "give", "sorrel", "platform", "security").exit_code == 0
    Grant.objects.create(staff_id=cast.wren.id, workflow=EMERGENCY, role=Role.READER)
    assert run("case", "show", reference, by="wren").exit_code == 3
    made = as_json("glass", "open", reference, "--reason", WHY, "--minutes", "5", by="wren")
    number = str(made["id"])
    assert as_json("case", "show", reference, by="wren")["steps"] == []
    assert as_json("glass", "list", by="sorrel")["items"][0]["reference"] == reference
    assert run("glass", "review", number, "--justified", "--words", "Too early.", by="sorrel").exit_code == 5
    assert run("glass", "close", number, by="wren").exit_code == 0
    assert run("case", "show", reference, by="wren").exit_code == 3
    looks = as_json("glass", "show", number, by="sorrel")["looks"]
    assert [one["act"] for one in looks] == ["case:looked"]
    said = run("glass", "review", number, "--not-justified", "--words", "The team was there.", by="sorrel")
    assert (said.exit_code, said.stdout.strip()) == (0, "Recorded: not justified.")
    assert "not justified" in run("glass", "list", by="wren").stdout
    assert WHY in run("glass", "show", number, by="alder").stdout


def test_it_is_refused_alike(run, cast, reference):
    for name in (reference, "EM-2026-9999"):
        refused = run("glass", "open", name, "--reason", WHY, by="wren")
        assert refused.exit_code == 3
        assert "not yours to open" in refused.stderr
    assert run("glass", "open", reference, "--reason", "short", by="wren").exit_code == 6
    assert run("glass", "open", reference, "--reason", WHY, by="juniper").exit_code == 5


def test_the_role_is_one_of_the_platform(run, cast):
    assert run("grant", "give", "sorrel", "emergency", "security").exit_code == 6
    assert run("grant", "give", "sorrel", "platform", "manager").exit_code == 6


def test_why_says_the_reasons(run, as_json, cast, reference):
    told = as_json("why", "juniper", reference, by="alder")
    assert told["sees"] is True
    assert {one["name"] for one in told["reasons"]} == {"grant", "restricted", "team"}
    assert "wren does not see it" in run("why", "wren", reference, by="alder").stdout
    assert run("why", "wren", reference, by="juniper").exit_code == 4
    assert run("why", "juniper", reference, by="wren").exit_code == 3
