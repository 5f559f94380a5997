"""`tutela flow`: check, show and document the declared workflows. Needs no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutela.core.errors import NotFound
from tutela.surfaces.cli.main import fail, set_up_django

if TYPE_CHECKING:
    from tutela.core.flow.declare import Workflow

app = typer.Typer(help="The declared workflows: check, show, document.", no_args_is_help=True)


@app.callback()
def _prepare() -> None:
    """The declared workflows: check, show, document."""
    set_up_django(needs_server=False)


@app.command()
def check() -> None:
    """Name every fault in the declarations; exit with 1 when there is one."""
    from tutela.core.flow import registry
    from tutela.core.flow.check import check as faults_of

    faults = [
        f"{workflow.slug}: {fault}" for workflow in registry.workflows() for fault in faults_of(workflow)
    ]
    if faults:
        fail("\n".join(faults))
    typer.echo(f"{len(registry.workflows())} workflows, no fault.")


@app.command()
def show(
    workflow: Annotated[str, typer.Argument(help="The slug, for instance emergency.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a state diagram for Mermaid.")] = False,
) -> None:
    """Show one workflow: its states, steps, approvals, clocks and letters."""
    from tutela.core.flow import show as shapes

    declared = _declared(workflow)
    if as_json:
        typer.echo(shapes.as_json(declared))
    elif mermaid:
        typer.echo(shapes.as_mermaid(declared))
    else:
        from tutela.surfaces.cli.common import console

        console().print(*shapes.as_tables(declared))


def _declared(slug: str) -> Workflow:
    from tutela.core.flow import registry

    try:
        return registry.workflow(slug)
    except NotFound as error:
        fail(str(error))


@app.command()
def docs(
    folder: Annotated[Path, typer.Option(help="Where the pages lie.")] = Path("docs/workflows"),
    *,
    check_only: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when a page is old.")
    ] = False,
) -> None:
    """Write a page for each workflow from its declaration."""
    from tutela.core.flow import registry
    from tutela.core.flow.show import as_markdown

    pages = {folder / f"{one.slug}.md": as_markdown(one) for one in registry.workflows()}
    old = [
        path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if check_only and old:
        fail(f"Not current: {', '.join(map(str, old))}. Run: tutela flow docs")
    for path in old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], encoding="utf-8")
    typer.echo(f"{len(old)} of {len(pages)} pages written." if old else "All pages are current.")
