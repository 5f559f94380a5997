"""Looks at each clock when it warns or runs out, and sees to it that somebody is told. Once.

One transaction per clock. What is due is found by one index; whether it truly is, is looked up anew under
the lock of its case. A clock that cannot be acted on keeps its error, is tried again ever more rarely, and
never keeps the others waiting.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case, Event, Severity
from tutela.core.crashpoint import crashpoint
from tutela.core.moment import database_now
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.roles import SystemActor

from . import clocks, notices, registry
from .declare import Clock, LapseAct, Workflow
from .models import ClockRow
from .perform import notify, perform, queue_effects

log = logging.getLogger(__name__)

LONGEST_WAIT: Final = timedelta(hours=1)
#: The steps of the events that are written here.
WARNED, LAPSED = "clock_warned", "clock_lapsed"
#: What a look finds, beside those two: the system step of a lapse that failed, or nothing any more.
_STEP_AGAIN, _NOTHING = "step", ""


def tick(now: datetime | None = None, limit: int = 200) -> int:
    """Act on every clock whose moment has come (by `now`, else the database's). Returns how many.

    Two workers share the work: each takes what nobody holds. Raises the database's errors only.
    """
    now = now or database_now()
    actor = system_actor(SystemActor.CLOCK)
    return sum(_tend(row_id, now, actor) for row_id in _waiting(now, limit, actor))


def _waiting(now: datetime, limit: int, actor: Actor) -> list[int]:
    with acting_as(actor):
        rows = ClockRow.objects.filter(next_at__lte=now).order_by("next_at", "id")
        return list(rows.values_list("pk", flat=True)[:limit])


def _tend(row_id: int, now: datetime, actor: Actor) -> bool:
    try:
        with acting_as(actor):
            row = _take(row_id, now)
            if row is None:
                return False
            _look(row, now, actor)
            crashpoint("poller.before_commit")
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  one faulty clock must not stop the others
        _put_off(row_id, now, error, actor)
        return False
    crashpoint("poller.after_commit")
    return True


def _take(row_id: int, now: datetime) -> ClockRow | None:
    """The clock with its case, both locked; None when somebody else has it or it is not due any more.

    The case first, as steps do. A case at which somebody works is left for the next look.
    """
    case = (
        Case.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .filter(clocks=row_id)
        .first()
    )
    if case is None:
        return None
    rows = ClockRow.objects.select_for_update(skip_locked=True, of=("self",))
    row = rows.filter(pk=row_id, next_at__lte=now).first()
    if row is not None:
        row.case = case
    return row


def _look(row: ClockRow, now: datetime, actor: Actor) -> None:
    case = row.case
    workflow = registry.workflow(case.workflow)
    clock = _declared(workflow, row.name)
    if case.closed_at and not clock.outlives:
        clocks.end_all(workflow, case, now)
        row.refresh_from_db()
        _settled(row)
        return
    what = _due(row, now)
    if what == WARNED:
        _warn(row, clock, workflow, now, actor)
    elif what == LAPSED:
        _lapse(row, clock, workflow, now, actor)
    elif what == _STEP_AGAIN and clock.lapse.act is LapseAct.STEP:
        if _run_step(row, clock, now, actor):
            ClockRow.objects.filter(pk=row.pk).update(failures=0, error="", next_at=None)
    else:
        _settled(row)


def _declared(workflow: Workflow, name: str) -> Clock:
    try:
        return workflow.clock(name)
    except KeyError:
        raise LookupError(f"The workflow {workflow.slug} no longer declares the clock {name}.") from None


def _due(row: ClockRow, now: datetime) -> str:
    """What is to be done about a clock now. Overslept, it lapses without warning first."""
    if row.stopped_at or row.paused_at:
        return _NOTHING
    if row.lapsed_at:
        return _STEP_AGAIN if row.failures else _NOTHING
    if row.due_at <= now:
        return LAPSED
    if row.warn_at and not row.warned_at and row.warn_at <= now:
        return WARNED
    return _NOTHING


def _settled(row: ClockRow) -> None:
    row.failures, row.error = 0, ""
    row.next_at = clocks.next_look(row)
    row.save()


def _warn(row: ClockRow, clock: Clock, workflow: Workflow, now: datetime, actor: Actor) -> None:
    """Tell whoever works on it. The version of the case is the same, so open pages stay good."""
    row.warned_at = now
    _settled(row)
    Case.objects.filter(pk=row.case.pk).update(updated_at=now)  # for whoever keeps a copy
    _tell(_event(row, WARNED, actor), row, clock, workflow, None)
    notify("tutela_live", {"case": row.case.pk, "version": row.case.version})


def _lapse(row: ClockRow, clock: Clock, workflow: Workflow, now: datetime, actor: Actor) -> None:
    row.lapsed_at, row.state = now, ClockRow.State.LAPSED
    _settled(row)
    _change_case(row.case, clock, now)
    event = _event(row, LAPSED, actor, act=clock.lapse.act.value)
    if clock.lapse.act is not LapseAct.STEP:
        _tell(event, row, clock, workflow, clock.lapse.act)
    elif not _run_step(row, clock, now, actor):
        _tell(event, row, clock, workflow, LapseAct.REMIND)


def _change_case(case: Case, clock: Clock, now: datetime) -> None:
    if clock.lapse.act is LapseAct.ESCALATE:
        case.severity = min(case.severity + 1, Severity.CRITICAL)
    case.version += 1
    case.updated_at = now
    case.due_at, case.due_clock = (None, "") if case.closed_at else clocks.soonest(case)
    case.save(update_fields=["severity", "version", "updated_at", "due_at", "due_clock"])
    notify("tutela_live", {"case": case.pk, "version": case.version})


def _event(row: ClockRow, what: str, actor: Actor, **said: str) -> Event:
    case = row.case
    event = Event.objects.create(
        case=case,
        kind=Event.Kind.CLOCK,
        step=what,
        actor_id=actor.id,
        from_state=case.state,
        to_state=case.state,
        data={"clock": row.name, "row": row.pk, "due_at": row.due_at.isoformat(), **said},
    )
    record(Act.CASE_CLOCK, actor, case.pk, clock=row.name, row=row.pk, event=event.pk, what=what)
    return event


def _tell(event: Event, row: ClockRow, clock: Clock, workflow: Workflow, act: LapseAct | None) -> None:
    people = notices.recipients(row.case, workflow, act, event.at)
    queue_effects(row.case, event, [notices.notice(person, row.case, clock, row) for person in people])
    if not people:
        row.failures = 1
        row.error = _("Nobody could be told: no colleague who may see the case has a mail address.")
        row.save(update_fields=["failures", "error"])


def _run_step(row: ClockRow, clock: Clock, now: datetime, actor: Actor) -> bool:
    """Perform the system step of a lapse. If it fails, the lapse stands and the step is tried again."""
    try:
        with transaction.atomic():
            perform(row.case.reference, clock.lapse.step, actor, key=f"clock-{row.pk}")
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  whatever is wrong with the step, the lapse must be told
        _keep_fault(row, now, error)
        return False
    return True


def _put_off(row_id: int, now: datetime, error: Exception, actor: Actor) -> None:
    # An error's words may hold content of the case. The row is on the case; the log is not.
    log.error("Clock %d cannot be acted on: %s", row_id, type(error).__name__)
    with acting_as(actor):
        row = ClockRow.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=row_id).first()
        if row is not None:
            _keep_fault(row, now, error)


def _keep_fault(row: ClockRow, now: datetime, error: Exception) -> None:
    """Keep what went wrong and look again later; but no later than the clock runs out."""
    row.failures += 1
    row.error = f"{type(error).__name__}: {error}"[:2000]
    row.next_at = now + min(timedelta(seconds=5 * 2 ** min(row.failures, 20)), LONGEST_WAIT)
    if now < row.due_at < row.next_at:
        row.next_at = row.due_at
    row.save(update_fields=["failures", "error", "next_at"])
