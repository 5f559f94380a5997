from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from tutela.server import account, binaries, postgres
from tutela.server.errors import BusyError, CannotStartError
from tutela.server.processes import running_in, wait_until
from tutela.server.tests.conftest import as_root

pytestmark = pytest.mark.slow


def test_a_new_folder_gets_a_database_that_the_owner_can_use(start, programs):
    server = start(programs, fresh=True)
    with psycopg.connect(server.owner_url()) as connection:
        assert connection.info.server_version // 10000 == programs.major
        role = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user"
        ).fetchone()
        assert role == (False, False, True)
        assert connection.execute("select lower('ÀÉ'), unaccent('Ärger')").fetchone() == ("àé", "Arger")


def test_the_second_start_finds_what_was_written(start, programs):
    server = start(programs)
    with psycopg.connect(server.owner_url()) as connection:
        connection.execute("create table kept as select 1 as one")
    server.stop()
    server = start(programs)
    with psycopg.connect(server.owner_url()) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


def test_nobody_enters_without_the_password(start, programs):
    server = start(programs)
    for url in (server.owner_url(), server.admin_url()):
        name, secret = url.split("//")[1].split("@")[0].split(":")
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(url.replace(f":{secret}@", "@"))
        with pytest.raises(psycopg.OperationalError, match=f'authentication failed for user "{name}"'):
            psycopg.connect(url.replace(secret, "wrong"))


def test_no_rule_lets_anybody_in_by_trust(start, programs):
    server = start(programs)
    with psycopg.connect(server.admin_url()) as connection:
        rules = connection.execute("select type, auth_method from pg_hba_file_rules").fetchall()
        assert rules == [("local", "scram-sha-256")]
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_only_the_account_of_the_server_can_reach_its_files(start):
    server = start()
    for path in (server.cluster, server.sockets):
        found = path.stat()
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid == server.account.uid


def test_the_folders_above_keep_their_modes(start, folder):
    above = [folder / "a", folder / "a" / "b"]
    for path in above:
        path.mkdir()
        path.chmod(0o751)
    before = [path.stat()[:6] for path in [folder, *folder.parents]]
    start(data=above[-1] / "data")
    assert [stat.S_IMODE(path.stat().st_mode) for path in above] == [0o751, 0o751]
    assert [path.stat()[:1] for path in [folder, *folder.parents]] == [found[:1] for found in before]


