"""`tutela doctor`: is this installation sound, and if not, what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from tutela.server.doctor import Finding, State, examine

app = typer.Typer()


@app.command()
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object with `items` and `next`.")] = False,
) -> None:
    """Check this installation and say what to do. Exits with 1 when something is at fault."""
    findings = examine()
    if as_json:
        typer.echo(json.dumps({"items": [asdict(finding) for finding in findings], "next": None}))
    else:
        for finding in findings:
            typer.echo(line(finding))
    if any(finding.state is State.FAULT for finding in findings):
        raise typer.Exit(1)


def line(finding: Finding) -> str:
    """One finding as a person reads it."""
    text = f"{finding.state.value:<6} {finding.check}: {finding.seen}."
    return f"{text}\n       {finding.remedy}" if finding.remedy else text
