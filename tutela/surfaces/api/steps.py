"""Performing steps: what the desk can do to a case, with the same rules."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from . import doing, reading, shapes
from .auth import actor_of, reads, writes
from .body import read_object
from .etags import version_of
from .inputs import IfMatch, Key, Reference, Rehearse, StepName

router = Router(tags=["steps"])
HELD, DONE = 202, 200


@router.get("/cases/{reference}/steps", auth=reads, response=shapes.StepList, operation_id="list_steps")
def list_steps(request: HttpRequest, reference: Reference) -> dict[str, Any]:
    """List the steps that you could take on a case now, each with the JSON Schema of what it asks."""
    return reading.steps(reference, actor_of(request))


@router.post(
    "/cases/{reference}/steps/{verb}",
    auth=writes,
    response={DONE: shapes.Done | shapes.Rehearsed, HELD: shapes.Done},
    operation_id="perform_step",
    openapi_extra={"requestBody": {"$ref": "#/components/requestBodies/StepData"}},
)
def perform_step(
    request: HttpRequest,
    response: HttpResponse,
    reference: Reference,
    verb: StepName,
    how: Rehearse,
    if_match: IfMatch,
    key: Key,
) -> Status[dict[str, Any]]:
    """Perform a step. Answers 200 when it is done, 202 when it waits for approval."""
    actor = actor_of(request)
    data = read_object(request)
    doing.check_fields(reference, verb, actor, data)
    if how.dry_run:
        return Status(DONE, doing.rehearsed(reference, verb, actor, data))
    outcome = doing.do_step(reference, verb, actor, data, key=key, version=version_of(if_match))
    response["ETag"] = f'"{outcome.version}"'
    return Status(HELD if outcome.held else DONE, doing.told(outcome))
