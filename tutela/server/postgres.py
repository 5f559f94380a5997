"""A private PostgreSQL for one data folder: no TCP, no `trust`, no server that somebody else runs.

Below `<data>/postgres` (or the folder that this links to, see `account`):

    cluster/    PostgreSQL's own files; only the server's account can open it
    sockets/    the Unix socket; only the server's account (and root) can open it
    hba.conf    who may sign in: everybody with a password (SCRAM), over the socket only
    log         what the server says; begun anew at a start when it has grown
    binaries/   a copy of the programs, only where the account cannot reach the originals
    lock        held by the process that is in charge of the server

The passwords of the two roles that the starter knows are in `<data>/keys`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from tutela.config import environment
from tutela.server.account import (
    choose_account,
    find_home,
    make_data_folder,
    within_reach,
)
from tutela.server.binaries import EXTENSIONS, Binaries, choose
from tutela.server.errors import CannotStartError
from tutela.server.processes import Lock, dies_with_parent, is_alive, running_in, runs_in, wait_until

ADMIN, DATABASE = "tutela_admin", "tutela"
SOCKET = ".s.PGSQL.5432"
# The kernel takes 108 bytes for the address of a socket, its name and the final zero included.
LONGEST_SOCKET = 100
LOG_LIMIT = 5_000_000
HBA = """\
# Over the private socket, with a password, and no other way. Written anew at every start.
local all all scram-sha-256
"""

SETTINGS = {
    # One data folder is one team on one small machine; a larger one sets TUTELA_DATABASE_URL.
    "max_connections": "80",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # The log must not hold what people wrote: neither statements nor the values in a detail.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] %u ",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}
# For databases that are thrown away after the tests: a power cut would spoil them.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "8MB",
}

Say = Callable[[str], None]


def url(role: str, password: str, sockets: Path, database: str = DATABASE) -> str:
    """The address of a database over a socket folder, as libpq and `environment.login` read it."""
    return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={quote(str(sockets), safe='')}"


def owner_url(data: Path, sockets: Path, database: str = DATABASE) -> str:
    """The owner's address on the private server of a data folder: for migrations and nothing else."""
    return url(environment.OWNER, _password(data, "owner"), sockets, database)


def superuser(data: Path, sockets: Path) -> dict[str, str]:
    """The variables with which PostgreSQL's own programs sign in as the superuser."""
    return {
        "PGHOST": str(sockets),
        "PGUSER": ADMIN,
        "PGPASSWORD": _password(data, "admin"),
        "PGDATABASE": DATABASE,
    }


def _password(data: Path, of: str) -> str:
    return environment.kept_secret(data / "keys" / f"database-{of}").decode()


