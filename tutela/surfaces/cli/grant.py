"""`tutela grant`: give, end and list roles on workflows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tutela.core.flow import registry
from tutela.core.people import keep
from tutela.core.people.models import Grant
from tutela.core.people.roles import PLATFORM, Role
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    moment,
    operator,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Roles on workflows: give, end, list.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="Who gets it.")]
Slug = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The short name of a workflow, or “platform”.")]
RoleName = Annotated[Role, typer.Argument(metavar="ROLE", help="One of: " + ", ".join(Role.values))]


@app.command()
@speaking
def give(
    username: Username,
    workflow: Slug,
    role: RoleName,
    *,
    until: Annotated[datetime | None, typer.Option(help="When it ends by itself, in UTC.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: AsJson = False,
    by: As = "",
) -> None:
    """Give somebody a role on a workflow.

    tutela grant give juniper emergency responder --until 2027-01-31
    tutela grant give rowan platform security
    tutela grant give laurel platform partner --until 2027-06-30
    """
    if workflow != PLATFORM:
        registry.workflow(workflow)
    ends = until.replace(tzinfo=UTC) if until else None
    staff = keep.person_named(username)
    grant = keep.give_grant(operator(by), staff, workflow, role, until=ends, reason=reason)
    if as_json:
        say_json(_line(grant))
    else:
        typer.echo(f"{username} is {role.value} on {workflow}.")


@app.command()
@speaking
def end(username: Username, workflow: Slug, role: RoleName, *, as_json: AsJson = False, by: As = "") -> None:
    """End a role now.

    tutela grant end juniper emergency responder
    """
    ended = keep.end_grant(operator(by), keep.person_named(username), workflow, role)
    if as_json:
        say_json({"username": username, "workflow": workflow, "role": role.value, "changed": ended})
    else:
        typer.echo("The role has ended." if ended else f"{username} does not hold this role.")


@app.command("list")
@speaking
def list_command(
    *,
    holder: Annotated[str, typer.Option("--for", metavar="USERNAME", help="Only this person's.")] = "",
    workflow: Annotated[str, typer.Option(help="Only on this workflow.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """List who holds which role."""
    grants = Grant.objects.all() if everything else Grant.objects.active()
    wanted = {"staff__username": holder, "workflow": workflow}
    grants = grants.filter(**{name: value for name, value in wanted.items() if value})
    people = grants.filter(staff__kind="person").select_related("staff", "granted_by")
    lines = [_line(one) for one in people.order_by("workflow", "staff__username", "role", "id")]
    if as_json:
        say_page(lines)
        return
    rows = (
        (
            one["workflow"],
            one["username"],
            one["role"],
            moment(one["since"]),
            moment(one["until"]),
            one["reason"],
        )
        for one in lines
    )
    say_table(("Workflow", "Username", "Role", "Since", "Until", "Reason"), rows, "Nobody holds a role.")


def _line(grant: Grant) -> dict[str, Any]:
    return {
        "username": grant.staff.username,
        "workflow": grant.workflow,
        "role": str(Role(grant.role).value),
        "since": grant.since,
        "until": grant.until,
        "by": grant.granted_by.username if grant.granted_by else None,
        "reason": grant.reason,
    }
