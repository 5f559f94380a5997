"""`tutela records`: how long what is kept is kept, legal holds, and disposal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from django.utils import timezone, translation

from tutela.core.people.actor import acting_as
from tutela.core.records import described, disposal, runs
from tutela.core.records import holds as legal_holds
from tutela.core.records.due import coming
from tutela.core.records.schedule import schedule
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    Limit,
    actor_named,
    moment,
    plain,
    say_json,
    say_page,
    say_table,
    speaking,
)

app = typer.Typer(help="Retention, legal holds, disposal.", no_args_is_help=True)
hold = typer.Typer(help="Legal holds: list, place, release.", no_args_is_help=True)
dispose = typer.Typer(
    help="Disposal runs: list, show, propose, approve, stop, withdraw, carry out.", no_args_is_help=True
)
app.add_typer(hold, name="hold")
app.add_typer(dispose, name="dispose")

Cases = Annotated[list[str], typer.Argument(metavar="REFERENCE...", help="Cases of one workflow.")]
RunNumber = Annotated[str, typer.Argument(metavar="RUN", help="For instance DR-2026-0001.")]
Words = Annotated[str, typer.Option(help="Why, in a sentence.")]


@app.command("schedule")
@speaking
def schedule_command(*, as_json: AsJson = False) -> None:
    """Show the retention schedule, as it stands in the code."""
    with translation.override("en"):
        lines = [one.described() for one in schedule()]
    if as_json:
        say_page(lines)
        return
    rows = (
        (one["label"], one["length"] or "", one["counted_from"], one["then"], one["approval"], one["source"])
        for one in lines
    )
    say_table(("Record", "Kept for", "Counted from", "Then", "Approval", "Source"), rows, "")


@app.command()
@speaking
def due(
    workflow: Annotated[str, typer.Argument(help="For instance emergency.")],
    *,
    days: Annotated[
        int, typer.Option(min=0, max=3660, help="Also what becomes due within so many days.")
    ] = 0,
    limit: Limit = 100,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Show which closed cases are due, when, and what keeps some of them. Nothing goes.

    tutela records due emergency --days 90 --as alder
    """
    with acting_as(actor_named(username)), translation.override("en"):
        found = coming(workflow, timezone.now() + timedelta(days=days), limit)
        lines = [described.line(one) for one in found]
    if as_json:
        say_page(lines)
        return
    rows = (
        (one["case"], moment(one["closed_at"]), moment(one["due_at"]), one["may_go"], _why(one))
        for one in lines
    )
    say_table(("Case", "Closed", "Due", "May go", "What keeps it"), rows, "No case is due that you see.")


def _why(one: dict[str, Any]) -> str:
    return one["why"] or ("Another run has it" if one["in_run"] else "")


