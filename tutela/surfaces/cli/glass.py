"""`tutela glass`: open a case by break-glass, and the openings with their reviews."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tutela.core.access import glass as break_glass
from tutela.surfaces.api import openings
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    Limit,
    Page,
    actor_named,
    moment,
    plain,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Break-glass: open, list, show, close, review.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The number of an opening.")]
Reference = Annotated[str, typer.Argument(help="The exact reference of a case.")]


@app.command("open")
@speaking
def open_command(
    reference: Reference,
    *,
    reason: Annotated[str, typer.Option(help="Why, in a sentence. Its team reads it.")],
    minutes: Annotated[int | None, typer.Option(help="For how long.")] = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Open a case that is not yours to see, to look only. Its team and the security officers are told.

    tutela glass open EM-2026-0001 --reason "Nobody of the team answers." --as alder
    """
    made = openings.opened(actor_named(username), reference, reason, minutes)
    if as_json:
        say_json(made)
    else:
        typer.echo(f"Opening {made['id']}: {reference} is open to you until {moment(made['expires_at'])}.")


@app.command("list")
@speaking
def list_command(*, limit: Limit = 50, cursor: Page = "", as_json: AsJson = False, username: As = "") -> None:
    """List the openings that you may read of, the newest first."""
    page = openings.listed(actor_named(username), limit, cursor or None)
    if as_json:
        say_page(page["items"], page["next"])
        return
    rows = (
        (
            one["id"],
            one["reference"],
            one["opened_by"]["username"],
            moment(one["opened_at"]),
            moment(one["closed_at"] or one["expires_at"]),
            _verdict(one),
        )
        for one in page["items"]
    )
    columns = ("Number", "Case", "By", "Opened", "Ends", "Review")
    say_table(columns, rows, "No case was opened that you may read of.")
    if page["next"]:
        typer.echo(f"More: --cursor {page['next']}", err=True)


@app.command()
@speaking
def show(number: Number, *, as_json: AsJson = False, username: As = "") -> None:
    """Read one opening, with what was looked at if you answer for it."""
    found = openings.detail(actor_named(username), number)
    if as_json:
        say_json(found)
        return
    typer.echo(f"{found['reference']}, opened by {plain(found['opened_by']['name'])}: {_verdict(found)}")
    typer.echo(f"From {moment(found['opened_at'])} to {moment(found['closed_at'] or found['expires_at'])}.")
    typer.echo(plain(found["reason"]))
    rows = ((moment(one["at"]), one["label"], one["via"]) for one in found["looks"])
    say_table(("At", "What", "Where"), rows, "Nothing was looked at that you may read of.")


@app.command()
@speaking
def close(number: Number, *, as_json: AsJson = False, username: As = "") -> None:
    """End an opening before its time."""
    closed = openings.line(break_glass.close_glass(actor_named(username), number))
    if as_json:
        say_json(closed)
    else:
        typer.echo("The opening is closed.")


@app.command()
@speaking
def review(
    number: Number,
    *,
    justified: Annotated[bool, typer.Option("--justified/--not-justified", help="The verdict.")],
    words: Annotated[str, typer.Option(help="Why, in a sentence.")],
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Give the verdict on an opening of somebody else that is over.

    tutela glass review 7 --justified --words "A life depended on it." --as alder
    """
    done = break_glass.review_glass(actor_named(username), number, words, justified=justified)
    if as_json:
        say_json(openings.line(done))
    else:
        typer.echo(f"Recorded: {_verdict(openings.line(done))}.")


def _verdict(one: dict[str, Any]) -> str:
    if one["justified"] is None:
        return f"review due {moment(one['review_due_at'])}"
    return "justified" if one["justified"] else "not justified"
