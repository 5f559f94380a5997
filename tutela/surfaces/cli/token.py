"""`tutela token`: make, list and revoke the bearer tokens of the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from django.utils import timezone

from tutela.core.errors import NotAllowed, NotFound
from tutela.core.people.keep import person_named
from tutela.core.people.models import Token
from tutela.core.people.tokens import LONGEST, make_token, revoke_token
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    moment,
    operator,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Bearer tokens of the API.", no_args_is_help=True)


class Scope(StrEnum):
    """What a token is for."""

    READ = "read"
    WRITE = "write"
    GRAVE = "grave"
    INTAKE = "intake"


@app.command()
@speaking
def create(
    *,
    holder: Annotated[str, typer.Option("--for", metavar="USERNAME", help="Whose rights the token has.")],
    name: Annotated[str, typer.Option(help="What it is used for.")],
    scope: Annotated[
        Scope,
        typer.Option(
            help="read, write (reads too), grave (performs also what asks a person for a second factor), "
            "or intake (sends reports only)."
        ),
    ] = Scope.READ,
    days: Annotated[int, typer.Option(min=1, max=LONGEST.days, help="How long it is valid.")] = 90,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Make a token and print it once. Only a keyed hash of it is kept.

    tutela token create --for juniper --name "weekly export" --scope read --days 30
    """
    staff = person_named(holder)
    if not staff.is_active:
        raise NotAllowed(f"{holder} does not work here any more.")
    text, row = make_token(staff, name, scope.value, timedelta(days=days), operator(username))
    if as_json:
        say_json({"token": text, **_line(row)})
        return
    typer.echo(text)
    typer.echo(f"Token {row.pk}, valid until {moment(row.expires_at)}. It is not shown again.", err=True)


@app.command("list")
@speaking
def list_command(
    *,
    holder: Annotated[str, typer.Option("--for", metavar="USERNAME", help="Only this person's.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """List tokens, never their texts.

    tutela token list --for juniper
    """
    lines = [_line(row) for row in _rows(holder) if everything or _is_live(row)]
    if as_json:
        say_page(lines)
        return
    columns = ("Id", "For", "Scope", "Valid until", "Last used", "Revoked", "Name")
    keys = ("id", "for", "scope", "expires_at", "last_used_at", "revoked_at", "name")
    rows = ([moment(one[key]) if key.endswith("_at") else one[key] for key in keys] for one in lines)
    say_table(columns, rows, "No token.")


@app.command()
@speaking
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="The token's id: see tutela token list.")],
    *,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """End a token. Every process refuses it within half a minute.

    tutela token revoke 7
    """
    row = Token.objects.select_related("staff").filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no token {number}.")
    revoked = revoke_token(row, operator(username))
    if as_json:
        say_json({"id": number, "revoked": revoked})
    else:
        typer.echo(f"Token {number} is revoked." if revoked else f"Token {number} was revoked before.")


def _rows(holder: str) -> Iterable[Token]:
    rows = Token.objects.select_related("staff").order_by("id")
    return rows.filter(staff=person_named(holder)) if holder else rows


def _is_live(row: Token) -> bool:
    return row.revoked_at is None and row.expires_at > timezone.now()


def _line(row: Token) -> dict[str, Any]:
    moments = ("made_at", "expires_at", "last_used_at", "revoked_at")
    return {
        "id": row.pk,
        "name": row.name,
        "for": row.staff.username,
        "scope": row.scope,
        **{name: getattr(row, name) for name in moments},
    }
