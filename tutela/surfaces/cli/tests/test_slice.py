"""`tutela slice`: asked for, agreed to, read by a partner, ended."""

from __future__ import annotations

from tutela.core.slices.tests.conftest import partner

WHY = "The committee decided."


def test_from_asking_to_the_end(run, as_json, cast, reference):
    partner("laurel")
    assert "facts" in run("slice", "sources", reference, by="juniper").stdout
    said = ("--purpose", "An appeal", "--with", "laurel", "--part", "facts", "--black-out", "examplemoss")
    made = as_json("slice", "ask", reference, *said, by="juniper")
    number, digest = str(made["id"]), made["digest"]
    assert "asked" in run("slice", "list", reference, by="juniper").stdout
    assert "Nothing is shared with you now." in run("slice", "mine", by="laurel").stdout
    assert run("slice", "give", reference, number, "--digest", digest, by="juniper").exit_code == 4
    assert run("slice", "give", reference, number, "--digest", "0", by="alder").exit_code == 5
    given = run("slice", "give", reference, number, "--digest", digest, by="alder")
    assert "is given until" in given.stdout
    assert number in run("slice", "mine", by="laurel").stdout
    read = run("slice", "read", number, by="laurel").stdout
    assert "For Laurel alone" in read
    assert "█████" in read
    assert "ExampleMoss" not in read
    assert "With Laurel. Looks: 1" in run("slice", "show", reference, number, by="juniper").stdout
    assert "ended" in run("slice", "end", reference, number, "--words", WHY, by="juniper").stdout
    assert run("slice", "read", number, by="laurel").exit_code == 3


def test_the_role_is_one_of_the_platform(run, cast):
    assert run("grant", "give", "sorrel", "platform", "partner").exit_code == 0
    assert run("grant", "give", "sorrel", "emergency", "partner").exit_code == 6
