"""Whoever takes over the portal's process: everything that it holds, and everything that they then try.

The process is started as an operator starts it. What it holds is read from the process itself: its
environment, its login, its secret, the files that it has open, its memory. The tries over tables and
functions are made from the catalogue of the database, so that a new table is tried on the day it is added.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import psutil
import psycopg
import pytest
from django.core import signing
from django.test import Client
from psycopg import sql

from tests.cast import emergency
from tutela.config import environment
from tutela.core.cases.models import Report
from tutela.core.cases.receive import receipt_hash, receive
from tutela.core.errors import NotAllowed, NotFound
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.listening import CHANNEL, SALT, hash_of_session, read_ticket
from tutela.core.people.models import Staff, Token
from tutela.core.people.roles import SystemActor
from tutela.core.people.sign_in import make_sign_in_link, use_link
from tutela.core.people.tokens import holder_of, make_token
from tutela.core.vault import keyring, report_keys
from tutela.core.vault.seals import VaultError, unseal
from tutela.server.processes import wait_until

ROOT = Path(__file__).parent.parent
WORDS = "They wrote goodbye on their talk page and named a station in Sample City."
# All that the portal's login may do.
READS = {"directory_helpline", "directory_emergencynumber", "directory_venue"}
RUNS = {"intake_key", "receive_report", "receipt_status", "receipt_conversation", "take"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "portal"]),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc"),
]


@dataclass(frozen=True)
class Portal:
    """The running process and what was found on it."""

    pid: int
    port: int

    @property
    def processes(self) -> list[int]:
        return [self.pid, *(child.pid for child in psutil.Process(self.pid).children(recursive=True))]

    @property
    def environ(self) -> dict[str, str]:
        """What it was started with, as the kernel keeps it."""
        lines = Path(f"/proc/{self.pid}/environ").read_bytes().decode().rstrip("\0").split("\0")
        return dict(line.split("=", 1) for line in lines)

    @property
    def url(self) -> str:
        return self.environ["TUTELA_PORTAL_DATABASE_URL"]

    @property
    def secret(self) -> bytes:
        return Path(self.environ["TUTELA_PORTAL_SECRET_KEY_FILE"]).read_bytes().strip()

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = urlencode(fields) if fields else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        line.request(method, path, body, {"Host": "localhost", **kind})
        answer = line.getresponse()
        try:
            return answer.status, answer.read().decode()
        finally:
            line.close()

    def report(self, words: str = WORDS) -> str:
        """Send a report over its pages; the code that its page shows."""
        key = hidden(self.ask("GET", "/en/emergency/")[1], "key")
        status, page = self.ask("POST", "/en/emergency/", {"key": key, "what": words, "answer": "here"})
        assert status == 201
        return hidden(page, "code")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page[:2000]
    return unescape(found[1])


@pytest.fixture(scope="module")
def portal(database) -> Iterator[Portal]:
    """`tutela web portal`, started out of an environment that holds all that an operator's may hold."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    operators = os.environ | {
        "TUTELA_PORTAL_PORT": str(port),
        "TUTELA_PORTAL_WORKERS": "1",
        "TUTELA_DESK_DATABASE_URL": database.url("desk"),
        "TUTELA_SMTP_PASSWORD_FILE": "/somewhere/smtp",
        "TUTELA_NEW_CONNECTOR_TOKEN": "a secret of tomorrow",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tutela", "web", "portal"], cwd=ROOT, env=operators, start_new_session=True
    )
    try:
        one = Portal(process.pid, port)
        assert wait_until(lambda: is_alive(one), 60), "the portal does not answer"
        yield one
    finally:
        process.terminate()
        process.wait(30)


def is_alive(portal: Portal) -> bool:
    try:
        return portal.ask("GET", "/healthz")[0] == 200
    except OSError:
        return False


@pytest.fixture
def line(portal) -> Iterator[psycopg.Connection]:
    """A plain connection with the login that was found in its environment."""
    with psycopg.connect(portal.url, autocommit=True) as connection:
        yield connection


def refused(line: psycopg.Connection, statement: sql.Composable | str, *values: object) -> bool:
    """Whether the database says that this login may not. What it may is taken back."""
    try:
        with line.transaction(force_rollback=True):
            line.execute(statement, values)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.WrongObjectType):
        return True
    except psycopg.Error:  # allowed, and then something else was wrong with it
        return False
    return False


# ------------------------------------------------------------------------------------- what it may do


def test_it_takes_reports_and_shows_where_they_stand(portal, superuser):
    code = portal.report()
    assert superuser.execute("select text, channel from cases_report").fetchall() == [(WORDS, "portal")]
    status, page = portal.ask("POST", "/en/back/", {"code": code})
    assert status == 200
    assert "Sample City" in page
    assert portal.ask("GET", "/en/numbers/?country=DE")[0] == 200


