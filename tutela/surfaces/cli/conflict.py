"""`tutela conflict`: declared conflicts of interest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tutela.core.access import conflicts as core
from tutela.surfaces.api import conflicts
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

app = typer.Typer(help="Declared conflicts: declare, list, show, end, lift.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The number of a conflict.")]
WordsOption = Annotated[str, typer.Option("--words", help="Why, in a sentence.")]


@app.command("declare")
@speaking
def declare_command(
    name: Annotated[str, typer.Argument(help="The name of an account, a person or an organisation.")] = "",
    *,
    colleague: Annotated[str, typer.Option(metavar="USERNAME", help="In the place of a name.")] = "",
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")],
    whose: Annotated[
        str, typer.Option("--for", metavar="USERNAME", help="Of whom; you, unless you say.")
    ] = "",
    since: Annotated[datetime | None, typer.Option(help="From when, in UTC; now, unless you say.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Until when, in UTC.")] = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Declare a conflict of yours, or of somebody whom you manage. What speaks of it hides itself.

    tutela conflict declare ExampleMoss --reason "We wrote an article together." --as heron
    """
    made = conflicts.declared(
        actor_named(username),
        reason,
        username=whose,
        name=name,
        colleague=colleague,
        since=_utc(since),
        until=_utc(until),
    )
    if as_json:
        say_json(made)
    else:
        typer.echo(f"Conflict {made['id']} is declared from {moment(made['since'])}.")


@app.command("list")
@speaking
def list_command(*, limit: Limit = 50, cursor: Page = "", as_json: AsJson = False, username: As = "") -> None:
    """List the conflicts that you may read, the newest first."""
    page = conflicts.listed(actor_named(username), limit, cursor or None)
    if as_json:
        say_page(page["items"], page["next"])
        return
    rows = (
        (
            one["id"],
            one["person"]["username"],
            _with(one),
            moment(one["since"]),
            moment(one["ended_at"] or one["until"]),
        )
        for one in page["items"]
    )
    say_table(("Number", "Who", "With", "Since", "Until"), rows, "No conflict is declared that you may read.")
    if page["next"]:
        typer.echo(f"More: --cursor {page['next']}", err=True)


@app.command()
@speaking
def show(number: Number, *, as_json: AsJson = False, username: As = "") -> None:
    """Read one conflict."""
    found = conflicts.detail(actor_named(username), number)
    if as_json:
        say_json(found)
        return
    typer.echo(
        plain(f"{found['person']['name']} with {_with(found)}: {'over' if found['over'] else 'declared'}")
    )
    typer.echo(plain(f"By {found['declared_by']['name']}, since {moment(found['since'])}."))
    typer.echo(plain(found["reason"]))


@app.command()
@speaking
def end(number: Number, *, words: WordsOption, as_json: AsJson = False, username: As = "") -> None:
    """End a conflict of somebody else. What it hid shows to them again.

    tutela conflict end 7 --words "They do not work together any more." --as alder
    """
    ended = conflicts.line(core.end(actor_named(username), number, words))
    if as_json:
        say_json(ended)
    else:
        typer.echo("The conflict has ended.")


@app.command()
@speaking
def lift(
    reference: Annotated[str, typer.Argument(help="The reference of a case that you see.")],
    name: Annotated[str, typer.Argument(metavar="USERNAME", help="To whom it shows again.")],
    *,
    words: WordsOption,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Show a case to somebody again that is not about whom their conflict names. For its managers.

    tutela conflict lift EM-2026-0001 heron --words "Another account of that name." --as alder
    """
    done = conflicts.lifted(actor_named(username), reference, name, words)
    if as_json:
        say_json(done)
    else:
        typer.echo(f"{reference} shows to {name} again.")


def _with(one: dict[str, Any]) -> str:
    return str(one["colleague"]["username"] if one["colleague"] else one["name"])


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
