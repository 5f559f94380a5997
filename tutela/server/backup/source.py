"""The database that a backup is taken of: the private server, or the operator's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from tutela.config import environment
from tutela.server import binaries, postgres
from tutela.server.account import find_home
from tutela.server.errors import CannotStartError

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Source:
    """Where to connect (in full sight of every row), and PostgreSQL's programs that fit.

    `login` are the variables that tell those programs the same.
    """

    url: str
    login: Mapping[str, str]
    programs: binaries.Binaries

    def environ(self) -> dict[str, str]:
        """The environment of those programs: the login, and nothing else of ours."""
        plain = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        return {**plain, **self.login}

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Connection, str]]:
        """A connection that sees one moment, and the name under which others see the same one.

        Raises `CannotStartError` when the login cannot see every row, or nobody answers.
        """
        with reading(self.url) as connection:
            row = connection.execute("select pg_export_snapshot()").fetchone()
            assert row is not None
            yield connection, row[0]


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection in one read-only snapshot that writes every value in the same way everywhere."""
    try:
        connection = psycopg.connect(url, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise CannotStartError(f"The database does not answer: {error}") from None
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for name, value in _SAME_EVERYWHERE.items():
            connection.execute("select set_config(%s, %s, false)", [name, value])
        row = connection.execute(
            "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
        ).fetchone()
        if not row or not row[0]:
            raise CannotStartError(
                "This login does not see every row, so its backup would have gaps. As an administrator of "
                "the database: create role tutela_backup login bypassrls password '…' in role "
                "pg_read_all_data; then name it in TUTELA_BACKUP_DATABASE_URL."
            )
        yield connection


# What decides how a value looks as text, and so its print.
_SAME_EVERYWHERE = {
    "row_security": "off",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}


def find() -> Source:
    """The database of this installation. Raises `CannotStartError` when it does not run or cannot be read."""
    own = os.environ.get("TUTELA_BACKUP_DATABASE_URL", "")
    if own:
        return Source(own, _variables(own), _newest())
    if environment.database_url():
        raise CannotStartError(
            "TUTELA_DATABASE_URL names a server of your own. Name a login that sees every row in "
            "TUTELA_BACKUP_DATABASE_URL; docs/operations.md says how to make it."
        )
    data = environment.data_folder()
    sockets = postgres.running(data)
    if sockets is None:
        raise CannotStartError(
            f"Tutela does not run on {data}. Start it, or name another folder in TUTELA_DATA."
        )
    return private(data, sockets)


def private(data: Path, sockets: Path) -> Source:
    """The private server of a data folder, as its superuser."""
    login = postgres.superuser(data, sockets)
    url = postgres.url(login["PGUSER"], login["PGPASSWORD"], sockets)
    return Source(url, login, binaries.choose(find_home(data) / "cluster"))


# A password in an argument would be read by whoever lists the processes; in a variable it is not.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def _variables(url: str) -> dict[str, str]:
    said = conninfo.conninfo_to_dict(url)
    return {_VARIABLES[name]: str(value) for name, value in said.items() if name in _VARIABLES}


def _newest() -> binaries.Binaries:
    """`pg_dump` reads servers of its own version and older ones."""
    found = binaries.candidates()
    if not found:
        raise CannotStartError("PostgreSQL's programs are not found. Install its client package.")
    return max(found, key=lambda one: one.major)
