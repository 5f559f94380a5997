"""What comes in, checked the same way everywhere. No text may hold a NUL character."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from ninja import Header, Path, Query
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from .cursors import MOST, PATTERN, USUAL
from .listing import FIELDS

NO_NUL = r"^[^\x00]*$"
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_ONE_FIELD = "|".join(FIELDS)


def _moment(value: Any) -> datetime:
    """A moment after RFC 3339, and nothing else that could be read as one. Raises ValueError."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("Send a moment such as 2026-03-14T09:00:00Z.")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError:  # the first and the last day there is, in a zone that leads beyond them
        return datetime.fromisoformat(value.upper()).replace(tzinfo=UTC)


def _whole(value: object) -> object:
    """JSON knows no integers: 60.0 is the number 60."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Reference = Annotated[
    str, Path(..., description="The reference of a case, such as EM-2026-0001.", min_length=1, max_length=24)
]
StepName = Annotated[
    str, Path(..., description="The name of a step; see GET …/steps.", min_length=1, max_length=60)
]
FileName = Annotated[
    str,
    Query("", pattern=NO_NUL, max_length=300, description="What the file is called; kept sealed."),
]
Slug = Annotated[str, Path(..., description="The short name of a workflow.", min_length=1, max_length=40)]
IfMatch = Annotated[
    str,
    Header(
        "",
        alias="If-Match",
        description="The ETag of the case as you read it: the step is refused when the case changed since.",
    ),
]
IfNoneMatch = Annotated[
    str,
    Header(
        "",
        alias="If-None-Match",
        description="The ETag of the case as you read it: 304 when you would read the same again.",
        max_length=1000,
    ),
]
Key = Annotated[
    str,
    Header(
        "",
        alias="Idempotency-Key",
        pattern=r"^[!-~]{0,200}$",
        description="Any text of yours: the same request under the same key is done once.",
    ),
]


class Paging(BaseModel):
    """Which page, and how long."""

    limit: int = Field(USUAL, ge=1, le=MOST, description="How many items a page has.")
    cursor: str | None = Field(
        None, pattern=PATTERN, description="“next” of the page before; opaque.", max_length=40
    )


class CaseFilters(Paging):
    """Which cases, and in which order."""

    workflow: str = Field("", pattern=NO_NUL, max_length=40)
    state: str = Field("", pattern=NO_NUL, max_length=40)
    open: bool | None = Field(None, description="true: those that wait for something; false: closed ones.")
    assignee: str = Field("", pattern=NO_NUL, max_length=80, description="A username, or “me”, or “nobody”.")
    severity: int | None = Field(None, ge=1, le=4)
    updated_since: Moment | None = Field(
        None, description="Changed at that moment or later; with order=updated, the way to keep a copy."
    )
    q: str = Field("", pattern=NO_NUL, max_length=400, description="Words, found as GET /search finds them.")
    order: Literal["newest", "due", "updated"] = Field(
        "newest", description="“due” lists open cases only, unless open=false. With q, the newest come first."
    )
    fields: str = Field(
        "",
        pattern=rf"^(({_ONE_FIELD})(,({_ONE_FIELD}))*)?$",
        description="Only these properties, separated by commas.",
        max_length=400,
    )


class Words(Paging):
    """What to search."""

    q: str = Field(
        ..., pattern=NO_NUL, min_length=1, max_length=400, description="Words or their beginnings."
    )


class Held(Paging):
    """Which requests."""

    which: Literal["for_me", "mine", "all"] = Field(
        "for_me", description="On which I can decide now; which I made; or all that are open."
    )


class ReleaseFilters(BaseModel):
    """Which entries of the release log."""

    recipient: str = Field(
        "", pattern=NO_NUL, max_length=200, description="Part of the name of an agency or of a recipient."
    )
    case: str = Field("", pattern=NO_NUL, max_length=24, description="The reference of a case.")
    since: Moment | None = Field(None, description="Released at that moment or later.")
    before: Moment | None = Field(None, description="Released before that moment.")
    path: Literal["", "pre_approved", "urgent"] = Field("", description="How it was agreed to.")
    review_open: bool = Field(False, description="Only those whose review afterwards is still open.")
    corrected: bool = Field(False, description="Rows that were corrected, too.")


class ReleasePage(Paging, ReleaseFilters):
    """Which entries of the release log, and which page of them."""


class DryRun(BaseModel):
    """Whether to do it."""

    dry_run: bool = Field(False, description="Say what would happen outside, and keep nothing.")


class DueFilters(Paging):
    """Which closed cases."""

    workflow: str = Field(..., pattern=NO_NUL, min_length=1, max_length=40)
    days: int = Field(0, ge=0, le=3660, description="Also what is due within so many days.")


class At(BaseModel):
    """At which moment."""

    at: Moment | None = Field(None, description="Now, unless you say.")


class SinceUntil(BaseModel):
    """Between which moments."""

    since: Moment | None = Field(None, description="Now, unless you say.")
    until: Moment | None = Field(None, description="Four weeks later, unless you say.")


class OfSomebody(BaseModel):
    """Of whom it is asked."""

    username: str = Field(..., pattern=NO_NUL, min_length=1, max_length=80, description="Whose access.")


class Sureness(BaseModel):
    """Whether they know what they ask for."""

    sure: bool = Field(False, description="Also when the virus scan found something in it.")


ExhibitNumber = Annotated[
    int, Path(..., description="The number of an exhibit: 3 for E-3.", ge=1, le=2**31 - 1)
]
Sure = Annotated[Sureness, Query(...)]
AskedOf = Annotated[OfSomebody, Query(...)]
Filtered = Annotated[CaseFilters, Query(...)]
Searched = Annotated[Words, Query(...)]
Asked = Annotated[Held, Query(...)]
Paged = Annotated[Paging, Query(...)]
ReleaseNumber = Annotated[
    str, Path(..., description="The number of an entry, such as RL-2026-0001.", min_length=1, max_length=24)
]
OpeningNumber = Annotated[int, Path(..., description="The id of an opening.", ge=1, le=2**53)]
SliceNumber = Annotated[int, Path(..., description="The id of a redacted slice.", ge=1, le=2**53)]
ReviewNumber = Annotated[int, Path(..., description="The id of a review.", ge=1, le=2**53)]
LineNumber = Annotated[int, Path(..., description="The id of a role in a review.", ge=1, le=2**53)]
HoldNumber = Annotated[
    str, Path(..., description="The number of a hold, such as LH-2026-0001.", min_length=1, max_length=24)
]
RunNumber = Annotated[
    str, Path(..., description="The number of a run, such as DR-2026-0001.", min_length=1, max_length=24)
]
CertificateNumber = Annotated[
    str,
    Path(..., description="The number of a certificate, such as DC-2026-0001.", min_length=1, max_length=24),
]
DueSoon = Annotated[DueFilters, Query(...)]
ConflictNumber = Annotated[int, Path(..., description="The id of a conflict.", ge=1, le=2**53)]
OnCallAt = Annotated[At, Query(...)]
Between = Annotated[SinceUntil, Query(...)]
RotaName = Annotated[str, Path(..., description="The short name of a rota.", min_length=1, max_length=40)]
OfferNumber = Annotated[int, Path(..., description="The id of an offer.", ge=1, le=2**53)]
Released = Annotated[ReleasePage, Query(...)]
ReleasedWhole = Annotated[ReleaseFilters, Query(...)]
Rehearse = Annotated[DryRun, Query(...)]
