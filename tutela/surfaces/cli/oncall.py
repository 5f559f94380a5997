"""`tutela oncall`: who is on duty, and the rotas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import typer

from tutela.core.oncall import keep
from tutela.core.people.keep import person_named
from tutela.surfaces.api import on_call
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    actor_named,
    moment,
    operator,
    plain,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Who is on call: now, in the next weeks, and the rotas.", no_args_is_help=True)

RotaArgument = Annotated[str, typer.Argument(metavar="ROTA", help="The short name of a rota.")]
#: What stands in the place of a name when nobody is on duty.
NOBODY = "NOBODY"


@app.command("who")
@speaking
def who_command(
    workflow: Annotated[str, typer.Argument(help="The short name of a workflow; all, unless you say.")] = "",
    *,
    at: Annotated[datetime | None, typer.Option(help="At which moment, in UTC; now, unless you say.")] = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Say who is on duty. With nobody there, it says so, and who is asked instead.

    tutela oncall who emergency --at "2026-12-24 18:00:00"
    """
    found = on_call.on_duty(operator(username), workflow, at.replace(tzinfo=UTC) if at else None)["items"]
    if as_json:
        say_page(found)
        return
    rows = (
        (
            one["workflow"],
            NOBODY if one["why"] == "nobody" else _names(one["on"]),
            _names(one["on"] if one["why"] == "nobody" else one["back_up"]),
            moment(one["until"]),
        )
        for one in found
    )
    say_table(("Workflow", "On duty", "Asked next", "Until"), rows, "There is no such workflow of yours.")


@app.command("list")
@speaking
def list_command(*, as_json: AsJson = False, username: As = "") -> None:
    """List the rotas: what they are for, when they hand over, who takes turns."""
    found = on_call.rotas(operator(username))["items"]
    if as_json:
        say_page(found)
        return
    rows = (
        (
            one["slug"],
            ", ".join(one["workflows"]),
            f"{WEEKDAYS[one['weekday']]} {one['hour']} {one['time_zone']}",
            _names(one["people"]),
        )
        for one in found
    )
    say_table(("Rota", "For", "Hand-over", "People"), rows, "There is no rota.")


@app.command()
@speaking
def show(rota: RotaArgument, *, as_json: AsJson = False, username: As = "") -> None:
    """List who is on duty in the next four weeks."""
    found = on_call.duties(operator(username), rota)["items"]
    if as_json:
        say_page(found)
        return
    rows = (
        (
            moment(one["starts"]),
            moment(one["ends"]),
            NOBODY if one["why"] == "nobody" else _names(one["on"]),
            _names(one["back_up"]),
        )
        for one in found
    )
    say_table(("From", "To", "On duty", "Back-up"), rows, "Nothing.")


@app.command("set")
@speaking
def set_command(
    rota: RotaArgument,
    people: Annotated[list[str], typer.Argument(metavar="USERNAME...", help="Who takes turns, in order.")],
    *,
    name: Annotated[str, typer.Option(help="How pages call it; the short name, unless you say.")] = "",
    workflow: Annotated[list[str], typer.Option("--for", metavar="WORKFLOW", help="Give it once for each.")],
    zone: Annotated[str, typer.Option(help="On whose wall they hand over.")] = "UTC",
    at: Annotated[str, typer.Option(metavar="HH:MM", help="At what time.")] = "09:00",
    first: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="When the first one takes over.")],
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Make a rota, or change it. Its levels stay; a new one gets the usual ones.

    tutela oncall set emergencies juniper heron --for emergency --zone Europe/Berlin --first 2026-11-23
    """
    actor = operator(username)
    before = keep.rotas(actor).filter(slug=rota).first()
    levels = keep.levels_of(before) if before else keep.USUAL_LEVELS
    wanted = keep.Wanted(
        name or (before.name if before else rota),
        tuple(workflow),
        zone,
        _time(at),
        date(first.year, first.month, first.day),
        tuple(person_named(one) for one in people),
        levels,
    )
    made = on_call.rota_line(keep.save_rota(actor, rota, wanted))
    if as_json:
        say_json(made)
    else:
        typer.echo(plain(f"{made['slug']}: {_names(made['people'])} take turns."))


@app.command()
@speaking
def take(
    rota: RotaArgument,
    *,
    starts: Annotated[datetime, typer.Option("--from", help="From when, in UTC.")],
    ends: Annotated[datetime, typer.Option("--to", help="Until when, in UTC.")],
    username: As = "",
) -> None:
    """Take a span.

    tutela oncall take emergencies --from "2026-12-24 09:00:00" --to "2026-12-25 09:00:00" --as heron
    """
    actor = actor_named(username)
    found = keep.find(actor, rota)
    keep.take(actor, found, person_named(username), starts.replace(tzinfo=UTC), ends.replace(tzinfo=UTC))
    typer.echo("The span is yours.")


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _names(people: list[dict[str, Any]]) -> str:
    return ", ".join(str(one["username"]) for one in people)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("Give a time such as 09:00.") from None
