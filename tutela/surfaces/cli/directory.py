"""`tutela directory`: load, dump and list agencies, helplines, emergency numbers and venues."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tutela.core.errors import TutelaError
from tutela.programs.directory import files
from tutela.programs.directory.models import Agency, Helpline, Venue
from tutela.surfaces.cli.main import fail

app = typer.Typer(help="Agencies, helplines, emergency numbers and venues.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Kind(StrEnum):
    """What can be listed."""

    AGENCY = "agency"
    HELPLINE = "helpline"
    EMERGENCY_NUMBER = "emergency_number"
    VENUE = "venue"


@app.command()
def load(
    path: Annotated[
        Path | None, typer.Argument(help="A TOML or JSON file.", exists=True, dir_okay=False)
    ] = None,
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Load the invented sample instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the entries of a file over: all of them, or none and the faults."""
    if (path is None) != sample:
        fail("Name a file, or give --sample.", 2)
    try:
        loaded = files.load(path) if path else files.load_sample()
    except TutelaError as error:
        fail(str(error))
    counts = {"added": loaded.added, "changed": loaded.changed, "same": loaded.same}
    typer.echo(
        json.dumps(counts)
        if as_json
        else "{added} added, {changed} changed, {same} the same.".format(**counts)
    )


@app.command()
def dump(path: Annotated[Path, typer.Argument(help="The TOML or JSON file to write.")]) -> None:
    """Write the whole directory to a file that `load` reads."""
    typer.echo(f"{files.dump(path)} entries written to {path}.")


@app.command("list")
def list_command(kind: Kind = Kind.AGENCY, *, as_json: AsJson = False) -> None:
    """List one kind of entry, and say what nobody verified for too long."""
    table = files.TABLES[kind.value]
    rows = [{**files.values_of(table, row), "stale": _stale(row)} for row in files.rows_of(table)]
    if as_json:
        typer.echo(json.dumps({"items": rows, "next": None}, default=str, ensure_ascii=False, indent=2))
        return
    shown = Table(*table.keys, *(name for name in table.fields if name not in table.keys), "stale")
    for row in rows:
        shown.add_row(*(_text(row.get(str(column.header), "")) for column in shown.columns))
    Console().print(shown)


def _stale(row: files.Row) -> bool:
    if isinstance(row, Agency):
        return not row.is_trusted
    return isinstance(row, (Helpline, Venue)) and row.is_stale


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
