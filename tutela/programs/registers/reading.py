"""Reading the release log: what to find, page by page, whole entries, and the looks that this leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform

from tutela.core.audit.models import Act
from tutela.core.audit.record import record_each
from tutela.core.cases.models import Case
from tutela.core.flow.models import Opinion, Request
from tutela.core.people.actor import Actor
from tutela.core.people.models import Staff

from .models import ReleaseEntry
from .releases import entries

#: What the audit log says of a look at the release log, beside the case.
LOG = "release log"
PRE_APPROVED, URGENT = "pre_approved", "urgent"
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries. `recipient` is part of the name of an agency or of a person there.

    `since` and `before` bound the moment of the release; `path` is how it was agreed to;
    `review_open` keeps those whose look afterwards is still to come.
    """

    recipient: str = ""
    case: str = ""
    since: datetime | None = None
    before: datetime | None = None
    path: Literal["", "pre_approved", "urgent"] = ""
    review_open: bool = False
    corrected: bool = False


def find(wanted: Wanted) -> QuerySet[ReleaseEntry]:
    """The entries that the actor may read, the newest first. `review` is the id of the look afterwards.

    Corrected rows are left out unless they are wanted.
    """
    found = ReleaseEntry.objects.order_by("-at", "-id") if wanted.corrected else entries()
    found = found.select_related("released_by", "call_back_by", "corrects", "corrected_by")
    same = {"case_reference": wanted.case, "at__gte": wanted.since, "at__lt": wanted.before}
    found = found.filter(**{name: value for name, value in same.items() if value not in {None, ""}})
    if wanted.recipient:
        named = Q(agency__icontains=wanted.recipient) | Q(recipient_name__icontains=wanted.recipient)
        found = found.filter(named)
    if wanted.path:
        found = found.filter(pre_approved=wanted.path == PRE_APPROVED)
    reviewed = _with_review(found)
    if wanted.review_open:
        reviewed = reviewed.filter(review_state=Request.State.OPEN)
    return cast("QuerySet[ReleaseEntry]", reviewed)


def _with_review(found: QuerySet[ReleaseEntry]) -> Any:
    """Add the look afterwards, which names the first row of a release; corrections keep its moment."""
    first = ReleaseEntry.objects.filter(case_id=OuterRef("case_id"), at=OuterRef("at"), corrects=None)
    reviews = Request.objects.annotate(number=KeyTextTransform("release", "event__data")).filter(
        kind=Request.Kind.REVIEW, case_id=OuterRef("case_id"), number=OuterRef("first_number")
    )
    newest = reviews.order_by("-id")
    return found.annotate(
        first_number=Subquery(first.order_by("id").values("number")[:1]),
        review=Subquery(newest.values("pk")[:1]),
        review_state=Subquery(newest.values("state")[:1]),
    )


def page_of(
    found: QuerySet[ReleaseEntry], limit: int, after: Place | None = None
) -> tuple[list[ReleaseEntry], Place | None]:
    """The next entries after a place, and the place of the page after them or None. One query."""
    if after:
        at, number = after
        found = found.filter(Q(at__lt=at) | Q(at=at, id__lt=number), at__lte=at)
    rows = list(found[: limit + 1])
    following = (rows[limit - 1].at, rows[limit - 1].pk) if len(rows) > limit else None
    return rows[:limit], following


@dataclass(frozen=True, slots=True)
class People:
    """Who agreed to some entries and who looked at them afterwards."""

    staff: dict[int, Staff]
    opinions: dict[int, list[Opinion]]

    def agreed(self, entry: ReleaseEntry) -> list[Staff]:
        """Who agreed before the release."""
        return [self.staff[pk] for pk in entry.approved_by if pk in self.staff]

    def reviewed(self, entry: ReleaseEntry) -> list[Opinion]:
        """What the reviewers said afterwards, in the round that counts, the first one first."""
        return self.opinions.get(getattr(entry, "review", None) or 0, [])


def people_of(rows: Sequence[ReleaseEntry]) -> People:
    """The people of some entries of `find()`. Two queries, however many entries there are."""
    reviews = [one for one in (getattr(row, "review", None) for row in rows) if one]
    opinions: dict[int, list[Opinion]] = {}
    counting = Opinion.objects.filter(request_id__in=reviews, round=F("request__round"))
    for one in counting.select_related("staff").order_by("id"):
        opinions.setdefault(one.request_id, []).append(one)
    return People(Staff.objects.in_bulk({pk for row in rows for pk in row.approved_by}), opinions)


def looked(actor: Actor, rows: Iterable[ReleaseEntry], act: Act = Act.CASE_LOOKED) -> None:
    """Record the look at, or the export of, each case of which an entry shows. Two statements.

    An entry outlives its case, and a case may be closed to a reader later: such a look is recorded
    in the reader's own name, with the number of the case among the details.
    """
    cases = {row.case_id for row in rows}
    seen = set(Case.objects.filter(pk__in=cases).values_list("pk", flat=True))
    said = [(pk if pk in seen else None, {"at": LOG, "case": pk}) for pk in sorted(cases)]
    record_each(act, actor, said)


def described(row: ReleaseEntry, people: People) -> dict[str, Any]:
    """An entry as plain values, for programs."""
    same = (
        "number", "at", "workflow", "case_reference", "restricted", "pre_approved", "why_urgent",
        "recipient_type", "recipient_type_other", "recipient_name", "recipient_contact", "agency",
        "agency_case_number", "call_back_number", "call_back_answered_by", "call_back_at", "reason",
        "reason_other", "legal_basis", "data_classes", "accounts", "description",
        "minutes_from_receipt", "is_test", "correction_reason",
    )  # fmt: skip
    corrected = getattr(row, "corrected_by", None)
    return {
        **{name: getattr(row, name) for name in same},
        "released_by": _person(row.released_by),
        "approved_by": [_person(one) for one in people.agreed(row)],
        "call_back_by": _person(row.call_back_by) if row.call_back_by else None,
        "review": getattr(row, "review_state", None) or "",
        "reviewed_by": [
            {**_person(one.staff), "verdict": one.verdict, "at": one.at} for one in people.reviewed(row)
        ],
        "corrects": row.corrects.number if row.corrects else None,
        "corrected_by": corrected.number if corrected else None,
    }


def _person(staff: Staff) -> dict[str, str]:
    return {"username": staff.username, "name": staff.working_name}
