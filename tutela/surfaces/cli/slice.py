"""`tutela slice`: redacted slices of cases, and what is shared with a partner."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tutela.core.slices.sources import Names
from tutela.surfaces.api import slices
from tutela.surfaces.cli.common import As, AsJson, actor_named, moment, plain, say_json, say_table, speaking

app = typer.Typer(
    help="Redacted slices: sources, ask, list, show, give, end; mine and read for partners.",
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The number of a slice.")]
Reference = Annotated[str, typer.Argument(help="The reference of a case.")]


@app.command()
@speaking
def sources(reference: Reference, *, as_json: AsJson = False, username: As = "") -> None:
    """List what of a case may go into a slice. The look is recorded."""
    found = slices.sources(actor_named(username), reference)
    if as_json:
        say_json(found)
        return
    rows = ((one["name"], plain(one["title"])) for one in found["items"])
    say_table(("Part", "What"), rows, "Nothing of the case can be shared yet.")


@app.command()
@speaking
def ask(
    reference: Reference,
    *,
    purpose: Annotated[str, typer.Option(help="What it is for. The partners read it.")],
    reader: Annotated[list[str], typer.Option("--with", help="The username of a partner; may be repeated.")],
    part: Annotated[list[str], typer.Option(help="A part of the case, see “sources”; may be repeated.")],
    days: Annotated[int, typer.Option(help="For how many days.")] = 14,
    word: Annotated[
        list[str] | None, typer.Option("--black-out", help="A word or phrase to black out; may be repeated.")
    ] = None,
    keep: Annotated[
        list[Names] | None, typer.Option("--keep-names-of", help="Whose names are not blacked out.")
    ] = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Ask to share parts of a case with partners. Prints what they would read.

    tutela slice ask EM-2026-0001 --purpose "An appeal" --with laurel --part report-1 --black-out ExampleMoss
    """
    names = [one for one in Names if one not in (keep or [])]
    parts: list[tuple[str, str | None]] = [(one, None) for one in part]
    made = slices.asked(actor_named(username), reference, purpose, reader, days, parts, word or [], names)
    _say(made, as_json=as_json)


@app.command("list")
@speaking
def list_command(reference: Reference, *, as_json: AsJson = False, username: As = "") -> None:
    """List the redacted slices of a case, the newest first."""
    found = slices.of_case(actor_named(username), reference)
    if as_json:
        say_json(found)
        return
    rows = (
        (one["id"], one["state"], moment(one["until"]), one["asked_by"]["username"], plain(one["purpose"]))
        for one in found["items"]
    )
    say_table(("Number", "State", "Until", "By", "Purpose"), rows, "Nothing of this case was shared.")


@app.command()
@speaking
def show(reference: Reference, number: Number, *, as_json: AsJson = False, username: As = "") -> None:
    """Read one slice of a case as its partners do, with how often they looked."""
    _say(slices.detail(actor_named(username), reference, number), as_json=as_json)


@app.command()
@speaking
def give(
    reference: Reference,
    number: Number,
    *,
    digest: Annotated[str, typer.Option(help="The digest of what you read, see “show”.")],
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Agree to the slice of somebody else, as you read it."""
    done = slices.given(actor_named(username), reference, number, digest)
    if as_json:
        say_json(done)
    else:
        typer.echo(f"Slice {number} is given until {moment(done['until'])}.")


@app.command()
@speaking
def end(
    reference: Reference,
    number: Number,
    *,
    words: Annotated[str, typer.Option(help="Why, in a sentence.")],
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """End a slice now; refuse one that waits, or withdraw your own."""
    done = slices.ended(actor_named(username), reference, number, words)
    if as_json:
        say_json(done)
    else:
        typer.echo(f"Slice {number}: {done['state']}.")


@app.command()
@speaking
def mine(*, as_json: AsJson = False, username: As = "") -> None:
    """List what is shared with you now, as a partner."""
    found = slices.mine(actor_named(username))
    if as_json:
        say_json(found)
        return
    rows = ((one["id"], moment(one["until"]), plain(one["purpose"])) for one in found["items"])
    say_table(("Number", "Until", "Purpose"), rows, "Nothing is shared with you now.")


@app.command()
@speaking
def read(number: Number, *, as_json: AsJson = False, username: As = "") -> None:
    """Read a slice that is shared with you. The look is recorded."""
    found = slices.read(actor_named(username), number)
    if as_json:
        say_json(found)
        return
    typer.echo(f"For {plain(found['reader'])} alone, until {moment(found['until'])}. Do not pass it on.")
    _say_words(found)


def _say(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(one)
        return
    typer.echo(f"Slice {one['id']}: {one['state']}, until {moment(one['until'])}")
    typer.echo(f"Digest {one['digest']}")
    for each in one["readers"]:
        typer.echo(f"With {plain(each['reader']['name'])}. Looks: {each['looks']}")
    _say_words(one)


def _say_words(one: dict[str, Any]) -> None:
    typer.echo(f"\n{plain(one['purpose'])}")
    for part in one["parts"]:
        typer.echo(f"\n{plain(part['title'])}\n{plain(part['text'])}")
