"""`tutela release`: read the release log."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from django.forms.models import model_to_dict

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound
from tutela.core.people.actor import Actor, acting_as
from tutela.programs.registers.models import ReleaseEntry
from tutela.programs.registers.releases import entries
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    actor_named,
    moment,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="The release log: what was released to whom.", no_args_is_help=True)


@app.command("list")
@speaking
def list_command(
    *,
    case: Annotated[str, typer.Option(help="Only what was released on this case.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Rows that were corrected, too.")] = False,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """List the log, the newest first. Each case that shows is recorded as looked at.

    tutela release list --as alder
    """
    with acting_as(actor_named(username)) as actor:
        found = ReleaseEntry.objects.order_by("-at", "-id") if everything else entries()
        rows = [described(one) for one in (found.filter(case_reference=case) if case else found)]
        looked(actor, {row["case_id"] for row in rows})
    if as_json:
        say_page(rows)
        return
    columns = (
        "number",
        "at",
        "case_reference",
        "agency",
        "recipient_name",
        "pre_approved",
        "minutes_from_receipt",
    )
    shown = ([moment(row[name]) if name == "at" else row[name] for name in columns] for row in rows)
    say_table(columns, shown, "Nothing was released that you may see.")


@app.command()
@speaking
def show(
    number: Annotated[str, typer.Argument(help="For instance RL-2026-0001.")],
    *,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Read one entry."""
    with acting_as(actor_named(username)) as actor:
        entry = ReleaseEntry.objects.filter(number=number).first()
        if entry is None:
            raise NotFound("There is no such entry, or it is not yours to see.")
        row = described(entry)
        looked(actor, {entry.case_id})
    if as_json:
        say_json(row)
    else:
        said = ((name, moment(value) if name.endswith("at") else value) for name, value in row.items())
        say_table(("field", "value"), said, "")


def described(entry: ReleaseEntry) -> dict[str, Any]:
    """An entry as plain values; people by id, the corrected row by number."""
    row = {
        "at": entry.at,
        **model_to_dict(entry),
        "corrects": entry.corrects.number if entry.corrects else None,
    }
    row.pop("id")
    return row


def looked(actor: Actor, cases: set[int]) -> None:
    """Record the look, as one at the case itself."""
    for case in sorted(cases):
        record(Act.CASE_LOOKED, actor, case, at="release log")
