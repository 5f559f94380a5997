"""`tutela review`: who holds which role, looked at once a quarter."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tutela.core.access import reviews as core
from tutela.core.errors import NotFound
from tutela.surfaces.api import reviews
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    Limit,
    Page,
    actor_named,
    moment,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Reviews of roles: list, show, decide.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The number of a review.")]


@app.command("list")
@speaking
def list_command(*, limit: Limit = 50, cursor: Page = "", as_json: AsJson = False, username: As = "") -> None:
    """List the reviews that you may read, the newest first."""
    page = reviews.listed(actor_named(username), limit, cursor or None)
    if as_json:
        say_page(page["items"], page["next"])
        return
    rows = (
        (one["id"], one["workflow"], one["quarter"], moment(one["due_at"]), _state(one))
        for one in page["items"]
    )
    say_table(
        ("Number", "Workflow", "Quarter", "Due", "State"), rows, "There is no review that you may read."
    )
    if page["next"]:
        typer.echo(f"More: --cursor {page['next']}", err=True)


@app.command()
@speaking
def show(number: Number, *, as_json: AsJson = False, username: As = "") -> None:
    """Read one review with each role in it."""
    found = reviews.detail(actor_named(username), number)
    if as_json:
        say_json(found)
        return
    typer.echo(f"{found['workflow']} {found['quarter']}: {_state(found)}")
    rows = (
        (
            one["person"]["username"],
            one["role"],
            moment(one["since"]),
            moment(one["last_used"]),
            _decision(one),
            one["words"],
        )
        for one in found["roles"]
    )
    say_table(("Username", "Role", "Since", "Last used", "Decision", "Why"), rows, "It holds no role.")


@app.command()
@speaking
def decide(
    number: Number,
    name: Annotated[str, typer.Argument(metavar="USERNAME", help="Whose role.")],
    role: Annotated[str, typer.Argument(metavar="ROLE", help="Which one.")],
    *,
    keep: Annotated[bool, typer.Option("--keep/--remove", help="The decision.")],
    words: Annotated[str, typer.Option(help="Why, in a sentence.")],
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Keep a role of somebody else, or end it.

    tutela review decide 3 juniper responder --keep --words "Still on the rota." --as alder
    """
    actor = actor_named(username)
    found = reviews.detail(actor, number)["roles"]
    line = next(
        (one["id"] for one in found if (one["person"]["username"], one["role"]) == (name, role)), None
    )
    if line is None:
        raise NotFound(f"{name} with the role {role} is not in this review.")
    core.decide(actor, number, line, words, keep=keep)
    if as_json:
        say_json(reviews.detail(actor, number))
    else:
        typer.echo("The role is kept." if keep else "The role has ended.")


def _state(one: dict[str, Any]) -> str:
    return "done" if one["closed_at"] else "overdue" if one["late"] else "open"


def _decision(one: dict[str, Any]) -> str:
    if one["kept"] is None:
        return "waits" if one["waits"] else "ended"
    return "kept" if one["kept"] else "removed"
