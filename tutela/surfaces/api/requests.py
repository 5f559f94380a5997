"""What waits for approval or review."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from . import held, shapes
from .auth import actor_of, reads
from .inputs import Asked

router = Router(auth=reads, tags=["requests"])


@router.get("/requests", response=shapes.RequestList, operation_id="list_requests")
def list_requests(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    """List open requests: those on which you can decide now, those that you made, or all of them."""
    return held.list_requests(actor_of(request), asked.which, asked.limit, asked.cursor)
