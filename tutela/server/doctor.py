"""Checks of one installation, each with what to do about it. Changes nothing."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psycopg

from tutela.config import environment
from tutela.server import postgres, prepare
from tutela.server.errors import CannotStartError

PACKAGE = Path(__file__).resolve().parent.parent
LEAST_DISK = 1_000_000_000
#: Seconds for which an audit entry may wait for its seal.
SEAL_WAITS = 300
OLDEST_PYTHON = (3, 11)
LANGUAGES = PACKAGE / "locale"
BUILT = PACKAGE / "ui" / "static" / "ui" / "built" / "codex.css"


class State(StrEnum):
    """How a check came out. Only a fault makes `tutela doctor` fail."""

    OK = "ok"
    OFF = "off"  # works without, with one feature less
    SOON = "soon"  # works now, and not for long
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, how it came out, what was seen, and what to do ("" when nothing)."""

    check: str
    state: State
    seen: str
    remedy: str = ""


def ok(check: str, seen: str) -> Finding:
    """A finding that asks for nothing."""
    return Finding(check, State.OK, seen)


def fault(check: str, seen: str, remedy: str) -> Finding:
    """A finding that somebody must mend."""
    return Finding(check, State.FAULT, seen, remedy)


def examine() -> list[Finding]:
    """All findings, in the order in which they are worth mending."""
    found = [python(), disk(), *database()]
    # What follows asks through Django, which reads at its start where the logins are. Not earlier: the shape
    # of the tables depends on who manages the logins, which the environment says too.
    with suppress(CannotStartError):
        os.environ.update(_addresses())
    return [
        *found,
        vault(),
        files(),
        scanner(),
        *work(),
        *audit(),
        *time(),
        mail(),
        *fetched_mail(),
        wikis(),
        pdf(),
        assets(),
        translations(),
    ]


def python() -> Finding:
    """The version of Python."""
    seen = sys.version.split()[0]
    if sys.version_info < OLDEST_PYTHON:
        return fault("Python", seen, "Install Python 3.11 or newer and run `make run` again.")
    return ok("Python", seen)


def disk() -> Finding:
    """Room where the data lies. PostgreSQL stops when its disk is full."""
    data = environment.data_folder()
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    if not os.access(there, os.W_OK):
        return fault("Data folder", f"{there} cannot be written", "Set TUTELA_DATA, or run as its owner.")
    free = shutil.disk_usage((data / "postgres") if (data / "postgres").exists() else there).free
    seen = f"{free / 1e9:.1f} GB free in {data}"
    if free < LEAST_DISK:
        return fault("Data folder", seen, "Make room, or move the folder and name it in TUTELA_DATA.")
    return ok("Data folder", seen)


def database() -> Iterator[Finding]:
    """Whether the logins work, and have the rights they need and no more."""
    try:
        addresses = _addresses()
    except CannotStartError as error:
        yield fault("Database", str(error), "Start Tutela (make run, or tutela run), then look again.")
        return
    for role, variable in environment.SIGN_IN.items():
        yield from _login(role, addresses[variable])
    yield _tables(addresses[environment.SIGN_IN[environment.DESK]])


def _addresses() -> dict[str, str]:
    owner = environment.database_url()
    if owner or all(os.environ.get(variable) for variable in environment.SIGN_IN.values()):
        return environment.logins(owner)
    data = environment.data_folder()
    sockets = postgres.running(data)
    if sockets is None:
        raise CannotStartError(f"no server runs for {data}, and TUTELA_DATABASE_URL is not set")
    return environment.logins(postgres.owner_url(data, sockets))


