"""Records: the retention schedule, what is due, legal holds, disposal runs and certificates."""

from __future__ import annotations

from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from tutela.core.people.actor import Actor, acting_as
from tutela.core.records import described, disposal, holds, runs
from tutela.core.records.due import coming, place_of
from tutela.core.records.models import LEAST_REASON
from tutela.core.records.schedule import schedule

from . import shapes
from .auth import actor_of, reads, writes
from .body import body_of, read_as
from .cursors import Cursor, by_id
from .inputs import NO_NUL, CertificateNumber, DueSoon, HoldNumber, Paged, RunNumber

router = Router(tags=["records"])
Json = dict[str, Any]
LONGEST = 2000
OneCase = Annotated[str, Field(max_length=24, pattern=NO_NUL)]


class Placed(BaseModel):
    """Which cases are to be kept, why, and by whose authority."""

    model_config = ConfigDict(extra="forbid")

    cases: list[OneCase] = Field(min_length=1, max_length=500, description="References, of one workflow.")
    reason: str = Field(min_length=LEAST_REASON, max_length=LONGEST, pattern=NO_NUL)
    authority: str = Field(min_length=1, max_length=300, pattern=NO_NUL)
    party: int | None = Field(None, ge=1, le=2**53, description="A party on them: every case of it.")
    review_at: date | None = None


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=LEAST_REASON, max_length=LONGEST, pattern=NO_NUL)


class Proposed(BaseModel):
    """Which cases are to go."""

    model_config = ConfigDict(extra="forbid", strict=True)

    cases: list[OneCase] = Field(
        min_length=1, max_length=runs.MOST_CASES, description="References, of one workflow."
    )
    reason: str = Field("", max_length=LONGEST, pattern=NO_NUL)


class Verdict(BaseModel):
    """What somebody says of a run."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Literal["approved", "refused", "withdrawn"]
    words: str = Field("", max_length=LONGEST, pattern=NO_NUL, description="Needed unless you agree.")


@router.get("/retention", auth=reads, response=shapes.Schedule, operation_id="get_retention")
def get_retention(request: HttpRequest) -> Json:  # noqa: ARG001
    """Read the retention schedule: how long each type of record is kept, and what happens then."""
    return {"items": [one.described() for one in schedule()], "next": None}


@router.get("/retention/due", auth=reads, response=shapes.DueList, operation_id="list_due")
def list_due(request: HttpRequest, asked: DueSoon) -> Json:
    """List the closed cases of a workflow that are due, the earliest first, and what keeps some of them."""
    after = Cursor.read(asked.cursor)
    place = (after.at, after.id) if after and after.at else None
    with acting_as(actor_of(request)):
        by = timezone.now() + timedelta(days=asked.days)
        found = coming(asked.workflow, by, asked.limit + 1, place)
        items = [described.line(one) for one in found[: asked.limit]]
    more = len(found) > asked.limit
    return {"items": items, "next": str(Cursor(*place_of(found[asked.limit - 1]))) if more else None}


@router.get("/holds", auth=reads, response=shapes.HoldList, operation_id="list_holds")
def list_holds(request: HttpRequest, page: Paged) -> Json:
    """List the legal holds that you may read of, the newest first."""
    after = Cursor.read(page.cursor)
    with acting_as(actor_of(request)):
        rows = described.with_cases()
        found = list((rows.filter(pk__lt=after.id) if after else rows)[: page.limit + 1])
        items = [described.hold(one) for one in found[: page.limit]]
    return {"items": items, "next": by_id(found[page.limit - 1].pk) if len(found) > page.limit else None}


@router.post(
    "/holds",
    auth=writes,
    response={HTTPStatus.CREATED: shapes.Hold},
    operation_id="place_hold",
    openapi_extra=body_of(Placed),
)
def place_hold(request: HttpRequest) -> Status[Json]:
    """Place a legal hold: nothing of these cases goes until it is released."""
    asked, actor = read_as(request, Placed), actor_of(request)
    made = holds.place_hold(
        actor,
        asked.cases,
        asked.reason,
        asked.authority,
        party=asked.party,
        review_at=asked.review_at,
    )
    return Status(HTTPStatus.CREATED, hold_of(actor, made.number))


@router.get("/holds/{hold}", auth=reads, response=shapes.Hold, operation_id="get_hold")
def get_hold(request: HttpRequest, hold: HoldNumber) -> Json:
    """Read one legal hold, with the cases that it covers and you see."""
    return hold_of(actor_of(request), hold)


@router.post(
    "/holds/{hold}/release",
    auth=writes,
    response=shapes.Hold,
    operation_id="release_hold",
    openapi_extra=body_of(Reason),
)
def release_hold(request: HttpRequest, hold: HoldNumber) -> Json:
    """Release a legal hold. What it kept may go when it is due."""
    said, actor = read_as(request, Reason), actor_of(request)
    return hold_of(actor, holds.release_hold(actor, hold, said.reason).number)


@router.get("/disposals", auth=reads, response=shapes.DisposalList, operation_id="list_disposals")
def list_disposals(request: HttpRequest, page: Paged) -> Json:
    """List the disposal runs that you may read of, the newest first."""
    after = Cursor.read(page.cursor)
    with acting_as(actor_of(request)):
        rows = described.with_items()
        found = list((rows.filter(pk__lt=after.id) if after else rows)[: page.limit + 1])
        items = [described.run(one) for one in found[: page.limit]]
    return {"items": items, "next": by_id(found[page.limit - 1].pk) if len(found) > page.limit else None}


@router.post(
    "/disposals",
    auth=writes,
    response={HTTPStatus.CREATED: shapes.Disposal},
    operation_id="propose_disposal",
    openapi_extra=body_of(Proposed),
)
def propose_disposal(request: HttpRequest) -> Status[Json]:
    """Propose that due cases go. Nothing goes before another person agrees."""
    asked, actor = read_as(request, Proposed), actor_of(request)
    made = runs.propose(actor, asked.cases, asked.reason)
    return Status(HTTPStatus.CREATED, run_of(actor, made.number))


@router.get("/disposals/{run}", auth=reads, response=shapes.Disposal, operation_id="get_disposal")
def get_disposal(request: HttpRequest, run: RunNumber) -> Json:
    """Read one disposal run, with what came of each case."""
    return run_of(actor_of(request), run)


@router.post(
    "/disposals/{run}/decide",
    auth=writes,
    response=shapes.Disposal,
    operation_id="decide_disposal",
    openapi_extra=body_of(Verdict),
)
def decide_disposal(request: HttpRequest, run: RunNumber) -> Json:
    """Agree to the run of another person or stop it; or withdraw your own. Agreeing needs a grave token."""
    said, actor = read_as(request, Verdict), actor_of(request)
    return run_of(actor, runs.decide(actor, run, said.verdict, said.words).number)


@router.get(
    "/certificates/{certificate}",
    auth=reads,
    response=shapes.DisposalCertificate,
    operation_id="get_certificate",
)
def get_certificate(request: HttpRequest, certificate: CertificateNumber) -> Json:
    """Read the certificate of a disposal, compared with the audit log."""
    with acting_as(actor_of(request)):
        return described.certificate(disposal.find_certificate(certificate))


def hold_of(actor: Actor, number: str) -> Json:
    """One hold as plain values. Raises NotFound."""
    with acting_as(actor):
        return described.hold(described.with_cases().get(pk=holds.find_hold(number).pk))


def run_of(actor: Actor, number: str) -> Json:
    """One run as plain values. Raises NotFound."""
    with acting_as(actor):
        return described.run(described.with_items().get(pk=runs.find_run(number).pk))
