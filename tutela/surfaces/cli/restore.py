"""`tutela restore` and `tutela backup-key`: what is needed when the machine is gone."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutela.server.backup import age
from tutela.server.backup.restore import restore as bring_back

if TYPE_CHECKING:
    from tutela.server.backup.restore import Restored

app = typer.Typer()


@app.command("backup-key")
def backup_key(path: Annotated[Path, typer.Argument(help="The new file of the private key.")]) -> None:
    """Make a key pair for backups. Print the public key; keep the file far from this machine.

    tutela backup-key backup-key.txt
    """
    typer.echo(age.new_identity(path))


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of one backup.")],
    *,
    identity: Annotated[Path, typer.Option(help="The file of the private key of age.")],
    keys_file: Annotated[
        Path, typer.Option("--keys", help="The file of keys that `tutela backup --keys` wrote.")
    ],
    into: Annotated[Path | None, typer.Option(help="A new data folder, to be started from.")] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Only try: restore to a temporary folder, compare, and remove it."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """Bring a backup back, compare every table with it, try the keys and verify the audit log.

    Exits with 1 when anything is missing, changed, or stays closed.

    tutela restore /mnt/backups/tutela-2026-11-22T03-00-00Z --identity key.txt --keys keys.age --verify
    tutela restore … --into /srv/tutela/data
    """
    if verify == (into is not None):
        typer.echo("Say either --into FOLDER or --verify.", err=True)
        raise typer.Exit(2)
    identities = age.identities(identity)
    if into is not None:
        done = bring_back(folder.resolve(), identities, keys_file.resolve(), into.resolve())
    else:
        place = Path(tempfile.mkdtemp(prefix="tutela-verify-"))
        place.chmod(0o711)
        try:
            done = bring_back(folder.resolve(), identities, keys_file.resolve(), place / "data")
        finally:
            shutil.rmtree(place, ignore_errors=True)
    _say(done, into, as_json=as_json)
    if not done.is_whole:
        raise typer.Exit(1)


def _say(done: Restored, into: Path | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"whole": done.is_whole, **asdict(done)}, indent=2))
        return
    typer.echo(f"The backup of {done.taken_at}: {done.tables} tables, {done.rows:,} rows.")
    typer.echo(f"{done.opened:,} sealed values opened, {done.audit_entries:,} audit entries verified.")
    if done.files:
        typer.echo(f"{done.files:,} files are whole.")
    if done.elsewhere:
        typer.echo(f"{done.elsewhere:,} files lie in an object store and are not in the backup: look there.")
    if done.held:
        typer.echo(f"{done.held} acts were due outside: each is asked about before it is done again.")
    for sentence in (*done.differences, *done.faults):
        typer.echo(sentence)
    typer.echo("Everything is as it was." if done.is_whole else "It is NOT as it was.")
    if into is not None:
        typer.echo(f"Start it with TUTELA_DATA={into}.")
