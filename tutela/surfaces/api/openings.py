"""Break-glass: open a case that is not one's own, and the openings with their reviews."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from tutela.core.access import glass
from tutela.core.access.models import LEAST_REASON, LEAST_WORDS, MOST_MINUTES, Glass
from tutela.core.errors import NotFound
from tutela.core.people.actor import Actor, acting_as

from . import shapes
from .auth import actor_of, reads, writes
from .body import body_of, read_as, read_object
from .cursors import USUAL, Cursor, by_id
from .inputs import NO_NUL, OpeningNumber, Paged, Reference, Whole
from .reading import person

router = Router(tags=["break-glass"])
Json = dict[str, Any]
LONGEST = 2000


Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES), Whole]


class Wanted(BaseModel):
    """Why a case is to be opened, and for how long."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=LEAST_REASON, max_length=LONGEST, pattern=NO_NUL)
    minutes: Minutes | None = Field(None, description="The setting, unless you say.")


class Verdict(BaseModel):
    """What a reviewer says of an opening."""

    model_config = ConfigDict(extra="forbid", strict=True)

    justified: bool
    words: str = Field(min_length=LEAST_WORDS, max_length=LONGEST, pattern=NO_NUL)


@router.post(
    "/cases/{reference}/break-glass",
    auth=writes,
    response={HTTPStatus.CREATED: shapes.Opening},
    operation_id="break_glass",
    openapi_extra=body_of(Wanted),
)
def break_glass(request: HttpRequest, reference: Reference) -> Status[Json]:
    """Open a case that is not yours to see, for a short time. Its team and the security officers are told."""
    asked = read_as(request, Wanted)
    return Status(HTTPStatus.CREATED, opened(actor_of(request), reference, asked.reason, asked.minutes))


@router.get("/openings", auth=reads, response=shapes.OpeningList, operation_id="list_openings")
def list_openings(request: HttpRequest, page: Paged) -> Json:
    """List the openings by break-glass that you may read of, the newest first."""
    return listed(actor_of(request), page.limit, page.cursor)


@router.get("/openings/{opening}", auth=reads, response=shapes.OpeningDetail, operation_id="get_opening")
def get_opening(request: HttpRequest, opening: OpeningNumber) -> Json:
    """Read one opening, with what was looked at if you answer for it."""
    return detail(actor_of(request), opening)


@router.post("/openings/{opening}/close", auth=writes, response=shapes.Opening, operation_id="close_opening")
def close_opening(request: HttpRequest, opening: OpeningNumber) -> Json:
    """End an opening before its time."""
    read_object(request)
    return line(glass.close_glass(actor_of(request), opening))


@router.post(
    "/openings/{opening}/review",
    auth=writes,
    response=shapes.Opening,
    operation_id="review_opening",
    openapi_extra=body_of(Verdict),
)
def review_opening(request: HttpRequest, opening: OpeningNumber) -> Json:
    """Give the verdict on an opening of somebody else that is over."""
    said = read_as(request, Verdict)
    return line(glass.review_glass(actor_of(request), opening, said.words, justified=said.justified))


# For the command line as well


def opened(actor: Actor, reference: str, reason: str, minutes: int | None) -> Json:
    """Open a case. Raises NotFound after the refusal was recorded."""
    made = glass.open_glass(actor, reference, reason, minutes)
    if made is None:
        raise NotFound(_("There is no such case, or it is not yours to open."))
    return line(made)


def listed(actor: Actor, limit: int = USUAL, cursor: str | None = None) -> Json:
    """A page of openings, the newest first."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        rows = glass.every().filter(pk__lt=after.id) if after else glass.every()
        found = list(rows[: limit + 1])
    following = by_id(found[limit - 1].pk) if len(found) > limit else None
    return {"items": [line(one) for one in found[:limit]], "next": following}


def detail(actor: Actor, number: int) -> Json:
    """One opening with what was looked at. Raises NotFound."""
    with acting_as(actor):
        found = glass.find(number)
        looks = [
            {"at": one.at, "act": one.act, "label": one.label, "via": one.via, "detail": one.detail}
            for one in glass.looks(found)
        ]
    return {**line(found), "looks": looks}


def line(one: Glass) -> Json:
    """An opening as plain values."""
    same = ("id", "reference", "workflow", "reason", "opened_at", "expires_at", "closed_at",
            "review_due_at", "reviewed_at", "justified", "review_words")  # fmt: skip
    return {
        **{name: getattr(one, name) for name in same},
        "open": one.is_open,
        "opened_by": person(one.staff),
        "closed_by": person(one.closed_by) if one.closed_by else None,
        "reviewed_by": person(one.reviewed_by) if one.reviewed_by else None,
    }
