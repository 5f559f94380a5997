"""`tutela vault`: what is sealed, and the keys that seal it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from django.conf import settings
from django.utils.translation import gettext as _

from tutela.core.errors import NotFound
from tutela.core.flow import registry
from tutela.core.vault import older, places, rotation
from tutela.core.vault.inventory import inventory as sealed_columns
from tutela.core.vault.providers import place
from tutela.core.vault.providers.file import KeyFile
from tutela.surfaces.cli.common import As, AsJson, moment, operator, say_json, say_page, say_table, speaking
from tutela.surfaces.cli.main import USAGE, fail

app = typer.Typer(help="Sealing: columns and keys.", no_args_is_help=True)


class Layer(StrEnum):
    """Which key is renewed."""

    PROVIDER = "provider"
    WORKFLOW = "workflow"
    INTAKE = "intake"
    INDEX = "index"
    CASE = "case"


@app.command()
@speaking
def inventory(*, as_json: AsJson = False) -> None:
    """List the columns that are sealed.

    tutela vault inventory
    """
    columns = sealed_columns()
    if as_json:
        say_page([{"column": one.place, "kind": one.kind, "holds": one.what} for one in columns])
        return
    heads = (_("Column"), _("Kind"), _("Holds"))
    say_table(heads, ((one.place, one.kind, one.what) for one in columns), _("None."))
    for name, count in older.older_rows().items():
        typer.echo(_("Still plain, from before: %(name)s, %(n)s") % {"name": name, "n": count}, err=True)


@app.command("seal")
@speaking
def seal_older(*, as_json: AsJson = False) -> None:
    """Seal now what was written in plain before its column was sealed. The worker does it every hour.

    tutela vault seal
    """
    sealed = older.seal_older()
    if as_json:
        say_json({"sealed": sealed, "plain": older.older_rows()})
    else:
        typer.echo(_("Sealed: %(n)s.") % {"n": sealed})


@app.command()
@speaking
def renew(
    layer: Annotated[Layer, typer.Argument(help="Which key.")],
    *,
    workflow: Annotated[str, typer.Option(help="Of which workflow, for the layer “workflow”.")] = "",
    case: Annotated[str, typer.Option(help="Of which case, for the layer “case”.", metavar="REFERENCE")] = "",
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Make a new key, wrap again what the older one wrapped, and destroy older ones that nothing needs.

    What the older key of a case sealed is sealed again. Work goes on meanwhile. An older key goes an hour
    after it was replaced: see tutela vault finish.

    tutela vault renew workflow --workflow emergency
    tutela vault renew case --case EM-2026-0001
    """
    actor = operator(username)
    if layer is Layer.WORKFLOW:
        if workflow not in {one.slug for one in registry.workflows()}:
            raise NotFound(_("Say which workflow: --workflow NAME. See tutela flow list."))
        name = rotation.renew_workflow_key(workflow, actor)
    elif layer is Layer.CASE:
        name = rotation.renew_case_key(case, actor)
    elif layer is Layer.INDEX:
        name = rotation.renew_index_key(actor)
    elif layer is Layer.INTAKE:
        name = rotation.renew_intake_key(actor)
    else:
        name = rotation.renew_provider_key(actor)
    done = rotation.finish()
    if as_json:
        say_json({"key": name, **_said(done)})
        return
    if layer is Layer.CASE:
        typer.echo(_("The new key is %(name)s. Sealed again: %(n)s.") % {"name": name, "n": done.sealed})
    else:
        typer.echo(_("The new key is %(name)s. Wrapped again: %(n)s.") % {"name": name, "n": done.wrapped})
    if layer is Layer.PROVIDER and isinstance(place(settings.VAULT), KeyFile):
        typer.echo(_("Print a new recovery sheet (tutela vault sheet) and destroy the old one."), err=True)


@app.command()
@speaking
def finish(*, as_json: AsJson = False) -> None:
    """Finish renewals that were stopped half way, and destroy older keys whose hour is over.

    The worker does this every hour by itself.

    tutela vault finish
    """
    done = rotation.finish()
    if as_json:
        say_json(_said(done))
    else:
        values = {"n": done.wrapped, "names": ", ".join(done.destroyed) or _("none")}
        typer.echo(_("Wrapped again: %(n)s. Destroyed: %(names)s.") % values)


@app.command()
@speaking
def move(*, as_json: AsJson = False) -> None:
    """Move the keys to where TUTELA_VAULT says: what TUTELA_VAULT_ALSO wrapped is wrapped again there.

    Work goes on meanwhile. Afterwards TUTELA_VAULT_ALSO can be taken away. The worker does it every hour.

    tutela vault move
    """
    if not settings.VAULT_ALSO:
        fail(_("Say where the keys come from: TUTELA_VAULT_ALSO. See tutela vault where."), USAGE)
    done = rotation.finish()
    left = places.elsewhere()
    if as_json:
        say_json({"wrapped": done.wrapped, "left": left})
    else:
        typer.echo(_("Wrapped again: %(n)s. Still elsewhere: %(left)s.") % {"n": done.wrapped, "left": left})


@app.command()
@speaking
def where(*, as_json: AsJson = False) -> None:
    """List the keys that a key-encryption key wraps, and where that one is.

    tutela vault where
    """
    found = places.wrapped_keys()
    if as_json:
        say_page([{"key": one.name, "place": one.place} for one in found])
        return
    rows = ((one.name, one.place or _("does not open")) for one in found)
    say_table((_("Key"), _("Place")), rows, _("None."))


@app.command()
@speaking
def sheet() -> None:
    """Print the keys of the key file, to be kept on paper in a safe. Whoever has it can read everything.

    tutela vault sheet | lp
    """
    held = _file()
    now = moment(datetime.now(UTC))
    typer.echo(_("Recovery sheet of the key file of Tutela, %(time)s.") % {"time": now})
    typer.echo(
        _("With it and the database, everything can be read. Keep it in a safe, never beside a backup.")
    )
    typer.echo()
    for name, made_at, key in held.sheet():
        groups = [key[at : at + 4] for at in range(0, len(key), 4)]
        typer.echo(name)
        typer.echo(_("made %(time)s") % {"time": made_at})
        typer.echo("\n".join("  " + " ".join(groups[at : at + 4]) for at in range(0, len(groups), 4)) + "\n")


@app.command()
@speaking
def restore(
    *,
    name: Annotated[str, typer.Option(prompt=True, help="The key's name, as the sheet shows it.")],
    made_at: Annotated[str, typer.Option("--made", prompt=True, help="When it was made, by the sheet.")],
    key: Annotated[str, typer.Option(prompt=True, hide_input=True, help="The key's letters and digits.")],
) -> None:
    """Type a key in from its recovery sheet, when the key file is lost. Once for each key, oldest first.

    tutela vault restore
    """
    _file().put_back(name.strip(), made_at.strip(), "".join(key.split()).lower())
    typer.echo(_("%(name)s is back. Check with: tutela doctor") % {"name": name})


def _said(done: rotation.Finished) -> dict[str, object]:
    return {
        "wrapped": done.wrapped,
        "sealed": done.sealed,
        "hashed": done.hashed,
        "destroyed": list(done.destroyed),
    }


def _file() -> KeyFile:
    held = place(settings.VAULT)
    if not isinstance(held, KeyFile):
        fail(_("The keys are not in a file: the key service keeps them (TUTELA_VAULT)."), USAGE)
    return held
