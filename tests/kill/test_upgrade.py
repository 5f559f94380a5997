"""The tables are brought to a newer shape while the code of the older one works on.

The older one is the last release, or, before there is any, the version before the newest migrations.
`TUTELA_UPGRADE_FROM` names another commit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from io import BytesIO
from pathlib import Path

import psycopg
import pytest

from tutela.config import environment
from tutela.server import postgres
from tutela.server.processes import dies_with_parent

from .tools import wait_for

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
#: Reports that are kept before, while and after the tables change.
EACH = 2
KEYS = ("TUTELA_VAULT", "TUTELA_SECRET_KEY_FILE", "TUTELA_PORTAL_SECRET_KEY_FILE")


def git(*what: str) -> str:
    done = subprocess.run(["git", *what], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def older() -> str:
    """The commit to come from, "" where its history is not here."""
    if named := os.environ.get("TUTELA_UPGRADE_FROM") or git("describe", "--tags", "--abbrev=0", "HEAD"):
        return git("rev-parse", "--verify", f"{named}^{{commit}}")
    newest = git("log", "-1", "--format=%H", "--", ":(glob)tutela/**/migrations/*")
    return git("rev-parse", "--verify", f"{newest}~1^{{commit}}") if newest else ""


@pytest.fixture
def older_tree(tmp_path):
    commit = older()
    if not commit:
        pytest.skip("The history of the repository is not here, so there is no older version.")
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(tmp_path / "older", filter="data")
    return tmp_path / "older"


@pytest.fixture
def platform(monkeypatch):
    """A data folder and a server of its own; the environment of its processes."""
    data = Path(tempfile.mkdtemp(prefix="upgrade", dir=os.environ["TUTELA_TEST_RUN"]))
    data.chmod(0o711)  # the account that runs PostgreSQL for root passes through
    for name in (*KEYS, "TUTELA_DATABASE_URL", *environment.SIGN_IN.values()):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TUTELA_DATA", str(data))
    server = postgres.Server(data, fast=True)
    server.start()
    yield server
    server.stop()


def prepare(server: postgres.Server, tree: Path) -> None:
    """Bring the tables to the shape that a tree needs."""
    done = subprocess.run(
        [sys.executable, "-m", "tutela", "prepare"],
        env=os.environ | {"TUTELA_DATABASE_URL": server.owner_url(), "PYTHONPATH": str(tree)},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Code:
    """A process of one version that takes reports in."""

    def __init__(self, server: postgres.Server, tree: Path) -> None:
        self.kept: list[int] = []
        self.refused: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("old_code.py"))],
            env=os.environ | environment.logins(server.owner_url()) | {"PYTHONPATH": str(tree)},
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509  no thread of ours forks
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("refused"):
                self.refused.append(line.strip())
            elif line.strip().isdigit():
                self.kept.append(int(line))

    def wait_for_more(self) -> None:
        """Wait until it kept some more."""
        wanted = len(self.kept) + EACH
        wait_for(lambda: len(self.kept) >= wanted or len(self.refused) > EACH, "reports are kept")
        assert len(self.kept) >= wanted, self.refused

    def kill(self) -> None:
        """End it at once, if it still runs."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def end(self) -> None:
        """Let it finish what it has in hand."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        assert self._process.wait(60) == 0
        self._reader.join()
        self._process.stdout.close()


@pytest.fixture
def code():
    started = []

    def start(*what):
        started.append(Code(*what))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_reports_come_in_while_the_tables_change_and_both_versions_work(platform, older_tree, code):
    prepare(platform, older_tree)
    old = code(platform, older_tree)
    old.wait_for_more()
    prepare(platform, ROOT)
    old.wait_for_more()
    new = code(platform, ROOT)
    old.wait_for_more()
    new.wait_for_more()
    old.end()
    new.end()
    assert not old.refused, "the older version could not go on"
    assert not new.refused
    with psycopg.connect(platform.admin_url()) as superuser:
        cases = dict(superuser.execute("select id, case_id from cases_report").fetchall())
    assert set(old.kept) | set(new.kept) <= set(cases)
    assert all(cases.values()), "every report has its case"
    sound = subprocess.run(
        [sys.executable, "-m", "tutela", "audit", "verify"],
        env=os.environ | environment.logins(platform.owner_url()),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert sound.returncode == 0, sound.stdout + sound.stderr
    asked = [sys.executable, "-m", "tutela", "doctor", "--json"]
    doctor = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    found = {one["check"]: one["state"] for one in json.loads(doctor.stdout)["items"]}
    assert (found.get("Tables"), found.get("Clock")) == ("ok", "ok"), doctor.stdout