class Server:
    """One private server, started, supervised and stopped by this process.

    `data` is the data folder, `binaries` overrides the choice of programs, `fast` gives up safety on
    a power cut for speed (tests only), `say` hears what a person should know while waiting.
    """

    def __init__(
        self,
        data: Path,
        *,
        binaries: Binaries | None = None,
        fast: bool = False,
        say: Say = lambda _: None,
    ) -> None:
        self.data = data
        self._binaries = binaries
        self._fast = fast
        self._say = say
        self._lock: Lock | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.sockets = Path()

    def start(self) -> None:
        """Start, making the database first when there is none. Returns when it answers.

        Raises `BusyError` when another process is in charge of it, `CannotStartError` for all that a
        person must mend. What a killed predecessor left behind is cleared away.
        """
        make_data_folder(self.data)
        self.home = find_home(self.data)
        self.cluster = self.home / "cluster"
        if self._lock is None:
            lock = Lock(self.home / "lock")
            lock.take()
            self._lock = lock
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.account = choose_account(self.cluster)
        if not self.account.reaches(self.home):
            raise CannotStartError(
                f"The account {self.account.name}, which runs PostgreSQL, can no longer reach {self.home}. "
                "Let it pass through the folders above (chmod o+x), or move the data folder."
            )
        self.binaries = within_reach(self._binaries or choose(self.cluster), self.account, self.home)
        self._clear_leftovers()
        if not self.cluster.exists():
            self._make_cluster()
        self._prepare_files()
        self._launch()
        self._make_database()

    def is_running(self) -> bool:
        """Whether the process that `start` started still lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of the server's main process; 0 when none was started."""
        return self._process.pid if self._process else 0

    def owner_url(self) -> str:
        """The owner's address."""
        return owner_url(self.data, self.sockets)

    def admin_url(self, database: str = DATABASE) -> str:
        """The superuser's address, which only the starter and tests that tamper may use."""
        return url(ADMIN, self._password("admin"), self.sockets, database)

    def stop(self) -> None:
        """End sessions and stop within half a minute, by force if need be. Stopping twice is harmless."""
        if self._process is not None:
            end_process(self._process)
            self._process = None
        if self.sockets.is_absolute() and self.sockets.parent != self.home:
            shutil.rmtree(self.sockets, ignore_errors=True)
        self.sockets = Path()
        if self._lock is not None:
            self._lock.free()
            self._lock = None

    def _password(self, of: str) -> str:
        return _password(self.data, of)

    def _clear_leftovers(self) -> None:
        """End what a killed starter left running on our own cluster.

        We hold the lock, so no living starter owns these processes. That they are ours and nobody
        else's is seen from their program and their current folder, which the server sets to its cluster.
        """
        left = _read_mark(self.cluster / "postmaster.pid")
        if left is None:
            return
        with self.account.acting():
            if left.pid in running_in(self.cluster, "postgres"):
                self._say("A database server of an earlier start still runs; stopping it first.")
            self._end_leftovers(left.pid)
            # The number may belong to some other program by now, and then PostgreSQL would wait for that.
            if is_alive(left.pid) and runs_in(left.pid, self.cluster.stat(), "postgres") is False:
                (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        if left.sockets.parent != self.home and left.sockets.name.startswith("tutela-"):
            shutil.rmtree(left.sockets, ignore_errors=True)

    def _end_leftovers(self, main: int) -> None:
        if main in running_in(self.cluster, "postgres"):
            _signal(main, signal.SIGINT)
        for number in (signal.SIGQUIT, signal.SIGKILL):
            if wait_until(lambda: not running_in(self.cluster, "postgres"), seconds=10):
                return
            for pid in running_in(self.cluster, "postgres"):
                _signal(pid, number)
        wait_until(lambda: not running_in(self.cluster, "postgres"), seconds=10)

    def _make_cluster(self) -> None:
        """Make the database files beside their place and move them there when they are whole."""
        unfinished = self.home / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.account.make_folder(unfinished)
        locale = ["--locale=C.UTF-8", "--lc-messages=C"]
        if self.binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with self._password_file() as password:
            self._run(
                "initdb",
                f"--pgdata={unfinished}",
                f"--username={ADMIN}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                "--no-instructions",
                *(["--no-sync", "--wal-segsize=1"] if self._fast else []),
                *locale,
            )
        unfinished.rename(self.cluster)

    @contextmanager
    def _password_file(self) -> Iterator[Path]:
        path = self.home / "password"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        try:
            path.write_text(self._password("admin"))
            self.account.give(path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.binaries.program(program), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=_bare_environment(),
            **self.account.handover,
        )
        if done.returncode:
            raise CannotStartError(f"PostgreSQL's {program} failed: {(done.stderr or done.stdout).strip()}")

    def _prepare_files(self) -> None:
        if not self.sockets.is_absolute():  # a restart keeps the folder that others know
            self.sockets = self._choose_sockets()
        self.account.make_folder(self.sockets)
        rules = self.home / "hba.conf"
        rules.write_text(HBA)
        rules.chmod(0o644)
        log = self.home / "log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(self.home / "log.old")

    def _choose_sockets(self) -> Path:
        sockets = self.home / "sockets"
        if len(os.fsencode(sockets / SOCKET)) <= LONGEST_SOCKET:
            return sockets
        sockets = Path(tempfile.mkdtemp(prefix="tutela-"))
        self.account.give(sockets)
        return sockets

    def _launch(self) -> None:
        settings = SETTINGS | (FAST if self._fast else {})
        settings["unix_socket_directories"] = '"' + str(self.sockets).replace('"', '""') + '"'
        settings["hba_file"] = str(self.home / "hba.conf")
        if self.binaries.major >= 18:
            settings["io_method"] = "sync"  # the workers cost memory and gain nothing on a small machine
        command = [self.binaries.program("postgres"), "-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + 10
        while not self._answers(command):
            if time.monotonic() > deadline:
                raise CannotStartError(f"PostgreSQL did not start. Its last words:\n{self._last_words()}")
            time.sleep(0.2)

    def _answers(self, command: list[str]) -> bool:
        """Start the process and wait until it is ready, as long as a recovery takes; False if it ended."""
        descriptor = os.open(self.home / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._log_from = os.fstat(descriptor).st_size
            self._process = process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd="/",
                env=_bare_environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which stops us last
                preexec_fn=dies_with_parent(signal.SIGINT),  # noqa: PLW1509 - no thread runs while we fork
                **self.account.handover,
            )
        finally:
            os.close(descriptor)
        told = time.monotonic() + 5
        while process.poll() is None:
            mark = _read_mark(self.cluster / "postmaster.pid")
            if mark and mark.pid == process.pid and mark.ready:
                return True
            if time.monotonic() > told:
                self._say("The database is recovering from a sudden stop; this can take minutes.")
                told = float("inf")
            time.sleep(0.02)
        return False

    def _last_words(self) -> str:
        with (self.home / "log").open("rb") as log:
            log.seek(self._log_from)
            return log.read().decode(errors="replace")[-2000:].strip()

    def _make_database(self) -> None:
        """Make sure that the owner and the database are there, with the password that we keep."""
        try:
            connection = psycopg.connect(self.admin_url("postgres"), autocommit=True)
        except psycopg.OperationalError as error:
            raise CannotStartError(
                f"The database does not take the password in {self.data / 'keys' / 'database-admin'}: {error}"
                " Bring back the keys folder that belongs to this database."
            ) from None
        with connection:
            ensure_login(connection, environment.OWNER, self._password("owner"), "CREATEROLE")
            known = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(
                    sql.SQL("create database {} owner {} template template0").format(
                        sql.Identifier(DATABASE), sql.Identifier(environment.OWNER)
                    )
                )
        with psycopg.connect(self.admin_url(), autocommit=True) as connection:
            for name in EXTENSIONS:
                connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(name)))


