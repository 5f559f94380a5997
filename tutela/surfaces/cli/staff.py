"""`tutela staff`: who works here, in which team, and links that sign them in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from tutela.core.cases.models import Case
from tutela.core.people import keep
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Staff
from tutela.core.people.sign_in import invite as make_invitation
from tutela.core.people.sign_in import make_sign_in_link
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    operator,
    plain,
    say_json,
    say_page,
    say_table,
    speaking,
)
from tutela.surfaces.cli.main import USAGE, fail
from tutela.surfaces.desk.signing_in import factors

app = typer.Typer(help="Staff: list, add, teams, invitations, sign-in links.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="The name under which they sign in.")]
TeamName = Annotated[str, typer.Argument(metavar="TEAM", help="The short name of a team.")]


@app.command("list")
@speaking
def list_command(
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Also those who left.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the people who work here, with their teams and roles."""
    people = Staff.objects.filter(kind=Staff.Kind.PERSON).prefetch_related("teams").order_by("username")
    lines = [_line(one) for one in people if everybody or one.is_active]
    if as_json:
        say_page(lines)
        return
    rows = (
        (
            one["username"],
            one["name"],
            one["title"],
            one["second_factor"],
            ", ".join(one["teams"]),
            ", ".join(one["roles"]),
        )
        for one in lines
    )
    columns = ("Username", "Working name", "Title", "Second factor", "Teams", "Roles")
    say_table(columns, rows, "Nobody works here yet.")


@app.command()
@speaking
def add(
    username: Username,
    *,
    name: Annotated[str, typer.Option(help="The working name that pages and letters show.")],
    title: Annotated[str, typer.Option(help="What they do.")] = "",
    email: Annotated[str, typer.Option(help="Where notices go.")] = "",
    language: Annotated[str, typer.Option(help="The language of their pages.")] = "en",
    team: Annotated[list[str] | None, typer.Option(help="A team; once more for another.")] = None,
    as_json: AsJson = False,
    by: As = "",
) -> None:
    """Add a person. Then invite them: see tutela staff invite.

    tutela staff add juniper --name Juniper --team emergency
    """
    if not username.isascii() or not username.replace("-", "").replace("_", "").isalnum():
        fail("A username has letters, digits, - and _ only.", USAGE)
    actor = operator(by)
    fields = {"title": title, "email": email, "language": language}
    staff = keep.add_staff(actor, username, name, fields)
    for one in team or []:
        keep.join_team(actor, staff, one)
    if as_json:
        say_json(_line(staff))
    else:
        typer.echo(f"{username} is added. Next: tutela grant give {username} WORKFLOW ROLE.")


@app.command()
@speaking
def end(username: Username, *, as_json: AsJson = False, by: As = "") -> None:
    """Let somebody go, from this moment on: no session, passphrase, link, grant or token. Their records stay.

    Lists the open cases that were theirs, as far as whoever acts may see them.

    tutela staff end juniper --as alder
    """
    staff, actor = keep.person_named(username), operator(by)
    keep.end_staff(actor, staff)
    with acting_as(actor):
        left = list(Case.objects.open().filter(assignee=staff).order_by("due_at", "id"))
    if as_json:
        say_json({"username": username, "active": False, "assigned": [one.reference for one in left]})
        return
    typer.echo(f"{username} has no access any more.")
    for case in left:
        typer.echo(f"{case.reference} was theirs: {plain(case.title)}")
    if actor.is_system:
        typer.echo(f"What was theirs: tutela case list --assignee {username} --as SOMEBODY WHO MANAGES IT")


@app.command()
@speaking
def join(username: Username, team: TeamName, *, as_json: AsJson = False, by: As = "") -> None:
    """Put somebody into a team: then they see its restricted cases, where they hold a grant.

    tutela staff join juniper emergency
    """
    new = keep.join_team(operator(by), keep.person_named(username), team)
    if as_json:
        say_json({"username": username, "team": team, "changed": new})
    else:
        typer.echo(f"{username} is in {team}." if new else f"{username} was in {team} already.")


@app.command()
@speaking
def leave(username: Username, team: TeamName, *, as_json: AsJson = False, by: As = "") -> None:
    """Take somebody out of a team.

    tutela staff leave juniper emergency
    """
    gone = keep.leave_team(operator(by), keep.person_named(username), team)
    if as_json:
        say_json({"username": username, "team": team, "changed": gone})
    else:
        typer.echo(f"{username} left {team}." if gone else f"{username} was not in {team}.")


@app.command()
@speaking
def link(
    username: Username,
    *,
    hours: Annotated[int, typer.Option(min=1, max=168, help="How long the link is valid.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Print a link that signs one person in once. Whoever has it is that person: hand it over safely.

    tutela staff link juniper
    """
    address = make_sign_in_link(_working(username), timedelta(hours=hours))
    if as_json:
        say_json({"username": username, "link": address})
    else:
        typer.echo(address)


@app.command()
@speaking
def invite(username: Username, *, as_json: AsJson = False, by: As = "") -> None:
    """Print an invitation: with it a person chooses a passphrase, once, within 72 hours.

    tutela staff invite juniper
    """
    _say_invitation(_working(username), operator(by), as_json=as_json)


@app.command()
@speaking
def reset(username: Username, *, as_json: AsJson = False, by: As = "") -> None:
    """Take passphrase and second factors away, end every session, and print an invitation.

    For somebody who lost what they sign in with. Make sure that it is they who ask.

    tutela staff reset juniper
    """
    staff, actor = _working(username), operator(by)
    factors.reset(actor, staff)
    _say_invitation(staff, actor, as_json=as_json)


@app.command()
@speaking
def tie(
    username: Username,
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="oidc or mediawiki.")],
    uid: Annotated[str, typer.Argument(metavar="NUMBER", help="The lasting number of the account there.")],
    *,
    as_json: AsJson = False,
    by: As = "",
) -> None:
    """Let an account of elsewhere sign a person in. Its number is the “sub” of the provider, never a name.

    tutela staff tie juniper mediawiki 4711
    """
    factors.link(operator(by), _working(username), provider, uid)
    if as_json:
        say_json({"username": username, "provider": provider, "number": uid})
    else:
        typer.echo(f"{username} can sign in with {provider}.")


def _working(username: str) -> Staff:
    staff = keep.person_named(username)
    if not staff.is_active:
        fail(f"{username} does not work here any more.", 4)
    return staff


def _say_invitation(staff: Staff, actor: Actor, *, as_json: bool) -> None:
    address = make_invitation(actor, staff)
    if as_json:
        say_json({"username": staff.username, "invitation": address})
    else:
        typer.echo(address)


def _line(staff: Staff) -> dict[str, Any]:
    grants = Grant.objects.active().filter(staff=staff).order_by("workflow", "role")
    return {
        "username": staff.username,
        "name": staff.working_name,
        "title": staff.title,
        "active": staff.is_active,
        "second_factor": staff.second_factor_since is not None,
        "teams": sorted(team.slug for team in staff.teams.all()),
        "roles": [f"{one.workflow}/{one.role}" for one in grants],
    }