def _login(role: str, address: str) -> Iterator[Finding]:
    check = f"Login {role}"
    try:
        with psycopg.connect(address, connect_timeout=5) as connection:
            row = connection.execute(
                "select rolname, rolsuper, rolbypassrls, current_setting('server_version'),"
                " (select count(*) from pg_class where relowner = r.oid)"
                " from pg_roles r where rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError as error:
        remedy = "Check that the server runs and the address is right; `tutela prepare` renews the login."
        yield fault(check, str(error).strip(), remedy)
        return
    if row is None:
        return
    name, is_superuser, passes_by, version, owned = row
    if is_superuser or passes_by:
        remedy = f"As an administrator of the database: alter role {name} nosuperuser nobypassrls."
        yield fault(check, f"row-level security does not hold for {name}", remedy)
    elif owned:
        remedy = "Let the owner of the database own them: reassign owned."
        yield fault(check, f"{name} owns {owned} tables or indexes", remedy)
    else:
        yield ok(check, f"PostgreSQL {version}, row-level security holds")


def _tables(address: str) -> Finding:
    try:
        is_prepared = prepare.is_prepared(address)
    except CannotStartError as error:
        return fault("Tables", str(error), "Mend the login first.")
    if not is_prepared:
        return fault("Tables", "not in the shape that this version needs", "Run `tutela prepare`.")
    return ok("Tables", "all migrations are applied")


def vault() -> Finding:
    """The keys of what is sealed."""
    kind, _colon, where = environment.vault().partition(":")
    path = Path(where)
    if environment.vault_also():
        return _moving_keys()
    if kind in {"transit", "kms"}:
        return _key_service()
    if kind != "file":
        return fault("Keys", f"there is no kind of key provider called {kind}", "Set TUTELA_VAULT=file:PATH.")
    if not path.exists():
        remedy = "Put it back from its backup, or from its recovery sheet: tutela vault restore."
        return fault("Keys", f"{path} is missing", remedy)
    if path.stat().st_mode & 0o077:
        return fault("Keys", f"others may read {path}", f"chmod 600 {path}")
    return ok("Keys", f"in {path}; keep a recovery sheet (tutela vault sheet)")


def _moving_keys() -> Finding:
    """How far the keys have moved from one place to the other."""
    _set_up()
    from tutela.core.vault.places import wrapped_keys

    found = Counter(one.place for one in wrapped_keys())
    said = ", ".join(f"{n} in {place or 'neither place'}" for place, n in sorted(found.items()))
    if found[""]:
        remedy = "Check that both places answer, and that both addresses are right."
        return fault("Keys", f"they move: {said}", remedy)
    if found[environment.vault_also()]:
        return Finding("Keys", State.SOON, f"they move: {said}", "Run `tutela vault move`.")
    return Finding("Keys", State.SOON, f"they have moved: {said}", "Take TUTELA_VAULT_ALSO away.")


def _key_service() -> Finding:
    """Whether the service wraps a key and gives the same one back."""
    from tutela.core.vault.providers import provider
    from tutela.core.vault.seals import VaultError, new_key

    _set_up()
    key = new_key()
    try:
        if provider().unwrap(provider().wrap(key, "doctor"), "doctor") == key:
            return ok("Keys", f"in the service {environment.vault()}")
    except VaultError as error:
        return fault("Keys", str(error), "Reports come in meanwhile; they are opened once it answers.")
    return fault("Keys", "the service gave another key back", "Ask whoever runs it.")


def files() -> Finding:
    """Where sealed files lie: whether one could be kept."""
    folder = environment.files_folder()
    if folder is None:
        return _object_store()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(there, os.W_OK):
        return fault("Files", f"{there} cannot be written", "Give it to the account of Tutela.")
    if folder.exists() and folder.stat().st_mode & 0o077:
        return fault("Files", f"others may look into {folder}", f"chmod 700 {folder}")
    free = shutil.disk_usage(there).free
    seen = f"sealed in {folder}, {free / 1e9:.1f} GB free"
    if free < LEAST_DISK:
        return fault("Files", seen, "Make room, or name another place in TUTELA_FILES.")
    return ok("Files", seen)


def _set_up() -> None:
    """Django, for what asks a connector; the command itself does without."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")
    django.setup()


def _object_store() -> Finding:
    from tutela.core.errors import ConnectorError
    from tutela.core.files.store import store

    _set_up()
    try:
        next(iter(store().objects()), None)
    except ConnectorError as error:
        return fault("Files", str(error), str(error.what_to_do) or "Check TUTELA_FILES.")
    return ok("Files", f"sealed in {environment.files()}")


def scanner() -> Finding:
    """Whether somebody looks for viruses in files."""
    from tutela.core.errors import ConnectorError
    from tutela.core.files.scanner import scanner as found

    _set_up()
    try:
        using = found()
        if using is None:
            remedy = "Install clamd, and name its socket or HOST:PORT in TUTELA_CLAMD."
            return Finding("Virus scan", State.OFF, "no scanner is set up; files say so", remedy)
        return ok("Virus scan", using.name())
    except ConnectorError as error:
        return fault("Virus scan", str(error), "Start it. Files wait, are offered, and say that they wait.")


def work() -> Iterator[Finding]:
    """Whether somebody does the work, and what of it waits for a person."""
    try:
        address = _addresses()[environment.SIGN_IN[environment.DESK]]
        with psycopg.connect(address, connect_timeout=5) as connection:
            loops = connection.execute(
                "select name, extract(epoch from now() - at)::integer, late_after"
                " from health_heartbeat where name not like 'mailbox.%' order by name"
            ).fetchall()
            waiting = connection.execute(
                "select effects_failed, clocks_faulty from tutela.health()"
            ).fetchone()
    except (CannotStartError, psycopg.Error):
        return  # the finding about the database says it
    silent = [f"{name} for {age} s" for name, age, late_after in loops if age > late_after]
    remedy = "Look at what `tutela worker` says; stop it, and start it again."
    if silent:
        yield fault("Worker", f"no sign of life from {', '.join(silent)}", remedy)
    elif loops:
        yield ok("Worker", ", ".join(name for name, _age, _late_after in loops))
    else:
        yield Finding("Worker", State.OFF, "nobody has ever worked", "Start it: make run, or tutela worker.")
    if waiting and any(waiting):
        seen = f"{waiting[0]} effects refused, {waiting[1]} clocks at fault"
        yield Finding(
            "Waiting for a person", State.OFF, seen, "Open the cases: their timelines say what to do."
        )


def audit() -> Iterator[Finding]:
    """Whether the audit log is sealed, and its heads are held outside the database."""
    try:
        address = _addresses()[environment.SIGN_IN[environment.DESK]]
        with psycopg.connect(address, connect_timeout=5) as connection:
            failing = connection.execute(
                "select name, error from audit_anchored where failing_since is not null order by name"
            ).fetchall()
            held = connection.execute("select name, upto from audit_anchored order by name").fetchall()
            (late,) = connection.execute(
                "select coalesce(entry_unsealed, 0) from tutela.audit_figures()"
            ).fetchone() or (0,)
    except (CannotStartError, psycopg.Error):
        return  # the finding about the database says it
    check = "Audit log"
    remedy = "Mend it, then: tutela audit seal. What an anchor does not hold, nobody can prove later."
    yield from (fault(check, f"{name} takes no head: {error.rstrip('.')}", remedy) for name, error in failing)
    if late > SEAL_WAITS:
        yield fault(check, f"entries wait for their seal for {late:.0f} s", "Run tutela audit seal.")
    elif not held:
        seen = "no anchor holds a head yet"
        yield Finding(check, State.OFF, seen, "Set TUTELA_ANCHORS, then: tutela audit seal.")
    elif not failing:
        yield ok(check, ", ".join(f"{name} holds {upto} heads" for name, upto in held))


def time() -> Iterator[Finding]:
    """What ends soon, and whether this machine and the database agree on what time it is."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")
    import django

    django.setup()

    from django.db import DatabaseError

    from tutela.core.health.report import FAR_OFF, soon, time_skew
    from tutela.server import endings

    try:
        skew = time_skew()
        endings.look()
        ending = list(map(str, soon()))
    except DatabaseError:
        return  # the finding about the database says it
    seen = f"{abs(skew):.1f} s off the database's"
    if abs(skew) > FAR_OFF:
        yield fault("Clock", seen, "Mend this machine's time service, or that of the database's.")
    else:
        yield ok("Clock", seen)
    for sentence in ending:
        yield Finding("Ends soon", State.SOON, sentence.rstrip("."))
    if not ending:
        yield ok("Ends soon", "no certificate, API token or key within three weeks")