@hold.command("list")
@speaking
def hold_list(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Released ones, too.")] = False,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """List the holds that you may read of, the newest first."""
    with acting_as(actor_named(username)):
        rows = legal_holds.holds() if everything else legal_holds.holds().active()
        found = [described.hold(one) for one in described.with_cases(rows)]
    if as_json:
        say_page(found)
        return
    shown = (
        (
            one["number"],
            ", ".join(case["case"] for case in one["cases"]),
            one["authority"],
            moment(one["placed_at"]),
            moment(one["released_at"]),
        )
        for one in found
    )
    say_table(("Hold", "Cases", "Authority", "Placed", "Released"), shown, "No hold is active that you see.")


@hold.command("place")
@speaking
def hold_place(
    references: Cases,
    *,
    reason: Words,
    authority: Annotated[str, typer.Option(help="Who demands it, by which rule.")],
    party: Annotated[
        int | None, typer.Option(help="The id of a party on one of them: then every case of it.")
    ] = None,
    review: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When to look at it again.")
    ] = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Place a legal hold: nothing of these cases goes until it is released.

    tutela records hold place EM-2026-0001 --reason "A demand came in." --authority "A court" --as larch
    """
    made = legal_holds.place_hold(
        actor_named(username),
        references,
        reason,
        authority,
        party=party,
        review_at=review.date() if review else None,
    )
    _say(described_hold(made, username), f"Placed: {made.number}.", as_json=as_json)


@hold.command("release")
@speaking
def hold_release(
    number: Annotated[str, typer.Argument(metavar="HOLD", help="For instance LH-2026-0001.")],
    *,
    reason: Words,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Release a legal hold. What it kept may go when it is due."""
    done = legal_holds.release_hold(actor_named(username), number, reason)
    _say(described_hold(done, username), f"Released: {done.number}.", as_json=as_json)


def described_hold(one: Any, username: str) -> dict[str, Any]:
    """A hold as its holder sees it."""
    with acting_as(actor_named(username)):
        return described.hold(described.with_cases().get(pk=one.pk))


@dispose.command("list")
@speaking
def dispose_list(*, limit: Limit = 50, as_json: AsJson = False, username: As = "") -> None:
    """List the disposal runs that you may read of, the newest first."""
    with acting_as(actor_named(username)):
        found = [described.run(one) for one in described.with_items()[:limit]]
    if as_json:
        say_page(found)
        return
    shown = (
        (one["number"], one["workflow"], one["size"], one["state"], moment(one["proposed_at"]))
        for one in found
    )
    say_table(("Run", "Workflow", "Cases", "State", "Proposed"), shown, "There is no run that you see.")


@dispose.command("show")
@speaking
def dispose_show(number: RunNumber, *, as_json: AsJson = False, username: As = "") -> None:
    """Read one run, with what came of each case."""
    _show_run(number, username, as_json=as_json)


@dispose.command("propose")
@speaking
def dispose_propose(
    references: Cases, *, reason: Words = "", as_json: AsJson = False, username: As = ""
) -> None:
    """Propose that due cases go. Nothing goes before another person agrees.

    tutela records dispose propose EM-2023-0001 EM-2023-0002 --as alder
    """
    _show_run(runs.propose(actor_named(username), references, reason).number, username, as_json=as_json)


@dispose.command("approve")
@speaking
def dispose_approve(
    number: RunNumber, *, words: Words = "", as_json: AsJson = False, username: As = ""
) -> None:
    """Agree to the run of another person. The worker then disposes of its cases, one after the other."""
    _show_run(
        runs.decide(actor_named(username), number, runs.APPROVED, words).number, username, as_json=as_json
    )


@dispose.command("stop")
@speaking
def dispose_stop(number: RunNumber, *, words: Words, as_json: AsJson = False, username: As = "") -> None:
    """Stop the run of another person. Nothing of it goes."""
    _show_run(
        runs.decide(actor_named(username), number, runs.REFUSED, words).number, username, as_json=as_json
    )


@dispose.command("withdraw")
@speaking
def dispose_withdraw(number: RunNumber, *, words: Words, as_json: AsJson = False, username: As = "") -> None:
    """Withdraw one's own run."""
    _show_run(
        runs.decide(actor_named(username), number, runs.WITHDRAWN, words).number, username, as_json=as_json
    )


@dispose.command("carry-out")
@speaking
def dispose_carry_out(*, limit: Limit = 200, as_json: AsJson = False) -> None:
    """Dispose now of what two people agreed to, as the worker does every minute."""
    ended = disposal.carry_out(limit)
    _say({"ended": ended}, f"{ended} cases came to an end.", as_json=as_json)


@app.command("certificate")
@speaking
def certificate_command(
    number: Annotated[str, typer.Argument(metavar="CERTIFICATE", help="For instance DC-2026-0001.")],
    *,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Read the certificate of a disposal, compared with the audit log."""
    with acting_as(actor_named(username)):
        found = described.certificate(disposal.find_certificate(number))
    if as_json:
        say_json(found)
        return
    shown = (
        ("Cases", ", ".join(found["cases"])),
        ("Disposed of", moment(found["at"])),
        ("Rule", found["rule"]),
        ("Proposed by", found["proposed_by"]["name"]),
        ("Approved by", found["approved_by"]["name"]),
        ("Keys destroyed", found["keys_destroyed"]),
        ("Rows deleted", ", ".join(f"{name} {n}" for name, n in sorted(found["rows"].items()))),
        ("Same as in the audit log", "yes" if found["as_logged"] else "NO"),
    )
    say_table((found["number"], ""), shown, "")


def _show_run(number: str, username: str, *, as_json: bool) -> None:
    with acting_as(actor_named(username)), translation.override("en"):
        runs.find_run(number)
        found = described.run(described.with_items().get(number=number))
    if as_json:
        say_json(found)
        return
    typer.echo(f"{found['number']}: {found['state']}, proposed by {plain(found['proposed_by']['name'])}.")
    rows = (
        (one["case"], moment(one["due_at"]), one["state"], one["certificate"] or one["why"])
        for one in found["cases"]
    )
    say_table(("Case", "Due", "State", "Certificate, or why it stays"), rows, "")


def _say(value: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        say_json(value)
    else:
        typer.echo(words)
