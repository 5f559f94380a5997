"""`tutela page`: cases for which people were asked to answer."""

from __future__ import annotations

from typing import Annotated

import typer

from tutela.surfaces.api import pages
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    actor_named,
    moment,
    plain,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Pages: list those that nobody has answered, and answer one.", no_args_is_help=True)


@app.command("list")
@speaking
def list_command(*, as_json: AsJson = False, username: As = "") -> None:
    """List the pages that nobody has answered, of cases that you see."""
    found = pages.waiting(actor_named(username))["items"]
    if as_json:
        say_page(found)
        return
    rows = (
        (
            one["reference"],
            moment(one["made_at"]),
            ", ".join(person["username"] for person in one["asked"]),
            moment(one["next_at"]),
            one["rounds"],
        )
        for one in found
    )
    say_table(("Case", "Since", "Asked last", "Next asked at", "Rounds"), rows, "Every page is answered.")


@app.command()
@speaking
def ack(
    reference: Annotated[str, typer.Argument(help="The reference of a case that you see.")],
    *,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Answer for a case: nobody else is asked.

    tutela page ack EM-2026-0001 --as juniper
    """
    done = pages.answered(actor_named(username), reference)
    if as_json:
        say_json(done)
    else:
        typer.echo(plain(f"You answer for {done['reference']}."))
