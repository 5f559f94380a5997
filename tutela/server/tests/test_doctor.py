from __future__ import annotations

import json
import os
import subprocess
import sys

import psycopg
import pytest

from tutela.config import environment
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.files.tests.places import with_scanner
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.server import chores, doctor, postgres, prepare
from tutela.server.doctor import State


@pytest.fixture
def prepared(start, folder):
    """A server with the roles, but without tables."""
    server = start()
    with prepare.connect(server.owner_url()) as connection:
        prepare.make_roles(connection)
        prepare.let_in(connection)
    return server


def states(findings):
    return {finding.check: finding.state for finding in findings}


def test_a_platform_that_does_not_run_is_a_fault_with_a_next_step(folder):
    (finding,) = doctor.database()
    assert finding.state is State.FAULT
    assert "make run" in finding.remedy


@pytest.mark.slow
def test_logins_with_the_right_rights_are_fine_and_missing_tables_are_not(prepared):
    assert states(doctor.database()) == {
        "Login tutela_desk": State.OK,
        "Login tutela_portal": State.OK,
        "Tables": State.FAULT,
    }


@pytest.mark.slow
def test_the_shape_that_the_code_needs_is_recognised(prepared):
    with psycopg.connect(prepared.owner_url(), autocommit=True) as connection:
        connection.execute(f"comment on database tutela is '{prepare._comment()}'")
    assert states(doctor.database())["Tables"] is State.OK


@pytest.mark.slow
@pytest.mark.parametrize("power", ["superuser", "bypassrls"])
def test_a_desk_that_passes_row_security_is_a_fault(prepared, power):
    with psycopg.connect(prepared.admin_url(), autocommit=True) as connection:
        connection.execute(f"alter role tutela_desk {power}")
    desk, *_ = doctor.database()
    assert desk.state is State.FAULT
    assert "row-level security does not hold" in desk.seen
    assert f"no{power}" in desk.remedy


@pytest.mark.slow
def test_a_desk_that_owns_tables_is_a_fault(prepared):
    with psycopg.connect(prepared.admin_url(), autocommit=True) as connection:
        connection.execute("create table wrong (one int)")
        connection.execute("alter table wrong owner to tutela_desk")
    desk, *_ = doctor.database()
    assert desk.state is State.FAULT
    assert "owns 1 tables" in desk.seen


@pytest.mark.slow
def test_a_wrong_password_is_a_fault(prepared, monkeypatch):
    wrong = postgres.url(environment.DESK, "wrong", prepared.sockets)
    monkeypatch.setenv("TUTELA_DESK_DATABASE_URL", wrong)
    desk, portal, _ = doctor.database()
    assert desk.state is State.FAULT
    assert "authentication failed" in desk.seen
    assert portal.state is State.OK


def test_a_full_disk_is_a_fault(folder, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_DISK", 10**18)
    finding = doctor.disk()
    assert finding.state is State.FAULT
    assert "Make room" in finding.remedy


def test_a_missing_library_is_no_fault(monkeypatch):
    monkeypatch.setattr(doctor.ctypes.util, "find_library", lambda _: None)
    finding = doctor.pdf()
    assert finding.state is State.OFF
    assert "libpango" in finding.remedy


def test_pages_without_their_files_are_a_fault(folder, monkeypatch):
    monkeypatch.setenv("TUTELA_STATIC", str(folder / "static"))
    assert doctor.assets().state is State.FAULT


def test_a_translation_newer_than_its_compiled_file_is_a_fault(folder, monkeypatch):
    monkeypatch.setattr(doctor, "LANGUAGES", folder)
    messages = folder / "ar" / "LC_MESSAGES"
    messages.mkdir(parents=True)
    (messages / "django.po").touch()
    assert doctor.translations().seen == "not compiled: ar"
    (messages / "django.mo").touch()
    assert doctor.translations().state is State.OK
    os.utime(messages / "django.mo", (0, 0))
    assert doctor.translations().state is State.FAULT


def test_the_command_prints_an_object_and_fails_on_a_fault(folder):
    done = subprocess.run(
        [sys.executable, "-m", "tutela", "doctor", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["next"] is None
    found = next(item for item in answer["items"] if item["check"] == "Database")
    assert found == {
        "check": "Database",
        "state": "fault",
        "seen": f"no server runs for {folder / 'data'}, and TUTELA_DATABASE_URL is not set",
        "remedy": "Start Tutela (make run, or tutela run), then look again.",
    }


@pytest.mark.django_db(transaction=True)
def test_it_tells_a_loop_that_works_from_one_that_does_nothing_and_from_none():
    from tutela.core.health import beats
    from tutela.core.health.models import Heartbeat

    assert states(doctor.work()) == {"Worker": State.OFF}
    beats.beat("intake", 30)
    assert states(doctor.work()) == {"Worker": State.OK}
    Heartbeat.objects.update(at="2026-01-01T00:00:00Z")
    (finding,) = doctor.work()
    assert finding.state is State.FAULT
    assert "intake for" in finding.seen


@pytest.mark.django_db(transaction=True)
def test_it_names_the_anchor_that_takes_no_head(settings, tmp_path):
    settings.AUDIT_KEY_FILE = tmp_path / "key"
    assert states(doctor.audit()) == {"Audit log": State.OFF}
    with acting_as(system_actor(SystemActor.CLOCK)) as actor:
        record(Act.CASE_CLOCK, actor)
    settings.ANCHORS = "folder:/dev/null/nowhere"
    chores.seal_audit(0)
    (finding,) = doctor.audit()
    assert finding.state is State.FAULT
    assert finding.seen.startswith("folder:/dev/null/nowhere takes no head: ")
    settings.ANCHORS = f"folder:{tmp_path / 'anchors'}"
    chores.seal_audit(0)
    (finding,) = doctor.audit()
    assert finding.state is State.OK
    assert finding.seen.endswith("anchors holds 1 heads")


def test_a_folder_of_files_that_others_may_look_into_is_a_fault(tmp_path, monkeypatch):
    files = tmp_path / "files"
    monkeypatch.setenv("TUTELA_FILES", f"folder:{files}")
    assert doctor.files().state is State.OK  # it is made with the first file
    files.mkdir(mode=0o700)
    assert doctor.files().state is State.OK
    files.chmod(0o755)
    assert doctor.files().state is State.FAULT


def test_without_a_scanner_it_says_so_and_one_that_is_away_is_a_fault():
    with with_scanner(""):
        assert doctor.scanner().state is State.OFF
    with with_scanner("/nowhere/clamd.socket"):
        found = doctor.scanner()
    assert found.state is State.FAULT
    assert "does not answer" in found.seen


def test_a_faulty_file_of_wikis_is_a_fault_and_a_good_one_names_them(tmp_path, monkeypatch):
    path = tmp_path / "wikis.toml"
    monkeypatch.delenv("TUTELA_WIKIS", raising=False)
    assert doctor.wikis().state == doctor.State.OFF
    monkeypatch.setenv("TUTELA_WIKIS", str(path))
    assert doctor.wikis().state == doctor.State.FAULT
    path.write_text('[[wiki]]\nname = "examplewiki"\napi = "https://en.wiki.example/w/api.php"\n')
    assert doctor.wikis().state == doctor.State.OK
    assert doctor.wikis().seen == "examplewiki"
