from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tutela.server import binaries

pytestmark = pytest.mark.slow


def tutela(*arguments, programs):
    return subprocess.run(
        [sys.executable, "-m", "tutela", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"TUTELA_POSTGRES_BIN": str(programs.folder)},
    ).stdout.strip()


def test_a_database_moves_to_another_major_version_as_the_readme_says(start, folder):
    old, new = next(iter(binaries.installed()), None), binaries.wheel()
    if old is None or old.major == new.major:
        pytest.skip("only one major version of PostgreSQL is on this machine")
    start(old).stop()
    tutela("database", "psql", "-c", "create table moved as select 42 as answer", programs=old)
    dump = folder / "tutela.dump"
    tutela("database", "pg_dump", "--format=custom", f"--file={dump}", programs=old)
    (folder / "data" / "postgres").rename(folder / "postgres of before")
    tutela("database", "psql", "-c", "select 1", programs=new)
    tutela("database", "pg_restore", "--clean", "--if-exists", "--dbname=tutela", str(dump), programs=new)
    answer = tutela("database", "psql", "-Atc", "table moved; show server_version_num", programs=new)
    assert answer.split()[0] == "42"
    assert answer.split()[1].startswith(str(new.major))


def test_the_command_fails_as_its_program_does(start, programs):
    start(programs).stop()
    with pytest.raises(subprocess.CalledProcessError) as failed:
        tutela("database", "psql", "-c", "select no_such_thing", programs=programs)
    assert failed.value.returncode == 1
    assert "no_such_thing" in failed.value.stderr
