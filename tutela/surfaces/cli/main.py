"""The program `tutela`: finds the file of the wanted command, and turns faults into words.

Exit codes: 0 done; 1 refused or failed, with the reason on stderr; 2 wrong usage; 3 not found; 4 not
allowed; 5 not open, or changed meanwhile; 6 some values cannot be used; 75 try again later, for
instance because the platform is not running (a mail server that hands us a mail keeps it then).
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Annotated, NoReturn

import psycopg
import typer

from tutela.server.errors import CannotStartError
from tutela.surfaces.cli.login import NotRunningError, find_logins

FAILED, USAGE, TRY_LATER = 1, 2, 75


@dataclass(frozen=True, slots=True)
class Commands:
    """One file of commands.

    `module` has a typer app called `app`. With a `group` its commands are `tutela GROUP COMMAND`;
    without, each of its `names` is a command of its own. `database` says that the commands work on
    cases: Django is set up with the desk's login before the file is imported, so it imports what it
    likes at its top.
    """

    module: str
    names: tuple[str, ...]
    group: bool = False
    database: bool = True


COMMANDS = (
    Commands("tutela.surfaces.cli.run", ("run", "web", "prepare", "migrate", "database"), database=False),
    Commands("tutela.surfaces.cli.backup", ("backup",)),
    Commands("tutela.surfaces.cli.restore", ("restore", "backup-key"), database=False),
    Commands("tutela.surfaces.cli.doctor", ("doctor",), database=False),
    Commands("tutela.surfaces.cli.mail", ("mail", "receive")),
    Commands("tutela.surfaces.cli.worker", ("worker",)),
    Commands("tutela.surfaces.cli.live", ("live",), database=False),
    Commands("tutela.surfaces.cli.case", ("case",), group=True),
    Commands("tutela.surfaces.cli.search", ("search",)),
    Commands("tutela.surfaces.cli.capture", ("capture",)),
    Commands("tutela.surfaces.cli.report", ("report",), group=True),
    Commands("tutela.surfaces.cli.token", ("token",), group=True),
    Commands("tutela.surfaces.cli.staff", ("staff",), group=True),
    Commands("tutela.surfaces.cli.grant", ("grant",), group=True),
    Commands("tutela.surfaces.cli.directory", ("directory",), group=True),
    Commands("tutela.surfaces.cli.release", ("release",), group=True),
    Commands("tutela.surfaces.cli.glass", ("glass",), group=True),
    Commands("tutela.surfaces.cli.slice", ("slice",), group=True),
    Commands("tutela.surfaces.cli.conflict", ("conflict",), group=True),
    Commands("tutela.surfaces.cli.records", ("records",), group=True),
    Commands("tutela.surfaces.cli.review", ("review",), group=True),
    Commands("tutela.surfaces.cli.page", ("page",), group=True),
    Commands("tutela.surfaces.cli.oncall", ("oncall",), group=True),
    Commands("tutela.surfaces.cli.why", ("why",)),
    Commands("tutela.surfaces.cli.audit", ("audit",), group=True),
    Commands("tutela.surfaces.cli.flow", ("flow",), group=True, database=False),
    Commands("tutela.surfaces.cli.vault", ("vault",), group=True),
    Commands("tutela.surfaces.cli.sample", ("sample",), group=True),
    Commands("tutela.surfaces.cli.story", ("story",)),
)


def main() -> None:
    """Run the command that the arguments name."""
    os.umask(0o077)  # whatever a command writes is for this account alone
    wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        build(wanted)(prog_name="tutela")
    except NotRunningError as error:
        fail(str(error), TRY_LATER)
    except CannotStartError as error:
        fail(str(error))
    except database_errors() as error:
        fail(f"The database does not answer: {str(error).strip()}", TRY_LATER)
    except PermissionError as error:
        fail(f"{error.filename}: this account may not open it. The data folder belongs to another account.")


def database_errors() -> tuple[type[Exception], ...]:
    """What psycopg, and Django where it is loaded, raise when the server is away."""
    errors: list[type[Exception]] = [psycopg.OperationalError]
    if "django.db" in sys.modules:
        errors.append(sys.modules["django.db"].OperationalError)
    return tuple(errors)


def build(wanted: str | None) -> typer.Typer:
    """The typer app: only the file of the wanted command, or all of them for the list."""
    app = typer.Typer(
        help="Operations platform for Trust & Safety teams.",
        no_args_is_help=True,
        add_completion=wanted is None,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: half a second quicker, and read aloud without boxes
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_nothing)
    chosen = [commands for commands in COMMANDS if wanted in commands.names] or COMMANDS
    for commands in chosen:
        if commands.database:
            set_up_django(needs_server=wanted in commands.names)
        module = importlib.import_module(commands.module)
        app.add_typer(module.app, name=commands.names[0] if commands.group else None)
    return app


def _nothing(
    *, debug: Annotated[bool, typer.Option("--debug", help="Show where in the code a fault arose.")] = False
) -> None:
    """Operations platform for Trust & Safety teams."""
    if debug:
        os.environ["TUTELA_DEBUG"] = "1"


def set_up_django(*, needs_server: bool = True) -> None:
    """Set Django up with the desk's login to the running platform, if the command needs one."""
    find_database(needs_server=needs_server)
    import django

    django.setup()


def find_database(*, needs_server: bool = True) -> None:
    """Put the desk's login into the environment, where Django's settings look for it.

    Raises `NotRunningError` when the platform does not run, unless only help is asked for.
    """
    if needs_server and not {"-h", "--help"} & set(sys.argv):
        os.environ.update(find_logins())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say on stderr what is wrong, and end the program."""
    typer.echo(message, err=True)
    raise SystemExit(code)
