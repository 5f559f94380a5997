"""Pages from the command line."""

from __future__ import annotations


def test_a_page_is_listed_until_somebody_answers(run, reference):
    assert reference in run("page", "list", by="juniper").stdout
    assert reference not in run("page", "list", by="sorrel").stdout
    assert run("page", "ack", reference, by="sorrel").exit_code == 3
    assert run("page", "ack", reference, by="juniper").stdout.strip() == f"You answer for {reference}."
    assert run("page", "ack", reference, by="heron").exit_code == 5
    assert run("page", "list", by="juniper").stdout.strip() == "Every page is answered."
