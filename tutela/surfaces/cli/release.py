"""`tutela release`: read the release log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from django.utils import timezone

from tutela.core.audit.models import Act
from tutela.core.errors import NotFound
from tutela.core.people.actor import acting_as
from tutela.programs.registers.reading import Wanted, described, find, looked, people_of
from tutela.programs.registers.spreadsheet import as_csv
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    actor_named,
    moment,
    plain,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="The release log: what was released to whom.", no_args_is_help=True)
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day, in UTC.")]
COLUMNS = (
    "number", "at", "case_reference", "agency", "recipient_name", "pre_approved", "minutes_from_receipt",
)  # fmt: skip


@app.command("list")
@speaking
def list_command(
    *,
    case: Annotated[str, typer.Option(help="Only what was released on this case.")] = "",
    recipient: Annotated[str, typer.Option(help="Part of the name of an agency or a recipient.")] = "",
    since: Day = None,
    before: Day = None,
    everything: Annotated[bool, typer.Option("--all", help="Rows that were corrected, too.")] = False,
    review_open: Annotated[bool, typer.Option("--review-open", help="Only those not reviewed yet.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, safe for spreadsheets.")] = False,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """List the log, the newest first. Each case that shows is recorded as looked at, or as exported.

    tutela release list --as alder
    tutela release list --since 2026-01-01 --csv --as alder
    """
    wanted = Wanted(
        case=case,
        recipient=recipient,
        since=_utc(since),
        before=_utc(before),
        corrected=everything,
        review_open=review_open,
    )
    with acting_as(actor_named(username)) as actor:
        found = list(find(wanted))
        people = people_of(found)
        rows = [described(one, people) for one in found]
        looked(actor, found, Act.EXPORTED if csv else Act.CASE_LOOKED)
    if csv:
        typer.echo(as_csv(rows), nl=False)
    elif as_json:
        say_page(rows)
    else:
        shown = ([moment(row[name]) if name == "at" else row[name] for name in COLUMNS] for row in rows)
        say_table(COLUMNS, shown, "Nothing was released that you may see.")


def _utc(day: datetime | None) -> datetime | None:
    return timezone.make_aware(day, timezone.get_fixed_timezone(0)) if day else None


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
        entry = find(Wanted(corrected=True)).filter(number=number).first()
        if entry is None:
            raise NotFound("There is no such entry, or it is not yours to see.")
        row = described(entry, people_of([entry]))
        looked(actor, [entry])
    if as_json:
        say_json(row)
    else:
        say_table(("field", "value"), ((name, _said(name, value)) for name, value in row.items()), "")


def _said(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return plain(value["name"])
    if isinstance(value, list):
        return ", ".join(_said("", one) for one in value)
    return moment(value) if name.endswith("at") else plain(value)
