"""How clocks, severities and moments of the core look: plain rows in, what the elements draw out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tutela.core.flow import registry
from tutela.core.flow.models import ClockRow
from tutela.ui.clockface import Face, Run, face

if TYPE_CHECKING:
    from tutela.core.flow.declare import Clock, Workflow

#: The names that the elements give to the severities of the core, 1 to 4.
SEVERITY = ("", "low", "medium", "high", "critical")


def running_clocks(case_ids: Iterable[int]) -> dict[int, list[ClockRow]]:
    """The clocks of some cases that were not stopped, the soonest first. One query."""
    found: dict[int, list[ClockRow]] = {}
    for row in ClockRow.objects.filter(case_id__in=list(case_ids), stopped_at=None).order_by("due_at"):
        found.setdefault(row.case_id, []).append(row)
    return found


def clock_face(workflow: Workflow, row: ClockRow) -> Face:
    """How one clock looks now. A clock that the workflow no longer declares keeps its bare name."""
    clock = _declared(workflow, row.name)
    return face(
        Run(
            shape=clock.cls.value if clock else "internal",
            label=str(clock.label) if clock else row.name,
            began=row.started_at,
            due=row.due_at,
            paused_for=_paused_for(clock, row),
            met_at=row.stopped_at if row.state == ClockRow.State.MET else None,
            soon=row.due_at - row.warn_at if row.warn_at else None,
        )
    )


def _declared(workflow: Workflow, name: str) -> Clock | None:
    return next((one for one in workflow.clocks if one.name == name), None)


def _paused_for(clock: Clock | None, row: ClockRow) -> str:
    if row.state != ClockRow.State.PAUSED:
        return ""
    reasons = {one.name: str(one.label) for one in clock.pauses} if clock else {}
    return reasons.get(row.pause_reason, row.pause_reason) or _("paused")


def row_face(row: dict[str, Any], clocks: list[ClockRow]) -> Face | None:
    """The one clock of a row: what is due next, else what is paused, else the date to look again."""
    workflow = registry.workflow(row["workflow"])
    due = next((one for one in clocks if one.name == row["due_clock"]), None)
    paused = next((one for one in clocks if one.state == ClockRow.State.PAUSED), None)
    if row["due_at"] and due:
        return clock_face(workflow, due)
    if paused:
        return clock_face(workflow, paused)
    if row["follow_up_at"]:
        return look_again(row["follow_up_at"])
    return None


def look_again(at: datetime) -> Face:
    """The date on which somebody wants to look again."""
    said = moment(at)
    return Face(
        shape="internal", urgency="runs", text=said, sentence=_("Look again on %(date)s") % {"date": said}
    )


def hour(at: datetime) -> str:
    """The time of day, in the person's zone: "14:34"; of another day with its date: "12 March, 14:34"."""
    local = timezone.localtime(at)
    return local.strftime("%H:%M") if local.date() == timezone.localdate() else moment(at)


def short(at: datetime) -> str:
    """As short as a timeline needs it: "14:34" today, "12 Mar" before."""
    local = timezone.localtime(at)
    return local.strftime("%H:%M") if local.date() == timezone.localdate() else date_format(local, "j M")


def moment(at: datetime) -> str:
    """Date and time of day, in the person's zone: "12 March, 14:34"."""
    local = timezone.localtime(at)
    pattern = "j F, H:i" if local.year == timezone.localdate().year else "j F Y, H:i"
    return date_format(local, pattern)


def full(at: datetime) -> str:
    """Everything about a moment, with its zone: "12 March 2026, 14:34:05 UTC"."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'j F Y, H:i:s')} {local.tzname()}"
