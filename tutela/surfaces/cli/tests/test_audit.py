"""The audit log from the command line."""

from __future__ import annotations

import json
import zipfile

import pytest

from tests.cast import make_cast, report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor


@pytest.fixture
def reference(transactional_db, settings, tmp_path):
    settings.ANCHORS = f"folder:{tmp_path / 'anchors'}"
    settings.AUDIT_KEY_FILE = tmp_path / "audit-key"
    make_cast()
    return report_emergency()


@pytest.fixture
def tamper(superuser):
    def change():
        superuser.execute("SET session_replication_role = replica")
        (entry,) = superuser.execute(
            "UPDATE audit_entry SET via = 'cli' WHERE id = (SELECT min(id) FROM audit_entry"
            " WHERE case_id IS NOT NULL) RETURNING id"
        ).fetchone()
        return entry

    return change


def test_seal_then_verify(run, reference):
    assert run("audit", "verify").exit_code == 0, "nothing sealed is nothing wrong"
    sealed = run("audit", "seal")
    assert sealed.exit_code == 0
    assert "tutela audit head 1\nnumber: 1\n" in sealed.stdout
    verified = run("audit", "verify")
    assert (verified.exit_code, verified.stdout.splitlines()[-1]) == (0, "The log is as it was signed.")
    assert run("audit", "verify", "--since", "1").exit_code == 0
    assert run("audit", "verify", "--since", "2").exit_code == 3


def test_a_tampered_entry_is_named_and_the_program_fails(run, reference, tamper):
    run("audit", "seal")
    entry = tamper()
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert f"CHANGED entry {entry} (number " in result.stdout
    said = json.loads(run("audit", "verify", "--json").stdout)
    assert not said["sound"]
    assert (said["faults"][0]["what"], said["faults"][0]["entry"]) == ("changed", entry)


def test_each_entry_of_a_case_is_proven_to_who_may_see_it(run, as_json, reference, tamper):
    run("audit", "seal")
    words = ("verify", "--case", reference)
    said = as_json("audit", *words, by="juniper")
    assert said["sound"]
    with acting_as(system_actor(SystemActor.INTAKE)):
        sealed = Entry.objects.filter(case_id__isnull=False).exclude(act=Act.CASE_LOOKED)
        assert [one["entry"] for one in said["proofs"]] == [one.pk for one in sealed.order_by("id")]
    assert said["unsealed"] == 1, "this very look"
    assert run("audit", *words, by="sorrel").exit_code == 3
    assert run("audit", *words).exit_code == 2
    entry = tamper()
    result = run("audit", *words, by="juniper")
    assert result.exit_code == 1
    assert f"entry {entry} (number " in next(one for one in result.stdout.splitlines() if "NOT" in one)


def test_an_anchor_that_takes_nothing_is_said(run, reference, settings):
    settings.ANCHORS = "folder:/dev/null/nowhere"
    result = run("audit", "seal")
    assert result.exit_code == 75
    assert "tutela doctor" in result.stderr
    settings.ANCHORS = ""
    assert "No anchor" in run("audit", "verify").stdout


def test_another_key_did_not_sign(run, reference):
    run("audit", "seal")
    key = run("audit", "key").stdout.strip()
    assert run("audit", "verify", "--key", key).exit_code == 0
    assert "not ours" in run("audit", "verify", "--key", "0" * 64).stdout


def test_an_export_is_itself_in_the_log_and_writes_over_nothing(run, as_json, reference, tmp_path):
    path = tmp_path / "log.zip"
    said = as_json("audit", "export", str(path))
    assert said["key"] == run("audit", "key").stdout.strip()
    lines = zipfile.ZipFile(path).read("entries.jsonl").splitlines()
    assert len(lines) == said["entries"]
    last = json.loads(lines[-1])
    assert (last["act"], last["actor_id"]) == (Act.AUDIT_EXPORTED, system_actor(SystemActor.OPERATOR).id)
    assert run("audit", "export", str(path)).exit_code == 2
