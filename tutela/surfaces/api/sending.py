"""Sending a file to a case, piece by piece: for programs and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from ninja import Router, Status

from tutela.core.cases.models import Case
from tutela.core.files import keeping
from tutela.core.flow import registry
from tutela.core.flow.perform import check_allowed, check_open
from tutela.core.people.actor import Actor, acting_as

from . import shapes
from .auth import actor_of, writes
from .body import begin_bytes
from .doing import declared_step
from .inputs import FileName, Reference
from .looks import find_case
from .problems import UNREADABLE, RequestProblem

router = Router(tags=["steps"])
PIECE = 256 * 1024
STEP = "add_file"
SENT = 201


@router.post(
    "/cases/{reference}/files",
    auth=writes,
    response={SENT: shapes.KeptFile},
    operation_id="send_file",
    openapi_extra={"requestBody": {"$ref": "#/components/requestBodies/File"}},
)
def send_file(request: HttpRequest, reference: Reference, name: FileName) -> Status[dict[str, Any]]:
    """Send a file of any size to a case, as its bytes. The step add_file then makes an exhibit of it.

    The same content twice is one file. One that no exhibit took within a day is forgotten.
    """
    actor = actor_of(request)
    check_may_send(reference, actor)
    length = begin_bytes(request, settings.LARGEST_FILE)
    return Status(SENT, sent(reference, actor, name, pieces_of(request, length)))


def check_may_send(reference: str, actor: Actor) -> None:
    """Whether somebody may add files to a case. Raises as `perform` does."""
    with acting_as(actor):
        _may_send(find_case(reference), actor)


def sent(reference: str, actor: Actor, name: str, pieces: Iterator[bytes]) -> dict[str, Any]:
    """Keep a file that comes in pieces. Raises as `perform` does, and what the store raises."""
    with keeping.draft_of(pieces, settings.LARGEST_FILE) as draft, acting_as(actor):
        case = find_case(reference)
        _may_send(case, actor)
        file = keeping.keep(case, draft, name, "application/octet-stream", actor)
        return {"id": file.pk, "name": file.name, "size": file.size, "sha256": file.sha256.hex()}


def _may_send(case: Case, actor: Actor) -> None:
    workflow, step = registry.workflow(case.workflow), declared_step(case, STEP)
    check_allowed(workflow, step, case, actor)
    check_open(workflow, step, case)


def pieces_of(request: HttpRequest, length: int) -> Iterator[bytes]:
    """The body as it arrives, of which that many bytes were announced. Raises RequestProblem."""
    missing = length
    try:
        while missing and (piece := request.read(min(PIECE, missing))):
            missing -= len(piece)
            yield piece
    except UnreadablePostError:
        pass
    if missing:
        raise RequestProblem(UNREADABLE, _("The request broke off before its end."))
