"""One group of processes: the database, desk, portal, worker, mail listener, live updates.

`tutela run` becomes this program. It starts the group, starts again whatever ends by itself, and
stops all of it on SIGTERM or Ctrl-C, the database last. When it is killed itself, the kernel tells
its children; the next start clears away what may be left.

It imports neither Django nor the command line, so that it costs little memory while it waits.
"""

from __future__ import annotations

import http
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from tutela.config import environment
from tutela.server import postgres, prepare
from tutela.server.account import make_data_folder
from tutela.server.errors import BusyError, CannotStartError
from tutela.server.processes import Lock, dies_with_parent, wait_until

# Seconds: a polite end, a start that counts as successful, the longest pause between two tries.
GRACE, SETTLED, LONGEST_PAUSE = 10.0, 30.0, 30.0
# The processes of a killed predecessor need a moment to leave their ports.
PORT_PATIENCE = 5.0
# Each thread of the C library's allocator would keep a pool of its own.
FRUGAL = {"MALLOC_ARENA_MAX": "2"}
# The programs that a start waits for.
PAGES = ("desk", "portal")


@dataclass(frozen=True, slots=True)
class Program:
    """One process of the group. `port` is what it listens on, 0 for none.

    `is_public` says that it serves the public, and so is told only what the portal may know.
    """

    name: str
    command: tuple[str, ...]
    port: int = 0
    is_public: bool = False


def programs() -> tuple[Program, ...]:
    """The group, in the order of starting."""
    port = environment.port()
    fetch = (sys.executable, "-m", "tutela", "mail", "fetch")
    fetches = (Program("fetch", fetch),) if environment.imap() else ()
    return (
        Program("desk", (sys.executable, "-m", "tutela.server.web", "desk"), port),
        Program(
            "portal",
            (sys.executable, "-m", "tutela.server.web", "portal"),
            environment.portal_port(),
            is_public=True,
        ),
        Program("worker", (sys.executable, "-m", "tutela", "worker")),
        Program("mail", (sys.executable, "-m", "tutela", "mail"), environment.lmtp_port()),
        *fetches,
        Program("live", (sys.executable, "-m", "tutela", "live"), port + 1),
    )


class Child:
    """A process that is started again whenever it ends, after a pause that grows with each failure."""

    def __init__(self, program: Program, environ: dict[str, str]) -> None:
        self.program = program
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._failures = 0
        self._due = 0.0

    @property
    def pid(self) -> int:
        """The number of the process; 0 while there is none."""
        return self._process.pid if self._process else 0

    def tend(self) -> None:
        """Start it when it is due; notice when it ended."""
        if self._process is None:
            if time.monotonic() >= self._due:
                self._start()
        elif self._has_ended():
            self._plan_restart(self._process.returncode)
            self._process = None

    def _start(self) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self.program.command,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; we tell the group, in order
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no thread runs while we fork
        )

    def _has_ended(self) -> bool:
        """Whether it ended. Its own children, which would hold its port, are ended with it."""
        assert self._process is not None
        if self._process.returncode is not None:
            return True
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return False
        # Not collected yet, so the number of its group is still its own.
        self._signal_group(signal.SIGKILL)
        self._process.wait()
        return True

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _plan_restart(self, code: int) -> None:
        self._failures = 0 if time.monotonic() - self._started > SETTLED else self._failures + 1
        pause = min(0.5 * 2 ** max(self._failures - 1, 0), LONGEST_PAUSE)
        self._due = time.monotonic() + pause
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        say(f"{self.program.name} ended {how}; starting it again in {pause:g} s.")

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        # Not by `terminate`, which would collect a process that ended and so lose hold of its group.
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait until the deadline (of `time.monotonic`), then end it and all that it started by force."""
        if self._process is None:
            return
        if not wait_until(self._has_ended, max(0.0, deadline - time.monotonic())):
            say(f"{self.program.name} does not end; ending it by force.")
            self._signal_group(signal.SIGKILL)
            self._process.wait()
        self._process = None


class Stopped(Exception):
    """Somebody sent SIGTERM or SIGINT."""


class Supervisor:
    """Starts the group on one data folder, keeps it alive, stops it."""

    def __init__(self, group: Sequence[Program], *, sample: bool = False) -> None:
        self._group = group
        self._sample = sample
        self._data = environment.data_folder()
        self._lock: Lock | None = None
        self._server: postgres.Server | None = None
        self._children: list[Child] = []
        self._database_due = 0.0
        self._prepared_now = False

    def run(self) -> None:
        """Start, watch until somebody says stop, stop. Raises `CannotStartError`."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            while True:
                self._watch()
                time.sleep(0.2)
        except Stopped:
            say("Stopping.")
        finally:
            self._stop()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # Asked twice means: now. The children get their signal from the kernel when we are gone.
        signal.signal(number, signal.SIG_DFL)
        raise Stopped

    def _start(self) -> None:
        began = time.monotonic()
        self._take_data_folder()
        for program in self._group:
            check_port(program)
        environ = self._start_database()
        of_public, of_desk = environment.for_portal(environ), environment.for_desk(environ)
        self._children = [
            Child(program, of_public if program.is_public else of_desk) for program in self._group
        ]
        self._watch()
        sign_in = self._load_sample(environ) if self._sample else ""
        self._wait_for_pages()
        say(self._greeting(sign_in, time.monotonic() - began))

    def _load_sample(self, environ: dict[str, str]) -> str:
        """Load the made-up team and cases, once; return a link to sign in for each person."""
        mark = self._data / "sample-loaded"
        if self._prepared_now or not mark.exists():
            say("Loading the made-up team and cases.")
            run_once(environ, "sample", "load")
            mark.touch()
        return run_once(environ, "sample", "links")

    def _take_data_folder(self) -> None:
        make_data_folder(self._data)
        lock = Lock(self._data / "run.lock")
        try:
            lock.take()
        except BusyError as error:
            raise CannotStartError(
                f"Tutela runs on {self._data} already, as process {error.pid}. Stop that one, or name "
                "another data folder in TUTELA_DATA and another port in TUTELA_PORT."
            ) from None
        self._lock = lock

    def _start_database(self) -> dict[str, str]:
        """Start the private server if no address is given, prepare it; return what the group may be told."""
        owner = environment.database_url()
        if not owner and not os.environ.get(environment.SIGN_IN[environment.DESK]):
            self._server = postgres.Server(self._data, say=say)
            self._server.start()
            owner = self._server.owner_url()
        if owner and not prepare.is_prepared(owner):
            say("Preparing the database.")
            self._prepared_now = True
            run_once(dict(os.environ) | {"TUTELA_DATABASE_URL": owner}, "prepare")
        return surroundings(owner)

    def _watch(self) -> None:
        self._tend_database()
        for child in self._children:
            child.tend()

    def _tend_database(self) -> None:
        if self._server is None or self._server.is_running():
            return
        if time.monotonic() < self._database_due:
            return
        say("The database ended; starting it again.")
        try:
            self._server.start()
        except CannotStartError as error:
            say(f"{error} Trying again in 5 s.")
            self._database_due = time.monotonic() + 5

    def _wait_for_pages(self) -> None:
        """Watch until the pages of both apps answer, for a minute at most."""
        end = time.monotonic() + 60
        ports = [program.port for program in self._group if program.name in PAGES]
        while not all(map(answers, ports)):
            if time.monotonic() > end:
                say("The pages do not answer yet; still trying.")
                return
            self._watch()
            time.sleep(0.1)

    def _stop(self) -> None:
        for child in self._children:
            child.ask_to_end()
        deadline = time.monotonic() + GRACE
        for child in self._children:
            child.end(deadline)
        if self._server is not None:
            self._server.stop()
        if self._lock is not None:
            self._lock.free()

    def _greeting(self, sign_in: str, seconds: float) -> str:
        lines = [
            "",
            f"Tutela runs, {seconds:.1f} s after the start.",
            "",
            f"  Portal    {environment.public_url()}/",
            f"  Desk      {environment.desk_url()}/desk/",
            f"  Mail      LMTP on 127.0.0.1:{environment.lmtp_port()}",
            f"  Data      {self._data}",
        ]
        if self._server is not None and self._server.home.parent != self._data:
            lines.append(f"  Database  {self._server.home}")
        if sign_in:
            lines += ["", sign_in]
        return "\n".join([*lines, "", "Ctrl-C stops it."])


