"""Which cases a list holds and in what order, a page at a time.

Pages go on from the last row of the one before (key-set), so page 2,000 costs as much as page 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case

from .filters import waiting_on_others

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrOrPromise

    from .filters import Asker

PAGE = 50
SOON = timedelta(hours=1)

#: What a row of a list shows.
COLUMNS = (
    "id", "reference", "workflow", "state", "title", "severity", "restricted", "language", "wiki", "due_at",
    "due_clock", "follow_up_at", "unread", "closed_at", "updated_at", "received_at", "assignee_id",
    "assignee__working_name",
)  # fmt: skip


def mine(asker: Asker) -> Q:
    """In one's own hands, or in nobody's with a clock that ends within the hour."""
    return in_hand(asker.staff_id, asker.now + SOON)


def in_hand(staff_id: int, soon: datetime) -> Q:
    """In one person's hands, or in nobody's with a clock that ends before a moment."""
    return Q(assignee=staff_id) | Q(assignee=None, due_at__lt=soon)


def of_teams(asker: Asker) -> Q:
    """Of the workflows that the person works in."""
    return Q(workflow__in=asker.workflows)


def of_nobody(asker: Asker) -> Q:
    """In nobody's hands."""
    return of_teams(asker) & Q(assignee=None)


def waiting(asker: Asker) -> Q:
    """One's own that wait for an approval, a reporter or somebody outside."""
    return Q(assignee=asker.staff_id) & waiting_on_others()


@dataclass(frozen=True)
class Tab:
    """One part of a list, under its own address."""

    name: str
    label: _StrOrPromise
    q: Callable[[Asker], Q]


MY_DAY = (
    Tab("mine", _("Mine"), mine),
    Tab("teams", _("My teams"), of_teams),
    Tab("nobody", _("Unassigned"), of_nobody),
    Tab("waiting", _("Waiting on others"), waiting),
)
OF_WORKFLOW = (
    Tab("all", _("All"), of_teams),
    Tab("mine", _("Mine"), lambda asker: Q(assignee=asker.staff_id)),
    Tab("nobody", _("Unassigned"), of_nobody),
    Tab("waiting", _("Waiting on others"), lambda _asker: waiting_on_others()),
)


@dataclass(frozen=True)
class Sort:
    """An order of rows, told by one index."""

    name: str
    label: _StrOrPromise
    column: str
    down: bool = False


SORTS = {
    one.name: one
    for one in (
        Sort("due", _("Due first"), "due_at"),
        Sort("new", _("Newest first"), "id", down=True),
        Sort("changed", _("Last changed first"), "updated_at", down=True),
    )
}


@dataclass(frozen=True)
class Rows:
    """One page of a list; `after` leads to the next one, or is empty."""

    rows: list[dict[str, Any]]
    after: str = ""


def page_of(cases: QuerySet[Case], sort: Sort, after: str = "") -> Rows:
    """The next `PAGE` rows after a mark. One query. A mark that is not ours begins at the start."""
    place = _place(after, sort)
    rows = list(_next(cases, sort, place)[: PAGE + 1])
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    return Rows(rows, _mark(rows[-1], sort) if more else "")


Place = tuple[datetime | None, int]


def _next(cases: QuerySet[Case], sort: Sort, place: Place | None) -> Any:
    if sort.column == "id":
        newest = cases.order_by("-id").values(*COLUMNS)
        return newest.filter(id__lt=place[1]) if place else newest
    order = [f"-{sort.column}", "-id"] if sort.down else [sort.column, "id"]
    ordered = cases.order_by(*order).values(*COLUMNS)
    if place is None:
        return ordered
    at, number = place
    beyond = Q(id__lt=number) if sort.down else Q(id__gt=number)
    if at is None:
        return ordered.filter(beyond, **{f"{sort.column}__isnull": True})
    edge, past = ("lte", "lt") if sort.down else ("gte", "gt")
    same_index_range = Q(**{f"{sort.column}__{edge}": at}) & (Q(**{f"{sort.column}__{past}": at}) | beyond)
    if sort.down:
        return ordered.filter(same_index_range)
    # Rows without a moment stand last; each half is one range of the index.
    dated = ordered.filter(same_index_range)[: PAGE + 1]
    undated = ordered.filter(**{f"{sort.column}__isnull": True})[: PAGE + 1]
    return dated.union(undated, all=True).order_by(sort.column, "id")


def _mark(row: dict[str, Any], sort: Sort) -> str:
    at = row[sort.column] if sort.column != "id" else None
    return signing.dumps(
        [at.isoformat() if at else None, row["id"]], salt=f"page {sort.name}", compress=False
    )


def _place(mark: str, sort: Sort) -> Place | None:
    try:
        at, number = signing.loads(mark, salt=f"page {sort.name}") if mark else (None, None)
    except signing.BadSignature:
        return None
    if number is None:
        return None
    return (datetime.fromisoformat(at) if at else None, int(number))