def mail() -> Finding:
    """Where outgoing mail goes."""
    host = os.environ.get("TUTELA_SMTP_HOST")
    if host:
        return ok("Outgoing mail", f"sent through {host}")
    folder = environment.data_folder() / "mail"
    if folder.exists() and not os.access(folder, os.W_OK):
        return fault("Outgoing mail", f"{folder} cannot be written", "Give it to the account of Tutela.")
    return Finding(
        "Outgoing mail",
        State.OFF,
        f"kept as files in {folder}; nothing is sent",
        "Set TUTELA_SMTP_HOST to the name of your mail server.",
    )


def wikis() -> Finding:
    """Which wikis may be asked for pages."""
    named = os.environ.get("TUTELA_WIKIS")
    if not named:
        return Finding(
            "Wikis",
            State.OFF,
            "none named; no page is captured",
            "Set TUTELA_WIKIS to a file that names them.",
        )
    from django.core.exceptions import ImproperlyConfigured

    from tutela.programs.wikis.known import read

    try:
        found = read(Path(named))
    except ImproperlyConfigured as error:
        return fault("Wikis", str(error), "Mend the file: until then no page is captured.")
    return ok("Wikis", ", ".join(one.name for one in found) or f"{named} names none")


def fetched_mail() -> Iterator[Finding]:
    """Whether the mail of each account in TUTELA_IMAP is fetched."""
    _set_up()
    from django.conf import settings
    from django.db import DatabaseError

    from tutela.connectors.imap.accounts import sources
    from tutela.core.errors import NotConfigured
    from tutela.core.health.report import Health, judge_mailbox

    check = "Fetched mail"
    try:
        accounts = sources(settings.IMAP, frozenset(settings.MAILBOXES))
    except NotConfigured as error:
        yield fault(check, str(error), "Correct TUTELA_IMAP: see tutela/connectors/imap/README.md.")
        return
    for account in accounts:
        health = Health()
        try:
            judge_mailbox(health, account.name)
        except DatabaseError:
            return  # the finding about the database says it
        remedy = "Check TUTELA_IMAP, and what `tutela mail fetch` says."
        yield from (fault(check, seen.rstrip("."), remedy) for seen in health.attention)
        if not health.attention:
            yield ok(check, f"{account.name} from {account.host}")


def pdf() -> Finding:
    """Pango, which draws letters as PDF."""
    missing = [name for name in ("pango-1.0", "pangoft2-1.0") if not ctypes.util.find_library(name)]
    if missing:
        return Finding(
            "Letters as PDF",
            State.OFF,
            f"the library {missing[0]} is not here",
            "On Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0",
        )
    return ok("Letters as PDF", "Pango is here")


def assets() -> Finding:
    """The files that pages use."""
    collected = Path(os.environ.get("TUTELA_STATIC", PACKAGE.parent / "static")) / "staticfiles.json"
    for path in (BUILT, collected):
        if not path.exists():
            return fault("Look of the pages", f"{path} is not there", "Run `make run`, which builds it.")
    return ok("Look of the pages", "built and collected")


def translations() -> Finding:
    """The compiled translations."""
    stale = [path for path in LANGUAGES.glob("*/LC_MESSAGES/django.po") if is_stale(path)]
    if stale:
        languages = ", ".join(sorted(path.parent.parent.name for path in stale))
        return fault("Translations", f"not compiled: {languages}", "Run `make run`, which compiles them.")
    return ok("Translations", "compiled")


def is_stale(source: Path) -> bool:
    """Whether the compiled file is missing or older than its source."""
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime
