"""What is sealed and the keys, from the command line."""

from __future__ import annotations

import re

import pytest

from tests.cast import report_emergency
from tutela.core.cases.models import Report
from tutela.core.people.actor import acting_as
from tutela.core.vault import keyring, providers
from tutela.core.vault.models import CaseKey, WorkflowKey
from tutela.core.vault.providers.file import KeyFile
from tutela.surfaces.cli.common import NOT_FOUND, TRY_LATER
from tutela.surfaces.cli.main import USAGE


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    """A key file of this test's own."""
    own = tmp_path / "vault.json"
    own.write_bytes(KeyFile(settings.VAULT.removeprefix("file:")).path.read_bytes())
    settings.VAULT = f"file:{own}"
    for forget in (providers.provider.cache_clear, keyring.forget):
        forget()
    yield KeyFile(str(own))
    for forget in (providers.provider.cache_clear, keyring.forget):
        forget()


def senders(cast):
    keyring.forget()
    with acting_as(cast.juniper):
        return [one.sender_email for one in Report.objects.order_by("id")]


def test_inventory_lists_columns_and_what_they_hold(cast, run, as_json):
    columns = as_json("vault", "inventory")["items"]
    assert {"column": "cases_note.sealed_text", "kind": "text", "holds": "A privileged note"} in columns
    assert "cases_report.raw" in run("vault", "inventory").output


def test_a_renewed_workflow_key_takes_over_its_cases(cast, as_json):
    report_emergency(sender_email="reader@wiki.example")
    answer = as_json("vault", "renew", "workflow", "--workflow", "emergency")
    assert (answer["wrapped"], answer["destroyed"]) == (1, [])
    with acting_as(cast.juniper):
        assert CaseKey.objects.get().workflow_key.retired_at is None
    assert senders(cast) == ["reader@wiki.example"]


def test_a_renewed_case_key_seals_again_what_its_older_one_sealed(cast, as_json, run):
    reference = report_emergency(sender_email="reader@wiki.example")
    answer = as_json("vault", "renew", "case", "--case", reference)
    assert answer["sealed"] >= 2
    assert answer["destroyed"] == []
    assert run("vault", "renew", "case", "--case", reference).exit_code == TRY_LATER
    assert run("vault", "renew", "case", "--case", "EM-2020-0001").exit_code == NOT_FOUND
    assert run("vault", "renew", "case", "--case", reference, "--as", "wren").exit_code == NOT_FOUND
    assert senders(cast) == ["reader@wiki.example"]


def test_renewing_a_workflow_needs_its_name(cast, run):
    assert run("vault", "renew", "workflow", "--workflow", "nothing").exit_code != 0
    assert WorkflowKey.objects.count() == 0


def test_a_renewed_intake_key_is_used_by_the_next_report(cast, as_json):
    as_json("vault", "renew", "intake")
    report_emergency(sender_email="reader@wiki.example")
    assert senders(cast) == ["reader@wiki.example"]


def test_a_renewed_index_key_writes_the_hashes_anew(cast, as_json):
    report_emergency(sender_email="reader@wiki.example")
    assert as_json("vault", "renew", "index")["hashed"] == 1
    assert as_json("vault", "finish")["hashed"] == 0


def test_keys_move_to_another_place(cast, run, as_json, keys, settings, tmp_path):
    report_emergency(sender_email="reader@wiki.example")
    assert run("vault", "move").exit_code == USAGE
    other = tmp_path / "other.json"
    KeyFile(str(other)).create()
    settings.VAULT, settings.VAULT_ALSO = f"file:{other}", settings.VAULT
    providers.provider.cache_clear()
    assert {one["place"] for one in as_json("vault", "where")["items"]} == {f"file:{keys.path}"}
    assert as_json("vault", "move") == {"wrapped": 3, "left": 0}
    assert run("vault", "move").output == "Wrapped again: 0. Still elsewhere: 0.\n"
    assert str(other) in run("vault", "where").output.replace("\n", "")
    settings.VAULT_ALSO = ""
    providers.provider.cache_clear()
    assert senders(cast) == ["reader@wiki.example"]


def test_a_renewed_key_file_asks_for_a_new_sheet(cast, run, keys):
    report_emergency(sender_email="reader@wiki.example")
    answer = run("vault", "renew", "provider")
    assert "new recovery sheet" in answer.output
    assert len(keys.sheet()) == 2
    assert run("vault", "finish").output == "Wrapped again: 0. Destroyed: none.\n"
    assert senders(cast) == ["reader@wiki.example"]


def test_a_lost_key_file_comes_back_from_its_printed_sheet(cast, run, keys):
    report_emergency(sender_email="reader@wiki.example")
    sheet = run("vault", "sheet").output
    keys.path.unlink()
    assert run("vault", "sheet").exit_code != 0
    name, made = re.search(r"^(\S+)\nmade (\S+)$", sheet, re.MULTILINE).groups()
    key = " ".join(re.findall(r"^  (.+)$", sheet, re.MULTILINE))
    back = run("vault", "restore", "--name", name, "--made", made, "--key", key)
    assert (back.exit_code, back.output.startswith(f"{name} is back")) == (0, True)
    assert senders(cast) == ["reader@wiki.example"]


def test_what_is_plain_from_before_is_counted_and_sealed(cast, run, as_json):
    report_emergency()
    assert as_json("vault", "seal") == {"sealed": 0, "plain": {}}
    assert "Still plain" not in run("vault", "inventory").output
