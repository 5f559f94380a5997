"""`tutela directory`: load, dump and list agencies, helplines, emergency numbers and venues."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tutela.programs.directory import files
from tutela.programs.directory.models import Agency, Helpline, Venue
from tutela.surfaces.cli.common import AsJson, say_json, say_page, say_table, speaking
from tutela.surfaces.cli.main import USAGE, fail

app = typer.Typer(help="Agencies, helplines, emergency numbers and venues.", no_args_is_help=True)


class Kind(StrEnum):
    """What can be listed."""

    AGENCY = "agency"
    HELPLINE = "helpline"
    EMERGENCY_NUMBER = "emergency_number"
    VENUE = "venue"


@app.command()
@speaking
def load(
    path: Annotated[Path | None, typer.Argument(help="A TOML or JSON file.")] = None,
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Load the invented sample instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the entries of a file over: all of them, or none and the faults.

    tutela directory load ours.toml
    """
    if (path is None) != sample:
        fail("Name a file, or give --sample.", USAGE)
    loaded = files.load(path) if path else files.load_sample()
    counts = {"added": loaded.added, "changed": loaded.changed, "same": loaded.same}
    if as_json:
        say_json(counts)
    else:
        typer.echo("{added} added, {changed} changed, {same} the same.".format(**counts))


@app.command()
@speaking
def dump(path: Annotated[Path, typer.Argument(help="The TOML or JSON file to write.")]) -> None:
    """Write the whole directory to a file that `load` reads."""
    typer.echo(f"{files.dump(path)} entries written to {path}.")


@app.command("list")
@speaking
def list_command(
    kind: Annotated[Kind, typer.Argument(help="What to list.")] = Kind.AGENCY, *, as_json: AsJson = False
) -> None:
    """List one kind of entry, and say what nobody verified for too long."""
    table = files.TABLES[kind.value]
    rows = [{**files.values_of(table, row), "stale": _stale(row)} for row in files.rows_of(table)]
    if as_json:
        say_page(rows)
        return
    columns = [*table.keys, *(name for name in table.fields if name not in table.keys), "stale"]
    say_table(
        columns, ([_text(row.get(name, "")) for name in columns] for row in rows), "The directory is empty."
    )


def _stale(row: files.Row) -> bool:
    if isinstance(row, Agency):
        return not row.is_trusted
    return isinstance(row, (Helpline, Venue)) and row.is_stale


def _text(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
