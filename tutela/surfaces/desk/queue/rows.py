"""How the rows of a list look: groups by when they need somebody, clocks, who is looking."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tutela.core.cases.models import PRESENCE_ENDS_AFTER, Presence
from tutela.core.flow import registry
from tutela.core.flow.declare import WaitsFor
from tutela.surfaces.desk.faces import SEVERITY, moment, row_face, running_clocks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tutela.core.cases.models import Case

NOW, TODAY, WEEK, LATER, WAITING, CLOSED = range(6)
TITLES = {
    NOW: gettext_lazy("Now"),
    TODAY: gettext_lazy("Today"),
    WEEK: gettext_lazy("This week"),
    LATER: gettext_lazy("Later"),
    WAITING: gettext_lazy("Waiting on others"),
    CLOSED: gettext_lazy("Closed"),
}


def dress(rows: list[dict[str, Any]], me: int) -> list[dict[str, Any]]:
    """Give rows what the page shows beside the columns. Two queries, however many rows."""
    numbers = [row["id"] for row in rows]
    clocks = running_clocks(numbers) if numbers else {}
    looking = who_looks(numbers, me)
    now = timezone.now()
    return [_dressed(row, clocks.get(row["id"], []), looking.get(row["id"], []), now) for row in rows]


def grouped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows under the heads Now, Today, This week, Later, Waiting on others; empty groups are left out."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    hints = {NOW: _("within the hour")}
    return [{"title": TITLES[key], "hint": hints.get(key, ""), "rows": found[key]} for key in sorted(found)]


def who_looks(case_ids: Iterable[int], me: int) -> dict[int, list[str]]:
    """The working names of the others who have these cases open right now. One query."""
    found: dict[int, list[str]] = {}
    here = Presence.objects.filter(
        case_id__in=list(case_ids), seen_at__gt=timezone.now() - PRESENCE_ENDS_AFTER
    ).exclude(staff=me)
    for case_id, name in here.order_by("staff__working_name").values_list("case_id", "staff__working_name"):
        found.setdefault(case_id, []).append(name)
    return found


def _dressed(row: dict[str, Any], clocks: list[Any], looking: list[str], now: datetime) -> dict[str, Any]:
    workflow = registry.workflow(row["workflow"])
    state = workflow.state(row["state"])
    return {
        **row,
        "level": SEVERITY[row["severity"]],
        "workflow_label": workflow.label,
        "state_label": state.label,
        "clock": row_face(row, clocks),
        "looking": looking,
        "group": _group(row, state.waits_for, now),
        "closed": moment(row["closed_at"]) if row["closed_at"] else "",
        "owner": row["assignee__working_name"],
    }


def _group(row: dict[str, Any], waits_for: WaitsFor, now: datetime) -> int:
    if row["closed_at"]:
        return CLOSED
    at = row["due_at"] or row["follow_up_at"]
    if row["due_at"] is None and waits_for not in {WaitsFor.TEAM, WaitsFor.NOBODY}:
        return WAITING
    if at is None:
        return LATER
    if at <= now + timedelta(hours=1):
        return NOW
    local = timezone.localtime(now)
    tonight = local.replace(hour=23, minute=59, second=59)
    if at <= tonight:
        return TODAY
    return WEEK if at <= now + timedelta(days=7) else LATER


def state_label(case: Case) -> Any:
    """The state of a case as the workflow says it."""
    return registry.workflow(case.workflow).state(case.state).label
