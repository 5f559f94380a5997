"""`tutela search`: find cases by words."""

from __future__ import annotations

from typing import Annotated

import typer

from tutela.surfaces.api import listing
from tutela.surfaces.cli.case import show_page
from tutela.surfaces.cli.common import As, AsJson, Limit, Page, actor_named, speaking

app = typer.Typer()


@app.command()
@speaking
def search(
    words: Annotated[list[str], typer.Argument(help="Words, or their beginnings. All must be there.")],
    *,
    limit: Limit = 50,
    cursor: Page = "",
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Find cases by words in titles, messages, notes, reports and names of parties.

    tutela search goodbye station --as juniper
    """
    wanted = listing.Wanted(words=" ".join(words))
    show_page(listing.list_cases(actor_named(username), wanted, limit, cursor or None), as_json=as_json)