def surroundings(owner_url: str) -> dict[str, str]:
    """What the processes that serve and work may know between them: two logins, and not the owner's."""
    kept = {name: value for name, value in os.environ.items() if name not in environment.OWNERS_ONLY}
    return FRUGAL | kept | (environment.logins(owner_url) if owner_url else {})


def run_once(environ: dict[str, str], *arguments: str) -> str:
    """Run one of our commands to its end and return what it printed. Raises `CannotStartError`."""
    done = subprocess.run(
        (sys.executable, "-m", "tutela", *arguments),
        check=False,
        env={"TUTELA_LOG": "WARNING"} | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=dies_with_parent(signal.SIGTERM),
    )
    if done.returncode:
        raise CannotStartError(f"`tutela {' '.join(arguments)}` failed; its words are above.")
    return done.stdout.rstrip()


def check_port(program: Program) -> None:
    """Raise `CannotStartError` when somebody else listens on the port, after a moment of patience."""
    if program.port and not wait_until(lambda: is_free(program.port), PORT_PATIENCE, pause=0.2):
        raise CannotStartError(
            f"Port {program.port}, which {program.name} needs, is taken by another program. Stop that one, "
            "or set TUTELA_PORT (the desk; live, mail and portal take the next three) to another number."
        )


def is_free(port: int) -> bool:
    """Whether nobody listens on the port of the address that we serve on."""
    family = socket.AF_INET6 if ":" in environment.host() else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((environment.host(), port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether the pages give any answer that is not a fault of theirs."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(environment.host(), environment.host())  # noqa: S104
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def say(text: str) -> None:
    """Tell the operator. On stderr, where the processes of the group write too."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def main() -> None:
    """Run the group. `--sample` loads the made-up team and cases and prints links to sign in with.

    `--with-parent` stops when the starter is gone, even killed: `make run` asks for it, as the next
    `make run` would otherwise find the first still running.
    """
    os.umask(0o077)
    if "--with-parent" in sys.argv[1:]:
        dies_with_parent(signal.SIGTERM, of_this_process=True)()
    try:
        Supervisor(programs(), sample="--sample" in sys.argv[1:]).run()
    except CannotStartError as error:
        say(str(error))
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
