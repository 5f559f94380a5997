from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tutela.config import environment
from tutela.server import supervise
from tutela.server.processes import wait_until

pytestmark = pytest.mark.slow

GROUP = """
import os, sys
from tutela.server import prepare, supervise
from tutela.server.supervise import Program, Supervisor
supervise.PORT_PATIENCE, supervise.GRACE = 0.5, 1.5
prepare.is_prepared = lambda owner: True  # the tables are not what is under test
run = (sys.executable, "-c")
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);" \\
           " print('stubborn runs', flush=True); time.sleep(600)"
PARENT = "import subprocess, time;" \\
         " print('grandchild', subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
port = int(os.environ["TUTELA_PORT"])
programs = {
    "desk": Program("desk", (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)), port),
    "idle": Program("idle", (*run, "import time; print('idle runs', flush=True); time.sleep(600)")),
    "short": Program("short", (*run, "print('short runs', flush=True)")),
    "stubborn": Program("stubborn", (*run, STUBBORN)),
    "parent": Program("parent", (*run, PARENT)),
}
try:
    Supervisor([programs[name] for name in sys.argv[1:]]).run()
except supervise.CannotStartError as error:
    sys.exit(str(error))
"""


def is_gone(pid):
    """Whether the process ended; one that nobody collected yet (a zombie) has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Group:
    """A supervisor with a group of small programs, in a process of its own, and what it says."""

    def __init__(self, *names):
        self.process = subprocess.Popen(
            [sys.executable, "-c", GROUP, *names], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def said(self):
        return "".join(self.lines)

    def says(self, pattern, times=1, seconds=60):
        assert wait_until(lambda: len(re.findall(pattern, self.said)) >= times, seconds), self.said
        return re.findall(pattern, self.said)

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word):
        return next(found for found in self.children() if word in " ".join(found.cmdline()))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)

    def close(self):
        if self.process.poll() is None:
            self.end()
        self._reader.join(10)
        self.process.stdout.close()


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def group(folder, free_port, monkeypatch):
    """Start groups; without a database, as an operator's address says that there is one."""
    monkeypatch.setenv("TUTELA_PORT", str(free_port))
    monkeypatch.setenv("TUTELA_DESK_DATABASE_URL", "postgresql://tutela_desk@/elsewhere")
    groups = []

    def start_group(*names):
        groups.append(Group(*names))
        return groups[-1]

    yield start_group
    for one in groups:
        one.close()


def test_it_says_where_everything_is_when_the_pages_answer(group, folder, free_port):
    running = group("desk", "idle")
    running.says("Tutela runs")
    assert f"http://127.0.0.1:{free_port}/desk/" in running.said
    assert str(folder / "data") in running.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_whole_group(group, number):
    running = group("desk", "idle", "parent")
    running.says("Tutela runs")
    children = running.children()
    assert len(children) == 4
    assert running.end(number) == 0
    assert wait_until(lambda: all(is_gone(child.pid) for child in children), 20)


def test_what_dies_is_started_again(group):
    running = group("desk", "idle")
    running.says("Tutela runs")
    running.child("idle runs").kill()
    running.says("idle ended by SIGKILL; starting it again in 0.5 s")
    running.says("idle runs", times=2)


def test_the_pause_grows_with_each_failure(group):
    running = group("desk", "short")
    pauses = running.says(r"short ended with code 0; starting it again in (\S+) s", times=3)
    assert pauses[:3] == ["0.5", "1", "2"]


def test_the_pause_starts_over_after_a_good_run(monkeypatch):
    child = supervise.Child(supervise.Program("one", ()), {})
    pauses = []
    monkeypatch.setattr(supervise, "say", pauses.append)
    for ran in (0, 0, 0, supervise.SETTLED + 1, 0):
        child._started = supervise.time.monotonic() - ran
        child._plan_restart(1)
    assert [line.split()[-2] for line in pauses] == ["0.5", "1", "2", "0.5", "0.5"]


def test_what_ignores_the_signal_is_ended_by_force(group):
    running = group("desk", "stubborn")
    running.says("stubborn runs")
    stubborn = running.child("stubborn runs")
    assert running.end() == 0
    assert "stubborn does not end" in running.said
    assert is_gone(stubborn.pid)


def test_nothing_outlives_a_program_that_was_killed(group):
    running = group("desk", "parent")
    grandchild = int(running.says(r"grandchild (\d+)")[0])
    running.child("grandchild").kill()
    running.says("parent ended")
    assert wait_until(lambda: is_gone(grandchild), 20)


def test_nothing_outlives_a_supervisor_that_was_killed(group):
    running = group("desk", "idle")
    running.says("Tutela runs")
    children = running.children()
    running.process.kill()
    assert wait_until(lambda: all(is_gone(child.pid) for child in children), 20)
    again = group("desk", "idle")
    again.says("Tutela runs")


def test_a_second_group_on_the_same_folder_is_refused(group):
    first = group("desk")
    first.says("Tutela runs")
    second = group("desk")
    assert second.process.wait(60) == 1
    second.says(f"already, as process {first.process.pid}")


def test_a_taken_port_is_named(group, free_port):
    with socket.create_server(("127.0.0.1", free_port)):
        running = group("desk")
        assert running.process.wait(60) == 1
    running.says(f"Port {free_port}, which desk needs, is taken")


