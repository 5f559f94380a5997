"""`tutela why`: why somebody sees a case, or does not."""

from __future__ import annotations

from typing import Annotated

import typer

from tutela.surfaces.api import access
from tutela.surfaces.cli.common import As, AsJson, actor_named, moment, say_json, say_table, speaking

app = typer.Typer()


@app.command()
@speaking
def why(
    name: Annotated[str, typer.Argument(help="The username of somebody.")],
    reference: Annotated[str, typer.Argument(help="The reference of a case that you see.")],
    *,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Say why somebody sees a case, or does not. For managers of the workflow and security officers.

    tutela why juniper EM-2026-0001 --as alder
    """
    told = access.explained(actor_named(username), reference, name)
    if as_json:
        say_json(told)
        return
    sees = (
        "sees it, to look only" if told["to_look_only"] else "sees it" if told["sees"] else "does not see it"
    )
    typer.echo(f"{reference}: {name} {sees}.")
    rows = (
        (
            "for" if one["speaks_for"] else "against",
            "counts" if one["counts"] else "",
            one["text"],
            one["by"],
            moment(one["since"]),
            moment(one["until"]),
            one["why"],
        )
        for one in told["reasons"]
    )
    say_table(("Speaks", "", "What", "By", "Since", "Until", "Why"), rows, "")
