"""The process that does the work: `tutela worker`."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command()
def worker() -> None:
    """Turn reports into cases, deliver effects, keep the clocks, do the chores. Any number may run."""
    from tutela.server.worker import run

    raise typer.Exit(run())
