"""Reviews of roles from the command line."""

from __future__ import annotations

from tutela.core.access import reviews

GONE = ("--words", "Has moved to another team.")


def test_from_the_list_to_a_decision(run, as_json, cast):
    assert reviews.tend() == 2
    found = {one["workflow"]: str(one["id"]) for one in as_json("review", "list", by="alder")["items"]}
    number = found["emergency"]
    assert "heron" in run("review", "show", number, by="alder").stdout
    assert run("review", "show", number, by="juniper").exit_code == 3
    assert run("review", "list", by="juniper").stdout.strip() == "There is no review that you may read."
    ended = run("review", "decide", number, "heron", "responder", "--remove", *GONE, by="alder")
    assert (ended.exit_code, ended.stdout.strip()) == (0, "The role has ended.")
    assert "removed" in run("review", "show", number, by="alder").stdout
    again = ("review", "decide", number, "heron", "responder", "--keep", *GONE)
    assert run(*again, by="alder").exit_code == 5
    assert run("review", "decide", number, "alder", "manager", "--keep", *GONE, by="alder").exit_code == 4
    assert run("review", "decide", number, "heron", "auditor", "--keep", *GONE, by="alder").exit_code == 3
