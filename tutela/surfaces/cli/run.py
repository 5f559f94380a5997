"""Commands that look after the platform itself: run, prepare, migrate."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tutela.config import environment
from tutela.server import postgres, prepare
from tutela.server.account import find_home
from tutela.server.binaries import choose
from tutela.server.errors import BusyError, CannotStartError
from tutela.surfaces.cli.login import find_logins

app = typer.Typer()


@app.command()
def run(
    *,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load a made-up team and cases, for trying it out.")
    ] = False,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="Stop when the program that started this one is gone.")
    ] = False,
) -> None:
    """Start the database, desk, portal, worker, mail and live updates, and keep them running."""
    if sample:  # a made-up team has no keys to touch
        os.environ.setdefault("TUTELA_SECOND_FACTOR", "offered")
    # Another program takes our place: the supervisor needs none of what a command line loads.
    arguments = [*(["--sample"] if sample else []), *(["--with-parent"] if with_parent else [])]
    os.execv(sys.executable, [sys.executable, "-m", "tutela.server.supervise", *arguments])  # noqa: S606


class Pages(StrEnum):
    """Which pages `tutela web` serves."""

    DESK = "desk"
    PORTAL = "portal"


OF_PAGES = {
    Pages.DESK: (environment.DESK, environment.for_desk),
    Pages.PORTAL: (environment.PORTAL, environment.for_portal),
}


@app.command()
def web(
    pages: Annotated[Pages, typer.Argument(help="The desk with the API, or the public portal.")],
) -> None:
    """Serve the pages of one app, and only them.

    The logins come from the environment or the running platform. The portal's process keeps of the
    environment only what it may know.
    """
    role, keep = OF_PAGES[pages]
    environ = dict(os.environ)
    if environment.database_url():
        environ |= environment.logins(environment.database_url())
    elif not environ.get(environment.SIGN_IN[role]):
        environ |= find_logins()
    kept = keep(environ)
    os.execve(sys.executable, [sys.executable, "-m", "tutela.server.web", pages.value], kept)  # noqa: S606


@app.command("prepare")
def prepare_command() -> None:
    """Make the database roles, then bring the tables up to date. Safe to repeat."""
    with owner_url() as url:
        prepare.prepare(url)
    typer.echo("The database is prepared.")


@app.command()
def migrate(
    *,
    check: Annotated[
        bool, typer.Option(help="Change nothing; list what is missing, and exit with 1.")
    ] = False,
) -> None:
    """Bring the tables up to date. The roles must be there (see `tutela prepare`)."""
    with owner_url() as url:
        if check:
            missing = prepare.pending(url)
            typer.echo("\n".join(missing) or "The tables are up to date.")
            raise typer.Exit(1 if missing else 0)
        prepare.prepare(url, roles=False)
    typer.echo("The tables are up to date.")


@app.command(context_settings={"ignore_unknown_options": True})
def database(
    command: Annotated[list[str], typer.Argument(help="A program and its arguments, such as: psql")],
) -> None:
    """Run a PostgreSQL program (psql, pg_dump, pg_restore) on the private server, as its superuser.

    The programs are those of the version that made the database.
    """
    if environment.database_url():
        raise CannotStartError("TUTELA_DATABASE_URL names a server of your own; use its programs and logins.")
    data = environment.data_folder()
    with private_server(data) as sockets:
        programs = choose(find_home(data) / "cluster").folder
        done = subprocess.run(
            command,
            check=False,
            env=os.environ
            | postgres.superuser(data, sockets)
            | {"PATH": os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])},
        )
    raise typer.Exit(done.returncode)


@contextmanager
def owner_url() -> Iterator[str]:
    """The owner's address: from the environment, or on the private server."""
    if environment.database_url():
        yield environment.database_url()
        return
    data = environment.data_folder()
    with private_server(data) as sockets:
        yield postgres.owner_url(data, sockets)


@contextmanager
def private_server(data: Path) -> Iterator[Path]:
    """The socket folder of the private server: the running one, or one started for now."""
    server = postgres.Server(data, say=lambda text: typer.echo(text, err=True))
    try:
        server.start()
    except BusyError:
        sockets = postgres.running(data)
        if sockets is None:
            raise CannotStartError(f"The database of {data} is just being started. Try again.") from None
        yield sockets
        return
    try:
        yield server.sockets
    finally:
        server.stop()
