"""What the commands share: who acts, how errors end, how things are printed."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tutela.core.errors import (
    BadData,
    FreshFactorNeeded,
    KeyReused,
    NotAllowed,
    NotFound,
    StepClosed,
    TooMany,
    TryLater,
    TutelaError,
)
from tutela.core.people.actor import Actor, system_actor
from tutela.core.people.keep import person_named
from tutela.core.people.roles import SystemActor
from tutela.surfaces.cli.main import FAILED, TRY_LATER, USAGE, fail

NOT_FOUND, NOT_ALLOWED, CLOSED, BAD_DATA = 3, 4, 5, 6
#: The first that fits counts.
CODES: tuple[tuple[type[TutelaError], int], ...] = (
    (NotFound, NOT_FOUND),
    (NotAllowed, NOT_ALLOWED),
    (StepClosed, CLOSED),
    (KeyReused, CLOSED),
    (BadData, BAD_DATA),
    (TooMany, TRY_LATER),
    (TryLater, TRY_LATER),
)
# Control characters could steer the terminal, and marks of direction could turn a line around.
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[
    str,
    typer.Option(
        "--as", envvar="TUTELA_AS", metavar="USERNAME", help="Who acts. You see and may do what they may."
    ),
]
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many items a page has.")]
Page = Annotated[str, typer.Option("--cursor", help="“next” of the page before.")]

P = ParamSpec("P")
R = TypeVar("R")


def speaking(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors of a command into words on stderr and an exit code; never a stack trace.

    `tutela --debug …` shows where in the code a fault arose.
    """

    @functools.wraps(command)
    def run(*args: P.args, **names: P.kwargs) -> R:
        try:
            return command(*args, **names)
        except TutelaError as error:
            if debugging():
                raise
            refuse(error)
        except (OperationalError, InterfaceError):
            if debugging():
                raise
            fail("The database does not answer. Nothing was changed. Try again in a moment.", TRY_LATER)
        except OSError as error:
            fail(f"{error.filename or 'A file'}: {error.strerror or error}.")

    return run


def debugging() -> bool:
    """Whether the operator wants to see stack traces."""
    return os.environ.get("TUTELA_DEBUG", "") == "1"


def refuse(error: TutelaError) -> NoReturn:
    """End the program with what the error says and its exit code."""
    lines = [str(error)]
    if isinstance(error, BadData):
        lines += [f"  {field}: {' '.join(texts)}" for field, texts in error.errors.items()]
    if isinstance(error, FreshFactorNeeded):
        lines.append("A command line cannot ask for it: do it at the desk.")
    if said := str(getattr(error, "what_to_do", "")):
        lines.append(said)
    code = next((code for cls, code in CODES if isinstance(error, cls)), FAILED)
    fail("\n".join(plain(one) for one in lines), code)


def actor_named(username: str) -> Actor:
    """The person who acts, by username. Row security holds for them as at the desk."""
    if not username:
        fail("Say who acts: --as USERNAME, or the variable TUTELA_AS.", USAGE)
    staff = person_named(username)
    if not staff.is_active:
        raise NotAllowed(f"{username} does not work here any more.")
    return Actor.of(staff, "cli")


def operator(username: str) -> Actor:
    """Who keeps the staff list: a person when one is named, else the operator of this machine."""
    if username:
        return actor_named(username)
    staff = system_actor(SystemActor.OPERATOR)
    return Actor(staff.id, staff.name, is_system=True, via="cli")


def say_json(value: object) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))


def say_page(items: Iterable[Mapping[str, Any]], following: str | None = None) -> None:
    """Print a list for programs."""
    say_json({"items": list(items), "next": following})


def say_table(columns: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """Print a list for people, or one sentence when there is nothing."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    if table.row_count:
        console().print(table)
    else:
        typer.echo(empty)


def console() -> Console:
    """Where people read: as wide as the terminal, and wide enough when there is none."""
    return Console(width=None if sys.stdout.isatty() else 200)


def plain(value: object) -> str:
    """A value as it may be printed on a terminal: nothing in it steers the terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    return _STEERS.sub("\N{REPLACEMENT CHARACTER}", str(value))


def moment(value: Any) -> str:
    """A moment for people, in UTC."""
    return value.strftime("%Y-%m-%d %H:%M UTC") if value else ""
