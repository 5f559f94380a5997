"""`tutela audit`: seal the log, verify it, and hand it to an auditor."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from tutela.core.audit.anchors import Anchor, anchors
from tutela.core.audit.export import export as write_export
from tutela.core.audit.heads import public_text, signing_key
from tutela.core.audit.held import HeldElsewhere
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.audit.seal import seal_and_anchor
from tutela.core.audit.verify import CaseReport, Report, verify_case
from tutela.core.audit.verify import verify as verify_log
from tutela.core.people.actor import acting_as
from tutela.surfaces.api.looks import find_case
from tutela.surfaces.cli.common import As, AsJson, actor_named, operator, say_json, speaking
from tutela.surfaces.cli.main import FAILED, TRY_LATER, USAGE, fail

app = typer.Typer(help="The audit log: seal, verify, export.", no_args_is_help=True)
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="A public key that may have signed, in the place of this machine's own."),
]


@app.command()
@speaking
def seal(*, as_json: AsJson = False) -> None:
    """Seal what waits, and hand the signed head to the anchors. The worker does so every minute.

    tutela audit seal
    """
    done = seal_and_anchor()
    if as_json:
        say_json({"sealed": done.entries, "head": done.head and asdict(done.head), "anchored": done.anchored})
    else:
        typer.echo(f"{done.entries} entries sealed.")
        typer.echo(done.head.text if done.head else "There is nothing in the log yet.", nl=not done.head)
    if not done.anchored:
        fail("Not every anchor holds the newest head. `tutela doctor` says why.", TRY_LATER)


@app.command()
@speaking
def key(*, as_json: AsJson = False) -> None:
    """Print the public key of the log. An auditor should get it by another way than the export."""
    text = public_text(signing_key(settings.AUDIT_KEY_FILE))
    if as_json:
        say_json({"key": text})
    else:
        typer.echo(text)


@app.command()
@speaking
def verify(
    *,
    since: Annotated[int, typer.Option(min=0, help="Only what came after this anchored head.")] = 0,
    case: Annotated[str, typer.Option(help="Prove the entries of one case, which --as may see.")] = "",
    held: Annotated[
        list[Path] | None,
        typer.Option(help="A file with heads that somebody kept: a mailbox, saved mails.", exists=True),
    ] = None,
    keys: Keys = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Verify the log against itself and against every anchor. Exits with 1 when anything is wrong.

    tutela audit verify
    tutela audit verify --since 4711
    tutela audit verify --held auditor.mbox
    tutela audit verify --case EM-2026-0001 --as juniper
    """
    to: list[Anchor] = [*anchors(), *map(HeldElsewhere, held or ())]
    if not case:
        _say_report(verify_log(to, since, keys or ()), as_json=as_json)
        return
    if since:
        fail("Give --since or --case, not both.", USAGE)
    actor = actor_named(username)
    with acting_as(actor):
        found = find_case(case)
        record(Act.CASE_LOOKED, actor, found.pk, part="audit")
    _say_case(verify_case(found.pk, to, keys or ()), as_json=as_json)


def _say_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        say_json({"sound": report.is_sound, **asdict(report)})
    else:
        typer.echo(
            f"{report.entries} entries and {report.heads} heads read; {report.unsealed} wait for a seal."
        )
        for name, number in report.anchored.items():
            typer.echo(f"{name}: up to head {number}." if number else f"{name}: holds no head.")
        for name, number in report.handed.items():
            typer.echo(f"{name}: was given head {number}; ask its owner, and compare with --held FILE.")
        if not report.anchored:
            typer.echo("No anchor: the end of the log may have been cut off, and nobody could tell.")
        for one in report.faults:
            which = f" entry {one.entry}" if one.entry is not None else ""
            place = f" (number {one.number})" if one.number is not None else ""
            typer.echo(f"{one.what.value.upper()}{which}{place}: {one.sentence}")
        if report.more_faults:
            typer.echo(f"And {report.more_faults} more.")
        typer.echo("The log is as it was signed." if report.is_sound else "The log is NOT as it was signed.")
    if not report.is_sound:
        raise typer.Exit(FAILED)


def _say_case(report: CaseReport, *, as_json: bool) -> None:
    if as_json:
        say_json({"sound": report.is_sound, **asdict(report)})
    else:
        where = f"held by {report.held_by}" if report.held_by else "which no anchor holds"
        typer.echo(f"Against head {report.head.number} of {report.head.time}, {where}:")
        for one in report.proofs:
            said = "proven" if one.holds else "NOT as it was sealed"
            typer.echo(f"  entry {one.entry} (number {one.number}): {said}")
        typer.echo(f"{report.unsealed} entries came later.")
    if not report.is_sound:
        raise typer.Exit(FAILED)


@app.command()
@speaking
def export(
    path: Annotated[Path, typer.Argument(help="The new .zip file.")],
    *,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Write all that is sealed to a file, with a verifier that needs nothing of ours. Is recorded itself.

    tutela audit export audit-2026.zip
    """
    if path.exists():
        fail(f"{path} is there already.", USAGE)
    actor = operator(username)
    with acting_as(actor):
        record(Act.AUDIT_EXPORTED, actor)
    seal_and_anchor()
    done = write_export(path, anchors())
    if as_json:
        say_json(asdict(done))
    else:
        typer.echo(f"{done.entries} entries and {done.heads} heads written to {path}.")
        typer.echo(f"Hand this key over by another way: {done.key}")
