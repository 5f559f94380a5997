"""The process that tells open pages what changed: `tutela live`."""

from __future__ import annotations

import typer

from tutela.surfaces.cli.main import find_database

app = typer.Typer()


# Django's settings, and no more of Django: that is half the memory.
@app.command()
def live() -> None:
    """Tell open pages what changed, on the port after that of the pages."""
    find_database()
    from tutela.server.live import run

    run()
