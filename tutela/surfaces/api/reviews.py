"""Reviews of roles: who holds what, kept or ended with a reason."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from tutela.core.access import reviews
from tutela.core.access.models import LEAST_WORDS, Review
from tutela.core.people.actor import Actor, acting_as

from . import shapes
from .auth import actor_of, reads, writes
from .body import body_of, read_as
from .cursors import USUAL, Cursor, by_id
from .inputs import NO_NUL, LineNumber, Paged, ReviewNumber
from .reading import person

router = Router(tags=["reviews of roles"])
Json = dict[str, Any]
LONGEST = 2000


class Decided(BaseModel):
    """Whether somebody keeps a role, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    keep: bool
    words: str = Field(min_length=LEAST_WORDS, max_length=LONGEST, pattern=NO_NUL)


@router.get("/reviews", auth=reads, response=shapes.ReviewList, operation_id="list_reviews")
def list_reviews(request: HttpRequest, page: Paged) -> Json:
    """List the reviews of roles that you may read, the newest first."""
    return listed(actor_of(request), page.limit, page.cursor)


@router.get("/reviews/{review}", auth=reads, response=shapes.ReviewDetail, operation_id="get_review")
def get_review(request: HttpRequest, review: ReviewNumber) -> Json:
    """Read one review with each role in it."""
    return detail(actor_of(request), review)


@router.post(
    "/reviews/{review}/roles/{line}",
    auth=writes,
    response=shapes.ReviewDetail,
    operation_id="decide_role",
    openapi_extra=body_of(Decided),
)
def decide_role(request: HttpRequest, review: ReviewNumber, line: LineNumber) -> Json:
    """Keep a role of somebody else, or end it."""
    said, actor = read_as(request, Decided), actor_of(request)
    reviews.decide(actor, review, line, said.words, keep=said.keep)
    return detail(actor, review)


# For the command line as well


def listed(actor: Actor, limit: int = USUAL, cursor: str | None = None) -> Json:
    """A page of reviews, the newest first."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        rows = reviews.every().order_by("-id")
        found = list((rows.filter(pk__lt=after.id) if after else rows)[: limit + 1])
    following = by_id(found[limit - 1].pk) if len(found) > limit else None
    return {"items": [line(one) for one in found[:limit]], "next": following}


def detail(actor: Actor, number: int) -> Json:
    """One review with its roles. Raises NotFound."""
    with acting_as(actor):
        found = reviews.find(number)
        return {**line(found), "roles": [_role(one) for one in reviews.held_in(found, actor)]}


def line(one: Review) -> Json:
    """A review as plain values."""
    same = ("id", "workflow", "quarter", "opened_at", "due_at", "closed_at")
    return {**{name: getattr(one, name) for name in same}, "late": one.is_late}


def _role(held: reviews.Held) -> Json:
    row, grant = held.line, held.line.grant
    return {
        "id": row.pk,
        "person": person(grant.staff),
        "role": grant.role,
        "since": grant.since,
        "until": grant.until,
        "last_used": held.last_used,
        "waits": held.waits,
        "kept": row.kept,
        "words": row.words,
        "decided_by": person(row.decided_by) if row.decided_by else None,
        "decided_at": row.decided_at,
    }
