"""Retention, legal holds and disposal from the command line."""

from __future__ import annotations

from tests.cast import first
from tutela.core.records.tests.scene import BY_LAW, WHY, old


def test_from_the_preview_to_the_certificate(run, as_json, cast):
    reference, kept = old(cast), old(cast)
    assert "3 years" in run("records", "schedule").stdout
    held = as_json("records", "hold", "place", kept, "--reason", WHY, "--authority", BY_LAW, by="larch")
    lines = as_json("records", "due", "emergency", by="alder")["items"]
    assert [(one["case"], one["kept_by"]) for one in lines] == [(reference, ""), (kept, "hold")]
    assert run("records", "dispose", "propose", kept, by="alder").exit_code == 6
    number = as_json("records", "dispose", "propose", reference, by="alder")["number"]
    assert run("records", "dispose", "approve", number, by="alder").exit_code == 4
    assert run("records", "dispose", "approve", number, by="wren").exit_code == 3
    assert as_json("records", "dispose", "approve", number, by="larch")["state"] == "approved"
    assert run("records", "dispose", "carry-out").stdout.strip() == "1 cases came to an end."
    assert first("DC") in run("records", "dispose", "show", number, by="alder").stdout
    assert as_json("records", "certificate", first("DC"), by="alder")["as_logged"] is True
    assert reference in run("records", "certificate", first("DC"), by="alder").stdout
    assert run("case", "show", reference, by="alder").exit_code == 3
    number = held["number"]
    assert run("records", "hold", "release", number, "--reason", "short", by="larch").exit_code == 6
    done = run("records", "hold", "release", number, "--reason", "It is all over.", by="larch")
    assert done.exit_code == 0
    assert number not in run("records", "hold", "list", by="alder").stdout
    assert number in run("records", "hold", "list", "--all", by="alder").stdout


def test_a_run_is_stopped_or_withdrawn(run, as_json, cast):
    reference = old(cast)
    for verb, who in (("stop", "larch"), ("withdraw", "alder")):
        number = as_json("records", "dispose", "propose", reference, by="alder")["number"]
        done = run("records", "dispose", verb, number, "--words", "Not before the audit.", by=who)
        assert done.exit_code == 0
    states = {one["state"] for one in as_json("records", "dispose", "list", by="alder")["items"]}
    assert states == {"refused", "withdrawn"}