def ensure_login(
    connection: psycopg.Connection[tuple[object, ...]], role: str, password: str, extra: str = "NOCREATEROLE"
) -> None:
    """Make a role that signs in, or renew its password. The server never sees the password itself."""
    secret = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    known = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
    if not known:
        connection.execute(sql.SQL("create role {} login {}").format(sql.Identifier(role), sql.SQL(extra)))
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(secret)))


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Stop a server process: politely, then without waiting for sessions, then by force."""
    for number, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def running(data: Path) -> Path | None:
    """The socket folder of the server that another process runs for this data folder, if one does."""
    home = data / "postgres"
    if not Lock(home / "lock").is_held():
        return None
    mark = _read_mark(home / "cluster" / "postmaster.pid")
    return mark.sockets if mark and mark.ready else None


class _Mark:
    """What a running server writes into `postmaster.pid`."""

    def __init__(self, lines: list[str]) -> None:
        self.pid = int(lines[0])
        self.sockets = Path(lines[4])
        self.ready = lines[7].strip() == "ready"


def _read_mark(path: Path) -> _Mark | None:
    try:
        return _Mark(path.read_text().splitlines())
    except (OSError, ValueError, IndexError):  # not there, or not written whole yet
        return None


def _bare_environment() -> dict[str, str]:
    """Nothing of ours: no keys, no addresses, no PG* variables that would change what runs."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
