"""Staff, grants, tokens and reports from the command line."""

from __future__ import annotations

import pytest

from tests.cast import case_of
from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Grant, SignInLink, Staff, Token
from tutela.core.people.roles import SystemActor
from tutela.core.people.sign_in import use_link
from tutela.core.people.tokens import holder_of


def operator_entries() -> list[str]:
    operator = system_actor(SystemActor.OPERATOR)
    with acting_as(operator):
        return list(Entry.objects.filter(actor_id=operator.id).order_by("id").values_list("act", flat=True))


def test_a_person_starts_with_team_grant_and_link(run, as_json, cast, reference):
    assert run("staff", "add", "moss", "--name", "Moss", "--team", "emergency").exit_code == 0
    assert run("grant", "give", "moss", "emergency", "responder", "--reason", "New here").exit_code == 0
    assert as_json("case", "list", by="moss")["items"][0]["reference"] == reference
    link = run("staff", "link", "moss").stdout.strip()
    assert use_link(link.rstrip("/").rsplit("/", 1)[1], "127.0.0.1").username == "moss"
    assert operator_entries() == [Act.STAFF_CHANGED, Act.STAFF_CHANGED, Act.GRANT_CHANGED]


def test_the_list_tells_teams_and_roles(run, as_json, cast):
    people = {one["username"]: one for one in as_json("staff", "list")["items"]}
    assert people["juniper"]["teams"] == ["emergency"]
    assert people["juniper"]["roles"] == ["emergency/responder"]
    assert "system-intake" not in people
    assert "Juniper" in run("staff", "list").stdout


def test_who_is_let_go_has_nothing_left(run, as_json, cast, reference):
    token = as_json("token", "create", "--for", "juniper", "--name", "export")["token"]
    assert run("staff", "end", "juniper").exit_code == 0
    assert holder_of(token) is None
    assert not Grant.objects.active().filter(staff__username="juniper").exists()
    assert run("case", "list", by="juniper").exit_code == 4
    assert run("staff", "link", "juniper").exit_code == 4
    assert SignInLink.objects.count() == 0
    assert case_of(reference, cast.heron).reference == reference


def test_leaving_the_team_hides_its_restricted_cases(run, as_json, cast, reference):
    assert run("staff", "leave", "juniper", "emergency").exit_code == 0
    assert as_json("case", "list", by="juniper")["items"] == []
    assert run("staff", "join", "juniper", "emergency").exit_code == 0
    assert as_json("case", "list", by="juniper")["items"]


def test_a_grant_ends(run, as_json, cast, reference):
    assert "has ended" in run("grant", "end", "juniper", "emergency", "responder").stdout
    assert "does not hold" in run("grant", "end", "juniper", "emergency", "responder").stdout
    assert as_json("grant", "list", "--for", "juniper") == {"items": [], "next": None}
    assert len(as_json("grant", "list", "--for", "juniper", "--all")["items"]) == 1
    assert run("case", "show", reference, by="juniper").exit_code == 3


def test_a_grant_can_end_by_itself(as_json, cast):
    line = as_json("grant", "give", "sorrel", "triage", "reader", "--until", "2999-01-31")
    assert line["until"] == "2999-01-31T00:00:00Z"


@pytest.mark.parametrize(
    ("command", "words", "code"),
    [
        ("staff", ("add", "juniper", "--name", "Another"), 6),
        ("staff", ("add", "with space", "--name", "X"), 2),
        ("staff", ("join", "juniper", "nothing"), 3),
        ("staff", ("link", "nobody"), 3),
        ("staff", ("link", "system-intake"), 3),
        ("grant", ("give", "juniper", "emergency", "responder"), 6),
        ("grant", ("give", "juniper", "nothing", "responder"), 3),
        ("grant", ("give", "juniper", "emergency", "emperor"), 2),
        ("token", ("create", "--for", "nobody", "--name", "x"), 3),
        ("token", ("create", "--for", "juniper", "--name", "x", "--days", "0"), 2),
        ("token", ("revoke", "999999"), 3),
        ("report", ("send", "--workflow", "nothing", "--text", "x", "--as", "juniper"), 3),
        ("report", ("send", "--workflow", "triage", "--text", " ", "--as", "juniper"), 6),
    ],
)
def test_what_cannot_be_is_told(run, cast, command, words, code):
    result = run(command, *words)
    assert result.exit_code == code, result.output
    assert result.stderr.strip()
    assert result.stdout == ""


def test_a_token_is_shown_once_and_revoked(run, as_json, cast):
    result = run("token", "create", "--for", "juniper", "--name", "export", "--scope", "write")
    text = result.stdout.strip()
    assert holder_of(text).scope == "write"
    assert "not shown again" in result.stderr
    (line,) = as_json("token", "list")["items"]
    assert text not in str(line)
    assert "export" in run("token", "list").stdout
    assert as_json("token", "revoke", str(line["id"])) == {"id": line["id"], "revoked": True}
    assert holder_of(text) is None
    assert as_json("token", "list")["items"] == []
    assert Token.objects.count() == 1


def test_a_person_named_is_in_the_record(run, cast):
    run("grant", "give", "sorrel", "triage", "reader", by="alder")
    assert Grant.objects.get(staff__username="sorrel").granted_by == Staff.objects.get(username="alder")


def test_a_report_by_telephone_is_a_case_at_once(run, as_json, cast):
    words = ("report", "send", "--workflow", "emergency", "--language", "fr", "--key", "call-1")
    told = as_json(*words, "--text", "They said goodbye.", by="juniper")
    assert told["case"].startswith("EM-")
    assert len(told["receipt"].replace(" ", "")) == 16
    again = as_json(*words, by="juniper", input="They said goodbye.")
    assert (again["report"], again["duplicate"], again["receipt"]) == (told["report"], True, None)
    (report,) = as_json("report", "list", told["case"], by="juniper")["items"]
    assert (report["channel"], report["text"]) == ("cli", "They said goodbye.")
    assert "goodbye" in run("report", "list", told["case"], by="juniper").stdout
