"""`tutela report`: take a report down by hand, and read the reports of a case."""

from __future__ import annotations

import sys
import uuid
from typing import Annotated

import typer

from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import Incoming, new_receipt, receipt_public, receive
from tutela.core.errors import BadData
from tutela.core.flow import registry
from tutela.surfaces.api import reading
from tutela.surfaces.cli.case import Reference
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    Limit,
    Page,
    actor_named,
    moment,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Reports: take one down, list those of a case.", no_args_is_help=True)


@app.command()
@speaking
def send(
    *,
    workflow: Annotated[str, typer.Option(help="Which workflow it is for.")],
    text: Annotated[str, typer.Option(help="What happened; without it, stdin is read.")] = "",
    subject: Annotated[str, typer.Option(help="A short title.")] = "",
    language: Annotated[str, typer.Option(help="The language of the reporter, for instance fr.")] = "",
    name: Annotated[str, typer.Option(help="Who told us.")] = "",
    email: Annotated[str, typer.Option(help="Where answers go by mail.")] = "",
    key: Annotated[str, typer.Option(help="The same report under the same key is kept once.")] = "",
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Take down a report that came by telephone or in person, and open its case.

    tutela report send --workflow emergency --text "They wrote goodbye." --as juniper
    """
    actor = actor_named(username)
    declared = registry.workflow(workflow)
    if not declared.takes_reports:
        raise BadData(f"{workflow} takes no reports from outside.", {})
    raw = text.encode("utf-8", "surrogateescape") if text else sys.stdin.buffer.read()
    said = raw.decode("utf-8", "replace")
    code, receipt = new_receipt()
    received = receive(
        Incoming(
            channel="cli",
            workflow=workflow,
            raw=raw,
            text=said,
            subject=subject,
            language=language,
            sender_name=name,
            sender_email=email,
            source_key=f"{actor.id} {key}" if key else uuid.uuid4().hex,
            strict_key=True,
            receipt_hash=receipt,
            receipt_public=receipt_public(code),
        )
    )
    told = {
        "report": received.report_id,
        "case": open_case(received.report_id),
        "duplicate": received.duplicate,
        "receipt": None if received.duplicate else code,
    }
    if as_json:
        say_json(told)
        return
    typer.echo(f"Report {told['report']} is case {told['case']}.")
    typer.echo(
        "It had been taken down before."
        if received.duplicate
        else f"The reporter comes back with the code {code}"
    )


@app.command("list")
@speaking
def list_command(
    reference: Reference, *, limit: Limit = 50, cursor: Page = "", as_json: AsJson = False, username: As = ""
) -> None:
    """Read the reports of a case, without their raw bytes.

    tutela report list EM-2026-0001 --as juniper
    """
    page = reading.reports(reference, actor_named(username), limit, cursor or None)
    if as_json:
        say_page(page["items"], page["next"])
        return
    rows = (
        (
            one["id"],
            moment(one["received_at"]),
            one["channel"],
            one["language"],
            len(one["files"]),
            one["text"],
        )
        for one in page["items"]
    )
    say_table(("Id", "Received", "By", "Language", "Files", "Text"), rows, "No report came in for this case.")
