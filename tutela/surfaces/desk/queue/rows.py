"""How the rows of a list look: groups by when they need somebody, clocks, who is looking."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tutela.core.cases.models import PRESENCE_ENDS_AFTER, Presence
from tutela.core.flow import registry
from tutela.core.flow.declare import WaitsFor
from tutela.surfaces.desk.faces import SEVERITY, moment, row_face, running_clocks

from .pieces import Pieces, draw_clock

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
    page = _Page()
    return [_dressed(row, clocks.get(row["id"], []), looking.get(row["id"], []), page) for row in rows]


class _Page:
    """What all rows of one page share: the moment, the language, drawn elements, addresses."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.pieces = Pieces()
        self.case = reverse("desk:case", args=["REFERENCE"])
        self.preview = reverse("desk:preview", args=["REFERENCE"])
        self.select = _("Select %(reference)s")
        self.lock = self.pieces.draw("lock", _("Restricted to its team"))
        self.labels: dict[tuple[str, str], tuple[str, str, WaitsFor]] = {}

    def label(self, workflow: str, state: str) -> tuple[str, str, WaitsFor]:
        """The words for a workflow and a state, and whom the state waits for."""
        known = self.labels.get((workflow, state))
        if known is None:
            declared = registry.workflow(workflow)
            found = declared.state(state)
            known = self.labels[workflow, state] = (str(declared.label), str(found.label), found.waits_for)
        return known


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


def _dressed(row: dict[str, Any], clocks: list[Any], looking: list[str], page: _Page) -> dict[str, Any]:
    workflow, state, waits_for = page.label(row["workflow"], row["state"])
    face = row_face(row, clocks)
    draw = page.pieces.draw
    return {
        **row,
        "url": page.case.replace("REFERENCE", row["reference"]),
        "preview": page.preview.replace("REFERENCE", row["reference"]),
        "select": page.select % {"reference": row["reference"]},
        "workflow_label": workflow,
        "state_label": state,
        "group": _group(row, waits_for, page.now),
        "closed": moment(row["closed_at"]) if row["closed_at"] else "",
        "severity_drawn": draw("severity", SEVERITY[row["severity"]]),
        "clock_drawn": draw_clock(face) if face else "",
        "message_drawn": draw("message") if row["unread"] else "",
        "looking_drawn": draw("looking", tuple(looking)) if looking else "",
        "lock_drawn": page.lock if row["restricted"] else "",
        "owner_drawn": draw("owner", row["assignee__working_name"]),
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
