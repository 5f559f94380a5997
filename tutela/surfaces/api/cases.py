"""Reading cases: lists, one case, and its parts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from ninja import Router

from tutela.surfaces.downloads import streamed

from . import access, etags, listing, reading, shapes
from .auth import actor_of, reads
from .inputs import AskedOf, ExhibitNumber, Filtered, IfNoneMatch, Paged, Reference, Searched, Sure

router = Router(auth=reads, tags=["cases"])


@router.get("/cases", response=shapes.CaseList, operation_id="list_cases", exclude_unset=True)
def list_cases(request: HttpRequest, filters: Filtered) -> dict[str, Any]:
    """List the cases that you may see, in pages."""
    wanted = listing.Wanted(
        workflow=filters.workflow,
        state=filters.state,
        # Only open cases have something due; the others would only be sorted behind them.
        open=True if filters.open is None and filters.order == listing.DUE else filters.open,
        assignee=filters.assignee,
        severity=filters.severity,
        updated_since=filters.updated_since,
        words=filters.q.strip(),
        order=filters.order,
        fields=tuple(filters.fields.split(",")) if filters.fields else (),
    )
    return listing.list_cases(actor_of(request), wanted, filters.limit, filters.cursor)


@router.get("/search", response=shapes.Found, operation_id="search", tags=["search"])
def search(request: HttpRequest, asked: Searched) -> dict[str, Any]:
    """Find cases by words in titles, messages, notes, reports and names of parties."""
    wanted = listing.Wanted(words=asked.q)
    return listing.list_cases(actor_of(request), wanted, asked.limit, asked.cursor)


@router.get("/cases/{reference}", response={200: shapes.CaseDetail, 304: None}, operation_id="get_case")
def get_case(
    request: HttpRequest, response: HttpResponse, reference: Reference, if_none_match: IfNoneMatch
) -> dict[str, Any] | HttpResponse:
    """Read one case. A look at a restricted case is recorded, whether or not it has changed.

    Of a case that was disposed of, the answer (410) tells when, by which rule, and names its certificate.
    """
    case = reading.case_detail(reference, actor_of(request))
    tag = etags.tag_of(case)
    if etags.is_among(tag, if_none_match):
        return HttpResponseNotModified(headers={"ETag": tag})
    response["ETag"] = tag
    return case


@router.get("/cases/{reference}/timeline", response=shapes.Timeline, operation_id="get_timeline")
def get_timeline(request: HttpRequest, reference: Reference, page: Paged) -> dict[str, Any]:
    """Read what happened to a case, the oldest line first."""
    return reading.timeline(reference, actor_of(request), page.limit, page.cursor)


@router.get("/cases/{reference}/access", response=shapes.AccessAnswer, operation_id="explain_access")
def explain_access(request: HttpRequest, reference: Reference, asked: AskedOf) -> dict[str, Any]:
    """Read why somebody sees a case, or does not. For managers of the workflow and security officers."""
    return access.explained(actor_of(request), reference, asked.username)


@router.get("/cases/{reference}/messages", response=shapes.Messages, operation_id="get_messages")
def get_messages(request: HttpRequest, reference: Reference, page: Paged) -> dict[str, Any]:
    """Read the conversation of a case, the oldest turn first."""
    return reading.messages(reference, actor_of(request), page.limit, page.cursor)


@router.get("/cases/{reference}/exhibits", response=shapes.Exhibits, operation_id="get_exhibits")
def get_exhibits(request: HttpRequest, reference: Reference, page: Paged) -> dict[str, Any]:
    """Read which exhibits a case keeps, without their content."""
    return reading.exhibits(reference, actor_of(request), page.limit, page.cursor)


@router.get("/cases/{reference}/exhibits/{number}/file", operation_id="get_exhibit_file")
def get_exhibit_file(
    request: HttpRequest, reference: Reference, number: ExhibitNumber, asked: Sure
) -> HttpResponseBase:
    """Read an exhibit, as its bytes. The look is recorded. A harmful one leaves for `sure=true` only."""
    return streamed(reading.exhibit_file(reference, number, actor_of(request), knowing=asked.sure))


@router.get("/cases/{reference}/reports", response=shapes.Reports, operation_id="get_reports")
def get_reports(request: HttpRequest, reference: Reference, page: Paged) -> dict[str, Any]:
    """Read the reports of a case, without their raw bytes."""
    return reading.reports(reference, actor_of(request), page.limit, page.cursor)