@pytest.mark.parametrize("path", ["/api/v2/requests.json", "//api/v2/requests.json"])
def test_it_takes_what_a_wiki_sends(portal, superuser, path):
    """Over a real line, also where the wiki's base address ends with a slash."""
    line = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=20)
    body = json.dumps({"request": {"comment": {"body": f"{WORDS} {path}"}}})
    line.request("POST", path, body, {"Host": "localhost", "Content-Type": "application/json"})
    answer = line.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")
    line.close()
    found = superuser.execute("select text, channel, workflow from cases_report").fetchall()
    assert found == [(f"{WORDS} {path}", "wiki", "emergency")]


def test_it_answers_for_nothing_of_the_desk(portal):
    for path in ("/desk/", "/desk/sign-in/", "/api/v1/reports", "/api/v1/openapi.json", "/readyz"):
        assert portal.ask("GET", path)[0] == 404, path


# -------------------------------------------------------------------------------------- what it holds


def test_its_environment_names_no_secret_but_its_own(portal, database):
    held = portal.environ
    assert held.keys() <= environment.PORTAL_IS_TOLD | {"LC_CTYPE"}  # Python itself sets the last
    said = "\n".join(held.values())
    for other in (
        os.environ["TUTELA_SECRET_KEY_FILE"],
        environment.vault().removeprefix("file:"),
        os.environ["TUTELA_DATA"],
        environment.role_password(environment.DESK),
        urlsplit(database.url("owner")).password,
        urlsplit(database.url("admin")).password,
        "a secret of tomorrow",
        "/somewhere/smtp",
    ):
        assert other, "every other secret is known to this test"
        assert other not in said


def test_its_memory_holds_no_secret_but_its_own(portal, database):
    portal.report()
    others = {
        "the desk's secret": environment.secret_key(),
        "the desk's password": environment.role_password(environment.DESK).encode(),
        "the owner's password": str(urlsplit(database.url("owner")).password).encode(),
        "the vault's key": b"7e" * 32,
        "the vault's key, unwrapped": bytes.fromhex("7e" * 32),
    }
    held = b"\0".join(memory_of(pid) for pid in portal.processes)
    assert portal.secret in held, "the search finds what is there"
    assert [name for name, secret in others.items() if secret in held] == []


def memory_of(pid: int) -> bytes:
    """What a process can write to: where values are."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for region in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *_rest = region.split()
            if rights.startswith("rw"):
                start, end = (int(one, 16) for one in place.split("-"))
                memory.seek(start)
                try:
                    found.append(memory.read(end - start))
                except OSError:  # a region of the kernel's
                    continue
    return b"\0".join(found)


def test_it_has_no_file_of_the_platform_open(portal):
    kept = {Path(os.environ["TUTELA_DATA"]), Path(environment.vault().removeprefix("file:"))}
    for pid in portal.processes:
        opened = list(Path(f"/proc/{pid}/fd").iterdir())
        targets = {one.readlink() for one in opened if one.is_symlink()}
        assert not [one for one in targets for folder in kept if one.is_relative_to(folder)]


def test_its_settings_know_neither_people_nor_keys(portal):
    """Our own code, run as its process: what an attacker finds who has no code of their own."""
    script = """
import json, django
django.setup()
from django.apps import apps
from django.conf import settings
from django.db import connections
from tutela.core.cases.models import Report
from tutela.core.vault import keyring

def fails(act):
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return ""