def test_a_path_too_long_for_a_socket_gets_one_elsewhere(start, folder):
    data = folder / ("long " * 20) / "data"
    server = start(data=data)
    sockets = server.sockets
    assert not sockets.is_relative_to(data)
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert postgres.running(data) == sockets
    with psycopg.connect(server.owner_url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    server.stop()
    assert not sockets.exists()


def test_a_second_starter_is_refused_and_told_who_is_first(start):
    start()
    with pytest.raises(BusyError) as refused:
        start()
    assert refused.value.pid == os.getpid()


def test_the_server_of_another_process_is_found_while_it_runs(start, folder):
    assert postgres.running(folder / "data") is None
    server = start()
    assert postgres.running(folder / "data") == server.sockets
    server.stop()
    assert postgres.running(folder / "data") is None


def test_a_folder_of_another_major_version_is_refused_and_left_alone(start, folder):
    server = start(binaries.wheel())
    server.stop()
    mark = server.cluster / "PG_VERSION"
    mark.write_text("12\n")
    before = sorted(server.cluster.rglob("*"))
    with pytest.raises(CannotStartError) as refused:
        start()
    words = str(refused.value)
    assert "made by PostgreSQL 12" in words
    assert "apt-get install postgresql-12" in words
    assert "pg_dump" in words
    assert "Nothing was changed" in words
    assert sorted(server.cluster.rglob("*")) == before


def test_the_version_of_the_folder_chooses_the_programs(start, monkeypatch):
    other = next(iter(binaries.installed()), None)
    if other is None or other.major == binaries.wheel().major:
        pytest.skip("only one major version of PostgreSQL is on this machine")
    server = start(binaries.wheel())
    server.stop()
    assert binaries.choose(server.cluster) == binaries.wheel()
    monkeypatch.setenv("TUTELA_POSTGRES_BIN", str(other.folder))
    with pytest.raises(CannotStartError, match="Nothing was changed"):
        start()


def test_a_folder_without_programs_is_refused(start, folder, monkeypatch):
    monkeypatch.setenv("TUTELA_POSTGRES_BIN", str(folder))
    with pytest.raises(CannotStartError, match="initdb and postgres are not found"):
        start()


def test_a_first_start_that_was_cut_off_begins_anew(start, folder):
    home = folder / "data" / "postgres"
    (home / "cluster.unfinished" / "base").mkdir(parents=True)
    for path in (folder / "data", home):
        path.chmod(0o711)
    server = start(fresh=True)
    assert server.is_running()
    assert not (home / "cluster.unfinished").exists()


def test_lost_passwords_are_named(start, folder):
    server = start()
    server.stop()
    (folder / "data" / "keys" / "database-admin").unlink()
    with pytest.raises(CannotStartError, match="Bring back the keys folder"):
        start()


def test_the_log_holds_no_text_of_people(start):
    server = start()
    with psycopg.connect(server.owner_url(), autocommit=True) as connection:
        connection.execute("create table named (name text unique)")
        connection.execute("insert into named values ('ExampleMoss')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into named values ('ExampleMoss')")
    log = (server.home / "log").read_text()
    assert "violates unique constraint" in log
    assert "ExampleMoss" not in log


# What a sudden end leaves behind.


@pytest.fixture
def made(folder, first_start):
    subprocess.run(["cp", "-a", first_start(binaries.wheel()), folder / "data"], check=True)


STARTER = """
import sys, time
from pathlib import Path
from tutela.server import postgres
if sys.argv[2] == "orphan":
    postgres.dies_with_parent = lambda number: None
server = postgres.Server(Path(sys.argv[1]), fast=False)
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def starter(folder, made):
    """A process of its own that starts a server and waits to be killed. Gives it and the server's number."""
    processes = []

    def run(kind="tied"):
        process = subprocess.Popen(
            [sys.executable, "-c", STARTER, folder / "data", kind], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process, int(process.stdout.readline())

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def of_cluster(folder):
    home = (folder / "data" / "postgres").resolve()
    with account.choose_account(home / "cluster").acting():
        return running_in(home / "cluster", "postgres")


def write_a_row(folder):
    sockets = postgres.running(folder / "data")
    with psycopg.connect(postgres.owner_url(folder / "data", sockets), autocommit=True) as connection:
        connection.execute("create table durable as select 42 as answer")


def read_the_row(server):
    with psycopg.connect(server.owner_url()) as connection:
        return connection.execute("select answer from durable").fetchone()


def test_killing_everything_loses_nothing(start, starter, folder):
    process, main = starter()
    write_a_row(folder)
    for pid in [process.pid, main, *of_cluster(folder)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert (folder / "data" / "postgres" / "cluster" / "postmaster.pid").exists()
    assert read_the_row(start()) == (42,)


def test_the_server_ends_when_its_starter_is_killed(starter, folder):
    process, _ = starter()
    process.kill()
    assert wait_until(lambda: not of_cluster(folder), 20)


def test_a_server_that_outlived_its_starter_is_stopped_first(start, starter, folder):
    process, main = starter("orphan")
    write_a_row(folder)
    process.kill()
    process.wait()
    assert main in of_cluster(folder)
    heard = []
    server = start(say=heard.append)
    assert "earlier start still runs" in heard[0]
    assert main not in of_cluster(folder)
    assert server.pid in of_cluster(folder)
    assert read_the_row(server) == (42,)


def test_a_number_that_another_program_got_meanwhile_is_no_hindrance(start):
    server = start()
    mark = server.cluster / "postmaster.pid"
    text = mark.read_text()
    server.stop()
    stranger = subprocess.Popen(["sleep", "600"], **server.account.handover)
    try:
        mark.write_text(text.replace(text.split("\n")[0], str(stranger.pid), 1))
        assert start().is_running()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


# Root, and the account that runs the server for it.


@as_root
def test_root_hands_the_server_to_another_account(start):
    server = start()
    owner = Path(f"/proc/{server.pid}").stat().st_uid
    assert owner == server.account.uid != 0


@as_root
def test_behind_a_closed_folder_the_database_lies_elsewhere(start, folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = start(data=closed / "data", fresh=True)
    assert server.home.parent == folder / "elsewhere"
    assert (closed / "data" / "postgres").readlink() == server.home
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    server.stop()
    assert start(data=closed / "data").home == server.home


@as_root
def test_an_earlier_database_elsewhere_is_never_taken_over(start, folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    first = start(data=closed / "data", fresh=True)
    first.stop()
    (closed / "data" / "postgres").unlink()
    second = start(data=closed / "data")
    assert second.home != first.home
    assert first.cluster.exists()


@as_root
def test_programs_behind_a_closed_folder_are_copied(start, folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = binaries.wheel().folder.parent.parent
    subprocess.run(["cp", "-a", package, package.with_name(f"{package.name}.libs"), closed], check=True)
    hidden = binaries.look_at(closed / package.name / "pginstall" / "bin")
    server = start(hidden)
    assert server.binaries.folder.is_relative_to(server.home / "binaries" / hidden.version)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_a_way_that_was_closed_later_is_named(start, folder):
    between = folder / "between"
    between.mkdir(mode=0o755)
    server = start(data=between / "data")
    server.stop()
    between.chmod(0o700)
    with pytest.raises(CannotStartError, match="can no longer reach"):
        start(data=between / "data")


@as_root
def test_an_ordinary_user_runs_it_alone(folder):
    home = folder / "home of nobody"
    home.mkdir()
    os.chown(home, 65534, 65534)
    home.chmod(0o700)
    script = """
        import os, sys
        from pathlib import Path
        import psycopg
        from tutela.server import postgres
        server = postgres.Server(Path(sys.argv[1]) / "data")
        server.start()
        with psycopg.connect(server.owner_url()) as connection:
            print(connection.execute("select 1").fetchone()[0], os.geteuid(), server.account.other)
        server.stop()
    """
    command = [_python_for_everybody(), "-c", textwrap.dedent(script), home]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        user=65534,
        group=65534,
        extra_groups=[],
    )
    assert done.stdout.split() == ["1", "65534", "False"], done.stderr
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700


def _python_for_everybody():
    """A Python of our version, and our code, that the user nobody can reach."""
    nobody = account.Account("nobody", 65534, 65534, other=True)
    wanted = ".".join(map(str, sys.version_info[:2]))
    for path in (sys.executable, f"/usr/bin/python{wanted}"):
        if nobody.reaches(Path(path)) and nobody.reaches(Path(__file__).parent):
            return path
    return pytest.skip(f"the user nobody can reach no Python {wanted} or not this folder")
