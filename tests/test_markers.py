"""A thief's search: what was sealed is in no file of the database, no dump, no log and no argument of a job.

Mail that the demonstration writes as .eml files is the delivery itself, and is not searched.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.plugin import RUN
from tutela.config import environment
from tutela.server import binaries, postgres

pytestmark = [pytest.mark.slow, pytest.mark.database]


@pytest.fixture(scope="module")
def stolen():
    """What a thief holds after the story: a folder with the database's files, its dump and all logs."""
    data = Path(tempfile.mkdtemp(prefix="stolen-", dir=os.environ[RUN]))
    data.chmod(0o711)  # the account that runs PostgreSQL for root passes through
    before = dict(os.environ)
    for name in (
        "TUTELA_VAULT",
        "TUTELA_SECRET_KEY_FILE",
        "TUTELA_PORTAL_SECRET_KEY_FILE",
        "TUTELA_DATABASE_URL",
        *environment.SIGN_IN.values(),  # of the database that other tests of this process use
    ):
        os.environ.pop(name, None)
    os.environ["TUTELA_DATA"] = str(data)
    server = postgres.Server(data, fast=True)
    try:
        server.start()
        owner = {"TUTELA_DATABASE_URL": server.owner_url()}
        _python(["-m", "tutela", "prepare"], owner)
        os.environ.update(environment.logins(server.owner_url()))
        told = _python(["-m", "tests.marker_story"], {"TUTELA_LOG": "DEBUG"})
        chores = "from tutela.core.vault import older, rotation; older.seal_older(); rotation.finish()"
        _python(["-c", f"import django; django.setup(); {chores}"], {})
        (data / "logs.txt").write_text(told.stderr)
        dump = data / "dump.sql"
        program = _dumping_program(server)
        subprocess.run([program, "--file", dump, server.admin_url()], check=True)
        with psycopg.connect(server.admin_url(), autocommit=True) as connection:
            jobs = connection.execute("select args::text from procrastinate_jobs").fetchall()
            (data / "jobs.txt").write_text(repr(jobs))
            connection.execute("checkpoint")
        server.stop()
        yield data, json.loads(told.stdout.splitlines()[-1])
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def after_disposal(stolen):
    """The same folder once the case is gone and the database has cleaned up; the older dump is not in it."""
    data, told = stolen
    server = postgres.Server(data, fast=True)
    try:
        server.start()
        _python(["-m", "tests.marker_story", "dispose"], {})
        with psycopg.connect(server.admin_url(), autocommit=True) as connection:
            connection.execute("vacuum (full, analyze)")
            connection.execute("alter system set wal_recycle = off")
            connection.execute("select pg_reload_conf()")
            for _each in range(3):  # what is before the last checkpoint goes
                connection.execute("select pg_switch_wal()")
                connection.execute("checkpoint")
    finally:
        server.stop()
    (data / "dump.sql").unlink()
    return data, told


def _dumping_program(server):
    found = [one.program("pg_dump") for one in binaries.candidates()]
    program = next((one for one in found if Path(one).exists()), None)
    if program is None:
        pytest.skip("No pg_dump beside any PostgreSQL here.")
    return program


def _python(arguments, more):
    environment_of_it = {**os.environ, "DJANGO_SETTINGS_MODULE": "tutela.config.settings", **more}
    done = subprocess.run(
        [sys.executable, *arguments], check=False, capture_output=True, text=True, env=environment_of_it
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def files_of(data):
    """Every file but the letters that were delivered."""
    return [one for one in data.rglob("*") if one.is_file() and one.suffix != ".eml"]


def spellings(mark):
    """How a mark would stand in a file: in letters, as bytes in a dump, in base64 at each offset."""
    raw = mark.encode()
    encoded = [base64.b64encode(b"\0" * shift + raw).rstrip(b"=")[4:-2] for shift in range(3)]
    return [raw, raw.hex().encode(), *encoded]


def found_in(data, mark):
    """The files in which a mark stands."""
    wanted = spellings(mark)
    return [one.relative_to(data) for one in files_of(data) if any(w in one.read_bytes() for w in wanted)]


def test_what_stands_in_plain_is_found_in_files_log_and_dump(stolen):
    data, told = stolen
    places = {str(one) for one in found_in(data, told["plain"])}
    assert "dump.sql" in places
    assert any("base/" in one for one in places), places
    assert any("pg_wal/" in one for one in places), places


def test_what_is_sealed_is_found_nowhere(stolen):
    data, told = stolen
    assert len(told["sealed"]) >= 20
    files = {one.relative_to(data): one.read_bytes() for one in files_of(data)}
    leaks = {
        (where, str(name))
        for where, mark in told["sealed"].items()
        for spelling in spellings(mark)
        for name, content in files.items()
        if spelling in content
    }
    assert leaks == set()


def test_the_letters_did_go_out(stolen):
    data, told = stolen
    letters = b"".join(one.read_bytes() for one in data.rglob("*.eml"))
    assert any(s in letters for s in spellings(told["sealed"]["portal: address"])), "the search would be idle"


def test_after_a_disposal_the_files_hold_nothing_of_the_case(after_disposal):
    data, told = after_disposal
    assert found_in(data, told["plain"]) == []
    for where, mark in told["sealed"].items():
        assert found_in(data, mark) == [], where
