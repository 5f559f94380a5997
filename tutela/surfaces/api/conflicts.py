"""Declared conflicts: one's own, those of one's people, and what a conflict hid shown again."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from tutela.core.access import conflicts
from tutela.core.access.models import LEAST_WORDS, Conflict
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.keep import person_named
from tutela.core.people.models import Staff

from . import shapes
from .auth import actor_of, reads, writes
from .body import body_of, read_as
from .cursors import USUAL, Cursor, by_id
from .inputs import NO_NUL, ConflictNumber, Moment, Paged, Reference
from .looks import look_at
from .reading import person

router = Router(tags=["conflicts"])
Json = dict[str, Any]
LONGEST = 2000


class Declared(BaseModel):
    """Whose conflict, with whom, why, and for how long."""

    model_config = ConfigDict(extra="forbid", strict=True)

    username: str | None = Field(None, max_length=80, pattern=NO_NUL, description="You, unless you say.")
    name: str = Field("", max_length=300, pattern=NO_NUL, description="Of an account, a person or such.")
    colleague: str | None = Field(None, max_length=80, pattern=NO_NUL, description="In the place of a name.")
    reason: str = Field(min_length=LEAST_WORDS, max_length=LONGEST, pattern=NO_NUL)
    since: Moment | None = Field(None, description="From now on, unless you say.")
    until: Moment | None = None


class Words(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    words: str = Field(min_length=LEAST_WORDS, max_length=LONGEST, pattern=NO_NUL)


class Lift(Words):
    """To whom a case shows again, and why."""

    username: str = Field(min_length=1, max_length=80, pattern=NO_NUL)


@router.get("/conflicts", auth=reads, response=shapes.ConflictList, operation_id="list_conflicts")
def list_conflicts(request: HttpRequest, page: Paged) -> Json:
    """List the declared conflicts that you may read, the newest first."""
    return listed(actor_of(request), page.limit, page.cursor)


@router.post(
    "/conflicts",
    auth=writes,
    response={HTTPStatus.CREATED: shapes.Conflict},
    operation_id="declare_conflict",
    openapi_extra=body_of(Declared),
)
def declare_conflict(request: HttpRequest) -> Status[Json]:
    """Declare a conflict of yours, or of somebody whom you manage."""
    asked, actor = read_as(request, Declared), actor_of(request)
    made = declared(
        actor,
        asked.reason,
        username=asked.username,
        name=asked.name,
        colleague=asked.colleague,
        since=asked.since,
        until=asked.until,
    )
    return Status(HTTPStatus.CREATED, made)


@router.get("/conflicts/{conflict}", auth=reads, response=shapes.Conflict, operation_id="get_conflict")
def get_conflict(request: HttpRequest, conflict: ConflictNumber) -> Json:
    """Read one declared conflict."""
    return detail(actor_of(request), conflict)


@router.post(
    "/conflicts/{conflict}/end",
    auth=writes,
    response=shapes.Conflict,
    operation_id="end_conflict",
    openapi_extra=body_of(Words),
)
def end_conflict(request: HttpRequest, conflict: ConflictNumber) -> Json:
    """End a conflict of somebody else. What it hid shows to them again."""
    said = read_as(request, Words)
    return line(conflicts.end(actor_of(request), conflict, said.words))


@router.post(
    "/cases/{reference}/lift-conflict",
    auth=writes,
    response=shapes.Lifted,
    operation_id="lift_conflict",
    openapi_extra=body_of(Lift),
)
def lift_conflict(request: HttpRequest, reference: Reference) -> Json:
    """Show a case to somebody again that is not about whom their conflict names."""
    said = read_as(request, Lift)
    return lifted(actor_of(request), reference, said.username, said.words)


# For the command line as well


def declared(
    actor: Actor,
    reason: str,
    *,
    username: str | None,
    name: str,
    colleague: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Json:
    """Declare a conflict. Raises as `conflicts.declare`; NotFound for an unknown username."""
    whose = person_named(username) if username else Staff.objects.get(pk=actor.id)
    other = person_named(colleague) if colleague else None
    with acting_as(actor):
        return line(
            conflicts.declare(actor, whose, reason, name=name, colleague=other, since=since, until=until)
        )


def listed(actor: Actor, limit: int = USUAL, cursor: str | None = None) -> Json:
    """A page of conflicts, the newest first."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        rows = conflicts.every().filter(pk__lt=after.id) if after else conflicts.every()
        found = list(rows[: limit + 1])
    following = by_id(found[limit - 1].pk) if len(found) > limit else None
    return {"items": [line(one) for one in found[:limit]], "next": following}


def detail(actor: Actor, number: int) -> Json:
    """One conflict. Raises NotFound."""
    with acting_as(actor):
        return line(conflicts.find(number))


def lifted(actor: Actor, reference: str, username: str, words: str) -> Json:
    """Show a case to somebody again. Raises NotFound (no such case, then no such person), NotAllowed."""
    with acting_as(actor):
        case = look_at(reference, actor, "access")
        whose = person_named(username)
        conflicts.lift(actor, case, whose, words)
    return {"reference": reference, "person": person(whose)}


def line(one: Conflict) -> Json:
    """A conflict as plain values."""
    same = ("id", "name", "reason", "since", "until", "declared_at", "ended_at", "end_words")
    return {
        **{field: getattr(one, field) for field in same},
        "person": person(one.staff),
        "colleague": person(one.colleague) if one.colleague else None,
        "declared_by": person(one.declared_by),
        "ended_by": person(one.ended_by) if one.ended_by else None,
        "over": one.is_over,
    }
