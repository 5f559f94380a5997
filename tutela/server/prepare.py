"""Bring a database to the shape that this code needs: roles, rights, tables.

Two roles sign in beside the owner: the desk's, to which row-level security applies, and the
portal's, which may run a handful of functions. Two more cannot sign in; they own the functions that
must see more than their caller does (search candidates, receipts), so that such a function never
runs with all the rights of the owner. What each role may do with which table stands in the
migrations, beside the table.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import errors, sql

from tutela.config import environment
from tutela.config.environment import SIGN_IN
from tutela.server.binaries import EXTENSIONS
from tutela.server.errors import CannotStartError
from tutela.server.postgres import ensure_login

FUNCTION_OWNERS = (
    "tutela_guard", "tutela_search", "tutela_receipts", "tutela_seal", "tutela_sealing", "tutela_records",
)  # fmt: skip
SCHEMAS = ("public", "tutela")
PACKAGE = Path(__file__).resolve().parent.parent
# What the rows are made of that must always be there.
STANDING = (
    "workflows/__init__.py",
    "workflows/*/workflow.py",
    "core/people/roles.py",
    "core/flow/standing.py",
)
# Tables come from these packages too, so another version of one means another look at the migrations.
WITH_TABLES = ("django", "procrastinate")

Connection = psycopg.Connection[tuple[Any, ...]]


def connect(owner_url: str) -> Connection:
    """A connection as the owner that commits each statement. Raises `CannotStartError`."""
    try:
        return psycopg.connect(owner_url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise CannotStartError(
            f"The database does not answer: {error} Check TUTELA_DATABASE_URL, and that the server runs."
        ) from None


def make_roles(connection: Connection) -> None:
    """Make the roles and give them the right to enter. Doing it again changes nothing but the passwords.

    A role whose password the operator manages (its address is in the environment) keeps it. Raises
    `CannotStartError` when the owner may not make roles, or a role has rights that it must not have.
    """
    try:
        for role in SIGN_IN:
            if environment.is_managed(role):
                _ensure(connection, role, "login")
            else:
                ensure_login(connection, role, environment.role_password(role))
        for role in FUNCTION_OWNERS:
            _ensure(connection, role, "nologin")
    except errors.InsufficientPrivilege as error:
        names = ", ".join([*SIGN_IN, *FUNCTION_OWNERS])
        raise CannotStartError(
            f"The owner of the database may not make or change roles: {error} Give it CREATEROLE, or let an "
            f"administrator make the roles {names} as tutela/server/README.md shows and run `tutela migrate`."
        ) from None
    refuse_powers(connection)


def _ensure(connection: Connection, role: str, kind: str) -> None:
    if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("create role {} {}").format(sql.Identifier(role), sql.SQL(kind)))


def refuse_powers(connection: Connection) -> None:
    """Refuse roles that would walk past row-level security."""
    rows = connection.execute(
        "select rolname from pg_roles where rolname = any(%s) and (rolsuper or rolbypassrls)",
        [[*SIGN_IN, *FUNCTION_OWNERS]],
    ).fetchall()
    if rows:
        names = ", ".join(row[0] for row in rows)
        raise CannotStartError(
            f"Row-level security does not hold for {names}. As an administrator of the database: "
            f"alter role … nosuperuser nobypassrls."
        )


def let_in(connection: Connection) -> None:
    """Let our roles, and nobody else, into the database and its schema."""
    roles = sql.SQL(", ").join(map(sql.Identifier, [*SIGN_IN, *FUNCTION_OWNERS]))
    sign_in = sql.SQL(", ").join(map(sql.Identifier, SIGN_IN))
    database = sql.Identifier(connection.info.dbname)
    for statement in (
        "revoke all on database {database} from public",
        "grant connect on database {database} to {sign_in}",
        "revoke all on schema public from public",
        "grant usage on schema public to {roles}",
    ):
        connection.execute(sql.SQL(statement).format(database=database, sign_in=sign_in, roles=roles))
    for name in EXTENSIONS:
        connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(name)))


@contextmanager
def lending(connection: Connection) -> Iterator[None]:
    """Let the owner act as the owners of functions, for as long as the migrations run.

    `ALTER FUNCTION … OWNER TO` wants the owner to be a member of the new owner, and the new owner to
    be allowed to create in the schema. Neither is needed, and so neither is there, at other times.
    """
    borrowed = [role for role in FUNCTION_OWNERS if not _is_member(connection, role)]
    # Version 16 made "may inherit" and "may become" properties of each membership.
    how = "with inherit true, set true" if connection.info.server_version >= 160000 else ""
    for role in borrowed:
        connection.execute(sql.SQL("grant {} to current_user {}").format(sql.Identifier(role), sql.SQL(how)))
    _on_schemas(connection, "grant create on schema {} to {}")
    try:
        yield
    finally:
        _on_schemas(connection, "revoke create on schema {} from {}")
        for role in borrowed:
            connection.execute(sql.SQL("revoke {} from current_user").format(sql.Identifier(role)))


def _on_schemas(connection: Connection, statement: LiteralString) -> None:
    rows = connection.execute("select nspname from pg_namespace where nspname = any(%s)", [list(SCHEMAS)])
    schemas = sql.SQL(", ").join(sql.Identifier(row[0]) for row in rows)
    roles = sql.SQL(", ").join(map(sql.Identifier, FUNCTION_OWNERS))
    connection.execute(sql.SQL(statement).format(schemas, roles))


def _is_member(connection: Connection, role: str) -> bool:
    # "usage" asks whether the rights are inherited, which administering a role does not include.
    row = connection.execute("select pg_has_role(current_user, %s::name, 'usage')", [role]).fetchone()
    return bool(row and row[0])


def fingerprint() -> str:
    """A short name for the shape that this code gives a database.

    Changes when a migration does, and when a workflow or a system actor is declared: they have rows that must
    be there (`core/flow/standing.py`), which are made after the migrations, be there any to run or not.
    """
    digest = hashlib.sha256()
    migrations = [path for path in PACKAGE.glob("**/migrations/*") if path.suffix in {".py", ".sql"}]
    standing = [path for pattern in STANDING for path in PACKAGE.glob(pattern)]
    for path in sorted([*migrations, *standing, PACKAGE / "config" / "settings.py", Path(__file__)]):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    for name in WITH_TABLES:
        digest.update(f"{name} {version(name)}".encode())
    for role in SIGN_IN:
        if not environment.is_managed(role):
            digest.update(environment.role_password(role).encode())
    return digest.hexdigest()[:20]


def is_prepared(owner_url: str) -> bool:
    """Whether the database has the shape already. It says so itself, in its comment."""
    with connect(owner_url) as connection:
        row = connection.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"
        ).fetchone()
    return row is not None and row[0] == _comment()


def _comment() -> str:
    return f"Tutela, shape {fingerprint()}"


def prepare(owner_url: str, *, roles: bool = True) -> None:
    """Make the roles (unless told otherwise), then migrate, then note the shape in the database.

    Only for a process of its own: Django is set up as the owner and stays so.
    """
    with connect(owner_url) as connection:
        # Several machines may start together on one database; the second waits and finds all done.
        connection.execute("select pg_advisory_lock(hashtext('tutela prepare'))")
        if roles:
            make_roles(connection)
        else:
            refuse_powers(connection)
        let_in(connection)
        with lending(connection):
            _migrate(owner_url)
        connection.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(connection.info.dbname), sql.Literal(_comment())
            )
        )


def _migrate(owner_url: str) -> None:
    set_up_as_owner(owner_url)
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1 if os.environ.get("TUTELA_VERBOSE") else 0)
    from tutela.core.vault.first import make_first_keys

    make_first_keys()


def pending(owner_url: str) -> list[str]:
    """The migrations that are not applied, as `app.name`. Sets Django up as the owner."""
    set_up_as_owner(owner_url)
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["default"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def set_up_as_owner(owner_url: str) -> None:
    """Set Django up with the owner's login, whatever else the environment says."""
    os.environ["TUTELA_DATABASE_URL"] = owner_url
    os.environ["TUTELA_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")
    import django

    django.setup()
