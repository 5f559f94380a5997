"""`tutela story`: one report's whole way, played against the running platform."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from tutela.surfaces.cli.main import fail
from tutela.surfaces.story.teller import Broken, Teller

app = typer.Typer()

STORIES = ("emergency", "triage")


@app.command()
def story(
    name: Annotated[str, typer.Argument(help="Which story: emergency or triage.")],
) -> None:
    """Play a report's whole way as the different people, and check each part of it."""
    if name not in STORIES:
        fail(f"There is no story {name}. There are: {', '.join(STORIES)}.", 2)
    tell = Teller(name)
    try:
        import_module(f"tutela.surfaces.story.{name}").play(tell)
    except Broken as error:
        tell.failures.append(str(error))
    finally:
        tell.end()
    if tell.failures:
        fail("The story does not hold:\n" + "\n".join(f"- {one}" for one in dict.fromkeys(tell.failures)))
    tell.console.print("[bold green]The story holds, every part of it.[/bold green]")