def test_the_children_do_not_learn_the_owners_address(monkeypatch):
    monkeypatch.setenv(
        "TUTELA_DATABASE_URL", "postgresql://tutela_owner:hidden@db.example:5432/tutela?sslmode=require"
    )
    monkeypatch.delenv("TUTELA_DESK_DATABASE_URL", raising=False)
    monkeypatch.setenv("TUTELA_PORTAL_DATABASE_URL", "postgresql://portal@elsewhere.example/tutela")
    found = supervise.surroundings(environment.database_url())
    assert "hidden" not in "".join(found.values())
    desk = found["TUTELA_DESK_DATABASE_URL"]
    assert desk.startswith("postgresql://tutela_desk:")
    assert desk.endswith("@db.example:5432/tutela?sslmode=require")
    assert found["TUTELA_PORTAL_DATABASE_URL"] == "postgresql://portal@elsewhere.example/tutela"


def test_the_portal_is_told_what_it_may_know_and_nothing_new(folder, monkeypatch):
    for name in (
        "TUTELA_DESK_DATABASE_URL",
        "TUTELA_DATABASE_URL",
        "TUTELA_VAULT",
        "TUTELA_TOMORROW",
        "HOME",
    ):
        monkeypatch.setenv(name, "hidden")
    monkeypatch.setenv("TUTELA_ORGANISATION", "Example Foundation")
    told = environment.for_portal(os.environ | {"TUTELA_PORTAL_DATABASE_URL": "postgresql://its/own"})
    assert "hidden" not in told.values()
    assert str(folder / "data") not in told.values()
    assert told["TUTELA_ORGANISATION"] == "Example Foundation"
    assert told["TUTELA_PORTAL_DATABASE_URL"] == "postgresql://its/own"
    assert told["TUTELA_PORTAL_SECRET_KEY_FILE"] == str(folder / "portal-secret")


def test_the_desk_is_not_told_the_portals_login_and_neither_the_owners():
    both = {"TUTELA_DESK_DATABASE_URL": "its own", "TUTELA_PORTAL_DATABASE_URL": "a", "TUTELA_ROLE": "owner"}
    assert environment.for_desk(both) == {"TUTELA_DESK_DATABASE_URL": "its own"}


def test_the_portal_tells_its_own_password_and_no_other(folder, monkeypatch):
    monkeypatch.setenv("TUTELA_PORTAL_DATABASE_URL", "postgresql://tutela_portal@db.example/tutela")
    assert environment.login(environment.PORTAL)["PASSWORD"] == environment.role_password(environment.PORTAL)
    assert not (folder / "secret").exists()  # the desk's key was not asked for
    monkeypatch.setenv("TUTELA_PORTAL_DATABASE_URL", "postgresql://else:own@db.example/tutela")
    assert environment.login(environment.PORTAL)["PASSWORD"] == "own"
    assert environment.is_managed(environment.PORTAL)


def test_the_database_comes_back_after_a_kill(group, start, folder, monkeypatch):
    start().stop()
    monkeypatch.delenv("TUTELA_DESK_DATABASE_URL")
    running = group("desk")
    running.says("Tutela runs")
    mark = (folder / "data" / "postgres").resolve() / "cluster" / "postmaster.pid"
    first = int(mark.read_text().split()[0])
    os.kill(first, signal.SIGKILL)
    running.says("The database ended; starting it again")

    def is_back():
        lines = mark.read_text().split("\n") if mark.exists() else []
        return len(lines) > 7 and int(lines[0]) != first and lines[7].strip() == "ready"

    assert wait_until(is_back, 60), running.said
    running.end()
    assert not mark.exists()


def test_a_killed_page_server_leaves_no_worker_behind(folder, free_port, monkeypatch):
    monkeypatch.setenv("TUTELA_PORT", str(free_port))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")  # of files not collected, where no page is looked at
    monkeypatch.setenv("TUTELA_DESK_DATABASE_URL", "postgresql://tutela_desk@/nowhere?host=/nowhere")
    monkeypatch.setenv("TUTELA_PORTAL_DATABASE_URL", "postgresql://tutela_portal@/nowhere?host=/nowhere")
    process = subprocess.Popen(supervise.programs()[0].command, start_new_session=True)
    try:
        assert wait_until(lambda: supervise.answers(free_port), 90, pause=0.2)
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) >= 2
        process.kill()
        process.wait()
        assert wait_until(lambda: all(is_gone(worker.pid) for worker in workers), 20)
        assert wait_until(lambda: supervise.is_free(free_port), 10)
    finally:
        process.kill()
        process.wait()


def test_the_supervisor_loads_neither_django_nor_the_command_line():
    script = "import sys, tutela.server.supervise as s; print({'django', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert Path(supervise.__file__).exists()


def test_a_child_that_ended_just_before_the_end_is_no_trouble(monkeypatch):
    monkeypatch.setattr(supervise, "say", lambda _: None)
    child = supervise.Child(supervise.Program("one", (sys.executable, "-c", "")), dict(os.environ))
    child.tend()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    child.ask_to_end()
    child.end(deadline=0)
    assert child.pid == 0
