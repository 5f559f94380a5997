"""`tutela sample`: a made-up team and cases, and links to sign in as each of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tutela.core.access import reviews
from tutela.core.people.models import Staff
from tutela.core.people.sign_in import make_sign_in_link
from tutela.programs.directory import files
from tutela.surfaces.sample.cases import load_cases
from tutela.surfaces.sample.people import TEAM, load_people

app = typer.Typer(help="A made-up team and cases, for trying Tutela out.", no_args_is_help=True)

VALID_FOR = timedelta(hours=12)


@app.command()
def load() -> None:
    """Add the sample team, directory and cases. What is there already stays as it is."""
    load_people()
    files.load_sample()
    added = load_cases()
    reviews.tend()
    typer.echo(f"{added} sample cases added." if added else "The sample is loaded already.")


@app.command()
def links(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print a one-time sign-in link for each sample person."""
    made = [
        (staff, make_sign_in_link(staff, VALID_FOR))
        for staff in (Staff.objects.get(username=person.username) for person in TEAM)
    ]
    if as_json:
        items = [{"username": staff.username, "title": staff.title, "link": link} for staff, link in made]
        typer.echo(json.dumps({"items": items, "next": None}))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for staff, link in made:
        table.add_row(staff.working_name, staff.title, link)
    Console(soft_wrap=True, width=200).print(table)
