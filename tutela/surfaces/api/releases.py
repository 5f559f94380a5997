"""The release log: what was released to whom. A look is recorded at the case, as an export is."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router

from tutela.core.audit.models import Act
from tutela.core.errors import NotFound
from tutela.core.people.actor import acting_as
from tutela.programs.registers.reading import (
    Place,
    Wanted,
    described,
    find,
    looked,
    page_of,
    people_of,
)
from tutela.programs.registers.spreadsheet import as_csv

from . import shapes
from .auth import actor_of, reads
from .cursors import Cursor
from .inputs import Released, ReleasedWhole, ReleaseFilters, ReleaseNumber

router = Router(auth=reads, tags=["registers"])
CSV = "text/csv; charset=utf-8"
_NUMBER = re.compile(r"RL-[0-9]{4}-[0-9]{1,9}")
_CSV_ANSWER: dict[str, Any] = {
    "responses": {200: {"description": "OK", "content": {"text/csv": {"schema": {"type": "string"}}}}}
}


@router.get("/releases", response=shapes.ReleaseList, operation_id="list_releases")
def list_releases(request: HttpRequest, asked: Released) -> dict[str, Any]:
    """List the release log as it reads now, the newest first."""
    actor, after = actor_of(request), Cursor.read(asked.cursor)
    with acting_as(actor):
        rows, following = page_of(find(_wanted(asked)), asked.limit, _place(after))
        people = people_of(rows)
        looked(actor, rows)
        items = [described(row, people) for row in rows]
    return {"items": items, "next": str(Cursor(*following)) if following else None}


@router.get("/releases.csv", operation_id="export_releases", openapi_extra=_CSV_ANSWER)
def export_releases(request: HttpRequest, asked: ReleasedWhole) -> HttpResponse:
    """Export the release log as CSV, with the same filters. No cell acts as a formula in a spreadsheet."""
    actor = actor_of(request)
    with acting_as(actor):
        rows = list(find(_wanted(asked)))
        people = people_of(rows)
        looked(actor, rows, Act.EXPORTED)
        text = as_csv(described(row, people) for row in rows)
    return HttpResponse(text, content_type=CSV)


@router.get("/releases/{number}", response=shapes.Release, operation_id="get_release")
def get_release(request: HttpRequest, number: ReleaseNumber) -> dict[str, Any]:
    """Read one entry of the release log."""
    actor = actor_of(request)
    with acting_as(actor):
        found = find(Wanted(corrected=True)).filter(number=number) if _NUMBER.fullmatch(number) else None
        if found is None or (row := found.first()) is None:
            raise NotFound(_("There is no such entry, or it is not yours to see."))
        looked(actor, [row])
        return described(row, people_of([row]))


def _wanted(asked: ReleaseFilters) -> Wanted:
    return Wanted(
        recipient=asked.recipient.strip(),
        case=asked.case,
        since=asked.since,
        before=asked.before,
        path=asked.path,
        review_open=asked.review_open,
        corrected=asked.corrected,
    )


def _place(after: Cursor | None) -> Place | None:
    return (after.at, after.id) if after and after.at else None
