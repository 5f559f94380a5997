"""Lists of cases: filters, orders and words, in pages. For the API and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q

from tutela.core.cases.models import Case, CaseQuerySet
from tutela.core.people.actor import Actor, acting_as

from .cursors import USUAL, Cursor, by_id

NEWEST, DUE, UPDATED = "newest", "due", "updated"
#: Columns of the line of a case that are read as they are.
COLUMNS = (
    "reference", "workflow", "state", "title", "severity", "restricted", "language", "wiki", "received_at",
    "opened_at", "updated_at", "closed_at", "due_at", "due_clock", "follow_up_at", "unread", "version",
    "is_test",
)  # fmt: skip
FIELDS = (*COLUMNS[:5], "assignee", "team", *COLUMNS[5:])
_READ = (*COLUMNS, "id", "team__slug", "assignee__username", "assignee__working_name")
CANDIDATES = 400

Line = dict[str, Any]
Page = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases, in which order. `words` are found in titles, texts, parties and reporters."""

    workflow: str = ""
    state: str = ""
    open: bool | None = None
    assignee: str = ""
    severity: int | None = None
    updated_since: datetime | None = None
    words: str = ""
    order: str = NEWEST
    fields: tuple[str, ...] = ()


def list_cases(actor: Actor, wanted: Wanted, limit: int = USUAL, cursor: str | None = None) -> Page:
    """One page: `items` and `next`, the cursor of the page after it or None."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        cases = _filtered(Case.objects.all(), wanted, actor)
        if wanted.words:
            return _found(cases, wanted, limit, after)
        rows = list(_ordered(cases, wanted.order, after).values(*_READ)[: limit + 1])
    following = _cursor_of(rows[limit - 1], wanted.order) if len(rows) > limit else None
    return {"items": [line(row, wanted.fields) for row in rows[:limit]], "next": following}


def line(row: dict[str, Any], fields: Iterable[str] = ()) -> Line:
    """A case as lists show it, from the columns read."""
    holder = row["assignee__username"]
    whole: Line = {name: row[name] for name in COLUMNS}
    whole["assignee"] = {"username": holder, "name": row["assignee__working_name"]} if holder else None
    whole["team"] = row["team__slug"]
    return {name: whole[name] for name in (fields or FIELDS)}


def line_of(case: Case) -> Line:
    """The same line, of a case that was read whole."""
    holder = case.assignee
    row = {name: getattr(case, name) for name in COLUMNS}
    return line(
        {
            **row,
            "team__slug": case.team.slug,
            "assignee__username": holder.username if holder else None,
            "assignee__working_name": holder.working_name if holder else None,
        }
    )


def _filtered(cases: CaseQuerySet, wanted: Wanted, actor: Actor) -> CaseQuerySet:
    same = {
        "workflow": wanted.workflow,
        "state": wanted.state,
        "severity": wanted.severity,
        "updated_at__gte": wanted.updated_since,
    }
    cases = cases.filter(**{name: value for name, value in same.items() if value not in {None, ""}})
    if wanted.open is not None:
        cases = cases.filter(closed_at__isnull=wanted.open)
    if wanted.assignee == "me":
        return cases.assigned_to(actor.id)
    if wanted.assignee == "nobody":
        return cases.unassigned()
    return cases.filter(assignee__username=wanted.assignee) if wanted.assignee else cases


def _ordered(cases: CaseQuerySet, order: str, after: Cursor | None) -> CaseQuerySet:
    if order == DUE:
        return _by_due(cases, after)
    if order == UPDATED:
        if after and after.at:
            cases = cases.filter(
                Q(updated_at__gt=after.at) | Q(updated_at=after.at, id__gt=after.id), updated_at__gte=after.at
            )
        return cases.order_by("updated_at", "id")
    if after:
        cases = cases.filter(id__lt=after.id)
    return cases.order_by("-id")


def _by_due(cases: CaseQuerySet, after: Cursor | None) -> CaseQuerySet:
    if after and after.at is None:
        cases = cases.filter(due_at=None, id__gt=after.id)
    elif after:
        cases = cases.filter(Q(due_at__gt=after.at) | Q(due_at=after.at, id__gt=after.id) | Q(due_at=None))
    return cases.order_by(F("due_at").asc(nulls_last=True), "id")


def _cursor_of(row: dict[str, Any], order: str) -> str:
    at = {DUE: row["due_at"], UPDATED: row["updated_at"]}.get(order)
    return str(Cursor(at, row["id"]))


def _found(cases: CaseQuerySet, wanted: Wanted, limit: int, after: Cursor | None) -> Page:
    """The newest cases with the words, from as many candidates as it takes to fill the page.

    Candidates that row security drops are made up for, so that `next` never tells of cases that the
    actor may not see. Each round asks for more than the last.
    """
    before, most = after.id if after else None, CANDIDATES
    rows: list[dict[str, Any]] = []
    while True:
        candidates = _candidates(wanted.words, most, before)
        # Asked also when there is none: the effort is the same whether hidden cases have the words.
        some = cases.filter(id__in=candidates or [0]).order_by("-id")
        rows += some.values(*_READ)[: limit + 1 - len(rows)]
        if len(rows) > limit or len(candidates) < most:
            break
        before, most = min(candidates), most * 4
    following = by_id(rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"items": [line(row, wanted.fields) for row in rows[:limit]], "next": following}


def _candidates(words: str, most: int, before: int | None) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_id FROM tutela.search(%s, %s, %s)", [words, most, before])
        return [row[0] for row in cursor]
