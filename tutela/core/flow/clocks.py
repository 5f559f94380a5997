"""Starts, stops and pauses the clocks of a case. Called by `perform()` and the poller only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q

from tutela.core.cases.models import Case

from .calendar import after, before, parse_span
from .declare import Clock, Span, Workflow
from .models import ClockRow

RUNNING, PAUSED, MET, ENDED = (
    ClockRow.State.RUNNING,
    ClockRow.State.PAUSED,
    ClockRow.State.MET,
    ClockRow.State.ENDED,
)


def span_of(workflow: Workflow, clock: Clock) -> Span:
    """How long a clock runs, after `settings.CLOCKS`."""
    written = settings.CLOCKS.get(f"{workflow.slug}.{clock.name}")
    return parse_span(written) if written else clock.due


def happened(
    workflow: Workflow, case: Case, what: str, at: datetime, *, start_at: datetime | None = None
) -> None:
    """Stop and start the clocks for which `what` (a step's name, or `OPENED`) counts.

    A clock that runs and has not lapsed runs on, so that no promise is put off by a second cause;
    what is to start it anew stands in both of its lists.
    """
    for clock in workflow.clocks:
        if what in clock.stops_on:
            _stop(case, clock.name, at, MET)
        if what in clock.starts_on and not any(need(case) for need in clock.needs):
            _start(workflow, case, clock, start_at or at)


def end_all(workflow: Workflow, case: Case, at: datetime) -> None:
    """Stop every clock of a case that has come to its end, but for those that outlive it."""
    outliving = [clock.name for clock in workflow.clocks if clock.outlives]
    for row in case.clocks.filter(stopped_at=None).exclude(name__in=outliving):
        _finish(row, at, ENDED)


def pause(case: Case, names: Iterable[str], reason: str, at: datetime) -> int:
    """Let running clocks stand still. Returns how many."""
    return case.clocks.filter(name__in=list(names), state=RUNNING, stopped_at=None).update(
        state=PAUSED, paused_at=at, pause_reason=reason, next_at=None
    )


def resume(case: Case, at: datetime) -> int:
    """Let paused clocks run on, later by as long as they stood. Returns how many."""
    rows = list(case.clocks.filter(state=PAUSED, stopped_at=None))
    for row in rows:
        stood = at - (row.paused_at or at)
        row.due_at += stood
        row.warn_at = row.warn_at and row.warn_at + stood
        row.earliest_at = row.earliest_at and row.earliest_at + stood
        row.state, row.paused_at, row.pause_reason = RUNNING, None, ""
        row.next_at = next_look(row)
        row.save()
    return len(rows)


def next_look(row: ClockRow) -> datetime | None:
    """When the poller must look at a row, or None when it has nothing more to do."""
    if row.stopped_at or row.paused_at:
        return None
    if row.warn_at and not row.warned_at and not row.lapsed_at:
        return row.warn_at
    return None if row.lapsed_at else row.due_at


def soonest(case: Case) -> tuple[datetime | None, str]:
    """When the next clock of a case is due, and its name: what the queue sorts by."""
    row = case.clocks.filter(Q(stopped_at=None), state=RUNNING).order_by("due_at").first()
    lapsed = case.clocks.filter(Q(stopped_at=None), state=ClockRow.State.LAPSED).order_by("due_at").first()
    first = min((one for one in (row, lapsed) if one), key=lambda one: one.due_at, default=None)
    return (first.due_at, first.name) if first else (None, "")


def snapshot(case: Case) -> list[dict[str, Any]]:
    """The clocks as they stand, to be restored by an undo."""
    fields = [field.attname for field in ClockRow._meta.concrete_fields if field.name != "case"]  # noqa: SLF001  Django's public name
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        for row in case.clocks.order_by("id").values(*fields)
    ]


def restore(case: Case, rows: list[dict[str, Any]], at: datetime) -> None:
    """Put the clocks back as `snapshot` found them; those started since are ended."""
    for row in case.clocks.exclude(id__in=[row["id"] for row in rows]).filter(stopped_at=None):
        _finish(row, at, ENDED)
    for kept in rows:
        row = ClockRow(case=case, **{name: _moment(name, value) for name, value in kept.items()})
        row.save(force_update=True)


def _moment(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") and value else value


def _start(workflow: Workflow, case: Case, clock: Clock, at: datetime) -> None:
    if case.clocks.filter(name=clock.name, stopped_at=None, lapsed_at=None).exists():
        return
    _stop(case, clock.name, at, ENDED)  # a run that has lapsed is over: this one may lapse anew
    due = after(at, span_of(workflow, clock))
    row = ClockRow(
        case=case,
        name=clock.name,
        started_at=at,
        due_at=due,
        warn_at=before(due, clock.warn, not_before=at) if clock.warn else None,
        earliest_at=after(at, clock.earliest) if clock.earliest else None,
    )
    row.next_at = next_look(row)
    row.save()


def _stop(case: Case, name: str, at: datetime, state: str) -> None:
    for row in case.clocks.filter(name=name, stopped_at=None):
        _finish(row, at, state)


def _finish(row: ClockRow, at: datetime, state: str) -> None:
    row.stopped_at, row.next_at = at, None
    row.state = ClockRow.State.LAPSED if row.lapsed_at or (at > row.due_at and state == MET) else state
    row.save()
