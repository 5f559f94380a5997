"""`tutela capture`: have a page of a wiki kept as an exhibit."""

from __future__ import annotations

from typing import Annotated

import typer

from tutela.core.flow.perform import perform
from tutela.surfaces.cli.common import As, actor_named, speaking

app = typer.Typer()


@app.command()
@speaking
def capture(
    address: Annotated[str, typer.Argument(help="The address of a page, a revision or a diff.")],
    *,
    case: Annotated[str, typer.Option(help="The reference of the case that keeps it.")],
    username: As = "",
) -> None:
    """Keep what a wiki shows of an address now. The worker asks the wiki within a moment.

    tutela capture "https://wiki.example/wiki/User_talk:ExampleMoss" --case EM-2026-0001 --as juniper
    """
    perform(case, "capture", actor_named(username), {"address": address})
    typer.echo(f"Asked for. The exhibits of {case} show it in a moment.")