print(json.dumps({
    "apps": sorted(one.name for one in apps.get_app_configs()),
    "logins": {name: one.get("USER", "") for name, one in settings.DATABASES.items()},
    "names": [name for name in dir(settings) if name.isupper()],
    "reads": fails(lambda: list(Report.objects.using("portal"))),
    "reads by default": fails(lambda: list(Report.objects.all())),
    "private key": fails(lambda: keyring.intake_private_key(1)),
    "provider": fails(lambda: keyring.provider()),
}))
"""
    environ = portal.environ | {"DJANGO_SETTINGS_MODULE": "tutela.config.portal.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    for app in (
        "django.contrib.auth",
        "django.contrib.sessions",
        "tutela.surfaces.desk",
        "tutela.surfaces.api",
    ):
        assert app not in said["apps"]
    assert not [app for app in said["apps"] if app.startswith("tutela.connectors")]
    assert said["logins"] == {"default": "", "portal": "tutela_portal"}
    assert not {"VAULT", "AUDIT_KEY_FILE", "SMTP_PASSWORD_FILE", "DESK_URL"} & set(said["names"])
    assert all(said[act] for act in ("reads", "reads by default", "private key", "provider")), said


# ----------------------------------------------------------------------------- what they try: the database


def test_every_table_but_three_is_closed_even_for_what_it_wrote(portal, line, superuser):
    portal.report()
    rows = superuser.execute(
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname !~ '^pg_|^information_schema$'"
    ).fetchall()
    assert len(rows) > 50
    for schema, name in rows:
        table = sql.Identifier(schema, name)
        for right, statement in {
            "read": "select * from {} limit 1",
            "insert": "insert into {} default values",
            "delete": "delete from {}",
            "lock": "lock table {} in access exclusive mode",
            "empty": "truncate {}",
            "change": "alter table {} disable row level security",
            "drop": "drop table {}",
        }.items():
            is_open = not refused(line, sql.SQL(statement).format(table))
            assert is_open is (right == "read" and name in READS), f"{right} {schema}.{name}"


def test_every_column_of_every_table_is_closed_for_changes(superuser):
    rows = superuser.execute(
        "select c.relname, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where n.nspname in ('public', 'tutela') and c.relkind in ('r', 'p', 'v', 'm')"
        " and has_column_privilege('tutela_portal', c.oid, a.attnum, 'insert, update, references')"
    ).fetchall()
    assert rows == []


def test_every_function_but_five_is_closed_or_says_nothing(line, superuser):
    rows = superuser.execute(
        "select p.proname, pg_get_function_identity_arguments(p.oid),"
        " array(select format_type(t, null) from unnest(p.proargtypes) t),"
        " p.prorettype = 'trigger'::regtype, p.prosecdef"
        " from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'tutela'"
    ).fetchall()
    assert {row[0] for row in rows} >= RUNS
    for name, _arguments, types, is_trigger, is_definer in rows:
        if name in RUNS:
            continue
        nothing = sql.SQL(", ").join(sql.SQL(f"null::{one}") for one in types)
        call = sql.SQL("select * from tutela.{}({})").format(sql.Identifier(name), nothing)
        try:
            said = line.execute(call).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            continue
        except psycopg.Error:
            assert is_trigger, f"{name} runs for the portal"  # triggers are called by tables only
            continue
        assert not is_definer or said in ([], [([],)], [(False,)], [(None,)]), (
            f"{name} tells the portal {said}"
        )


def test_no_other_role_can_be_taken(portal, line, superuser):
    for (role,) in superuser.execute(
        "select rolname from pg_roles where rolname <> 'tutela_portal'"
    ).fetchall():
        assert refused(line, sql.SQL("set role {}").format(sql.Identifier(role))), role
        assert refused(line, sql.SQL("set session authorization {}").format(sql.Identifier(role))), role


def test_naming_an_actor_opens_nothing(portal, line, cast):
    for person in Staff.objects.values_list("pk", flat=True):
        line.execute("select set_config('tutela.actor', %s, false)", [str(person)])
        assert refused(line, "select * from cases_case")
        assert refused(line, "select * from cases_report")


def test_the_server_is_closed_too(portal, line):
    for statement in (
        "create table mine (x int)",
        "create temporary table mine (x int)",
        "create function mine() returns int language sql as 'select 1'",
        "create schema mine",
        "create role mine superuser",
        "copy (select 1) to '/tmp/out'",
        "copy (select 1) to program 'id'",
        "select pg_read_file('/etc/passwd')",
        "select lo_import('/etc/passwd')",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tutela_desk'",
        "alter system set log_statement = 'all'",
        "select * from pg_authid",
        "select * from pg_statistic",
    ):
        assert gives_nothing(line, statement), statement
    others = line.execute(
        "select query from pg_stat_activity where usename <> current_user and query <> ''"
    ).fetchall()
    assert {row[0] for row in others} <= {"<insufficient privilege>"}


def gives_nothing(line: psycopg.Connection, statement: str) -> bool:
    """As `refused`, for what needs a transaction of its own, or answers with nothing at all."""
    try:
        return line.execute(statement).fetchall() == []
    except psycopg.errors.InsufficientPrivilege:
        return True


def test_who_listens_hears_numbers_only(portal, line, superuser):
    """Anybody who may sign in may listen: what is said there must be fit for them."""
    line.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
    portal.report()
    with acting_as(system_actor(SystemActor.INTAKE)):
        from tutela.core.cases.opening import open_waiting

        open_waiting()
    heard = [json.loads(one.payload) for one in line.notifies(timeout=2, stop_after=1)]
    assert heard
    for told in heard:
        assert told.keys() <= {"case", "version", "session"}
        assert all(isinstance(value, int) or re.fullmatch("[0-9a-f]{64}", value) for value in told.values())


def test_it_cannot_say_that_a_report_came_another_way(portal, line):
    about = {
        "mailbox": "", "workflow": "emergency", "subject": "", "text": WORDS, "language": "en",
        "sender_name": "", "sender_email": "", "sent_at": None, "fields": "", "problems": [], "thread": [],
        "message_id": "", "automatic": False,
    }  # fmt: skip
    for channel in ("mail", "api", "cli"):
        call = "select * from tutela.receive_report(%s, %s, null, %s, %s, %s::jsonb, '[]'::jsonb, '{}')"
        said = json.dumps(about | {"channel": channel})
        assert refused(line, call, channel.encode(), b"content", b"key", b"raw", said), channel
    for channel in ("portal", "wiki"):  # the two doors that it has
        own = json.dumps(about | {"channel": channel})
        assert not refused(line, call, channel.encode(), b"content", b"key", b"raw", own), channel


# -------------------------------------------------------------------------- what they try: keys and names


def test_its_secret_derives_no_other_password(portal):
    parts = urlsplit(portal.url)
    place = {name: values[0] for name, values in parse_qs(parts.query).items()}
    secret = portal.secret
    guesses = {secret.decode(), str(parts.password), hashlib.sha256(secret).hexdigest()}
    for role in (environment.OWNER, environment.DESK, "tutela_admin", "postgres"):
        derived = hmac.new(secret, f"database role {role}".encode(), hashlib.sha256).hexdigest()
        for guess in {*guesses, derived}:
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(
                    dbname=parts.path.lstrip("/"), user=role, password=guess, connect_timeout=5, **place
                ).close()


def test_it_cannot_make_itself_a_person(portal, line, cast):
    """With the portal's secret in the place of the desk's: tickets, links, tokens, sessions."""
    juniper = Staff.objects.get(pk=cast.juniper.id)
    forged = signing.dumps(
        {"staff": juniper.pk, "session": hash_of_session("known")}, key=portal.secret.decode(), salt=SALT
    )
    with pytest.raises(NotAllowed):
        read_ticket(forged)
    hashed = hmac.new(portal.secret, b"sign-in made-up", hashlib.sha256).digest()
    assert refused(
        line, "insert into people_signinlink (staff_id, secret_hash) values (%s, %s)", juniper.pk, hashed
    )
    with pytest.raises(NotFound):
        use_link("made-up", "192.0.2.1")
    assert refused(
        line, "insert into people_token (staff_id, secret_hash) values (%s, %s)", juniper.pk, hashed
    )
    assert holder_of("made-up") is None
    assert refused(line, "insert into django_session (session_key) values ('made-up')")
    at_desk = Client()
    at_desk.cookies["tutela"] = "made-up"
    assert at_desk.get("/desk/").status_code == 302
    cookie = signing.dumps({"_auth_user_id": str(juniper.pk)}, key=portal.secret.decode())
    at_desk.cookies["tutela"] = quote(cookie)
    assert at_desk.get("/desk/").status_code == 302


def test_what_staff_hold_is_not_to_be_had(portal, line, cast):
    juniper = Staff.objects.get(pk=cast.juniper.id)
    make_sign_in_link(juniper)
    from datetime import timedelta

    make_token(juniper, "a program", Token.Scope.READ, timedelta(days=1), cast.juniper)
    for table in ("people_signinlink", "people_token", "django_session", "people_staff"):
        assert refused(line, sql.SQL("select * from {}").format(sql.Identifier(table)))


def test_a_copy_of_the_row_does_not_open_with_what_it_holds(portal, line, superuser):
    """Even somebody who has both the portal and a copy of the database."""
    code = portal.report()
    kept, raw, dedup = superuser.execute("select key, raw, dedup_key from cases_report").fetchone()
    assert WORDS.encode() not in raw
    number, public = line.execute("select number, public from tutela.intake_key()").fetchone()
    assert kept.startswith(b"i" + number.to_bytes(8))
    secret = portal.secret
    held = [public, hashlib.sha256(secret).digest(), hmac.digest(secret, b"", "sha256"), receipt_hash(code)]
    for key in held:
        with pytest.raises(VaultError):
            unseal(key, raw, f"cases_report raw {dedup.hex()}")
        keyring.forget()
        keyring._kept.put("private", number, key)
        try:
            with pytest.raises(VaultError):
                report_keys.unwrap(kept, dedup.hex())
        finally:
            keyring.forget()
    with acting_as(system_actor(SystemActor.INTAKE)):  # while the worker, which has the key, opens it
        assert b"Sample+City" in Report.objects.get().raw


def test_a_code_that_it_never_saw_opens_nothing(portal, line):
    """The reports of others: it would have to guess one of 2**80 codes."""
    receive(emergency(receipt_hash=receipt_hash("7Q4M XK2P 9DTR H3WN")))
    for guess in (b"", b"\0" * 32, receipt_hash("0000 0000 0000 0000"), b"%", None):
        assert line.execute("select * from tutela.receipt_status(%s)", [guess]).fetchall() == []
        assert line.execute("select * from tutela.receipt_conversation(%s)", [guess]).fetchall() == []
