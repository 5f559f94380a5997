"""What stands at the old address of a case that was disposed of."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponse

from tutela.core.errors import NotFound
from tutela.core.flow import registry
from tutela.core.records.tombstones import find_tombstone
from tutela.surfaces.desk.faces import full
from tutela.surfaces.desk.page import show

if TYPE_CHECKING:
    from tutela.surfaces.desk.page import DeskRequest


def tombstone(request: DeskRequest, reference: str) -> HttpResponse:
    """When it went, by which rule, and its certificate. Raises NotFound for those who could not see it."""
    stone = find_tombstone(reference)
    if stone is None:
        raise NotFound
    context = {
        "stone": stone,
        "workflow": registry.workflow(stone.workflow).label,
        "received": full(stone.received_at),
        "closed": full(stone.closed_at),
        "at": full(stone.certificate.at),
    }
    return show(request, "desk/records/tombstone.html", context, status=HTTPStatus.GONE)
