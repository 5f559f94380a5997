"""`tutela backup`: a copy of everything, for the day on which this machine is gone."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from tutela.config import environment
from tutela.core.audit.heads import signing_key
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.people.actor import acting_as
from tutela.server.backup import age, keys, manifest, source
from tutela.server.backup.write import take
from tutela.surfaces.cli.common import As, AsJson, operator, say_json, speaking

app = typer.Typer()


@app.command()
@speaking
def backup(
    folder: Annotated[Path, typer.Argument(help="Where the backup's own folder is made.")],
    *,
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            help="A public key (age1…) that may open it; TUTELA_BACKUP_RECIPIENTS names them for good."
        ),
    ] = None,
    keys_file: Annotated[
        Path | None, typer.Option("--keys", help="Write the keys too, to this file, apart from the backup.")
    ] = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Take a backup of the running platform: consistent, encrypted, signed. Is recorded in the audit log.

    tutela backup /mnt/backups --recipient age1… --keys /mnt/elsewhere/keys.age
    """
    to = age.recipients(recipient or os.environ.get("TUTELA_BACKUP_RECIPIENTS", "").split())
    found = source.find()
    actor = operator(username)
    with acting_as(actor):
        record(Act.BACKUP_TAKEN, actor, keys=keys_file is not None)
    done = take(found, folder, to, signing_key(settings.AUDIT_KEY_FILE), environment.files_folder())
    names = keys.pack(keys_file, to) if keys_file else []
    said = manifest.read(done)
    if as_json:
        say_json({"folder": str(done), **asdict(said), "keys": names})
        return
    rows, size = sum(rows for rows, _ in said.tables.values()), sum(part.size for part in said.parts.values())
    typer.echo(f"{done}: {len(said.tables)} tables, {rows:,} rows, {size:,} bytes.")
    if keys_file:
        typer.echo(f"{keys_file}: {', '.join(names)}.")
    else:
        typer.echo(
            "The keys are not in it. Without them it cannot be opened: tutela backup --keys FILE.", err=True
        )
