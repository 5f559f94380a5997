"""Rows of the pages about records, as `desk/records/table.html` draws them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tutela.core.records.due import InTheWay, Line
from tutela.core.records.models import Hold, Item, Run
from tutela.surfaces.desk.faces import moment

if TYPE_CHECKING:
    from tutela.core.records.models import Certificate, Tombstone
    from tutela.core.records.schedule import RecordType


@dataclass(frozen=True)
class Cell:
    """One cell: a text, perhaps a link, a reference, a moment or a chip."""

    text: Any
    url: str = ""
    ref: bool = False
    at: datetime | None = None
    chip: str = ""
    icon: str = ""


def table(heads: Iterable[Any], rows: Iterable[list[Cell]]) -> dict[str, Any]:
    """Heads and rows; each cell knows its head, for narrow screens."""
    named = [str(head) for head in heads]
    return {"heads": named, "rows": [list(zip(named, row, strict=True)) for row in rows]}


def when(at: datetime | None) -> Cell:
    """A moment."""
    return Cell(moment(at), at=at) if at else Cell("—")


def schedule_table(lines: Iterable[RecordType]) -> dict[str, Any]:
    """Every line of the schedule."""
    heads = (_("What"), _("Kept for"), _("Counted from"), _("Then"), _("Approval"), _("Why"), _("Source"))
    return table(heads, [_of_the_schedule(one) for one in lines])


def _of_the_schedule(one: RecordType) -> list[Cell]:
    rule = one.rule
    return [
        Cell(one.label),
        Cell(str(rule.length) if rule.length else "—"),
        Cell(rule.trigger.label),
        Cell(rule.action.label),
        Cell(_("By a second person") if rule.approval else "—"),
        Cell(rule.why),
        Cell(rule.source),
    ]


def due_row(one: Line) -> dict[str, Any]:
    """One closed case of the preview."""
    case = one.case
    return {
        "reference": case.reference,
        "title": case.title,
        "url": reverse("desk:case", args=[case.reference]),
        "closed": moment(case.closed_at) if case.closed_at else "",
        "closed_at": case.closed_at,
        "due": moment(one.due_at),
        "due_at": one.due_at,
        "may_go": one.may_go,
        "held": one.kept_by in {InTheWay.HOLD, InTheWay.LINKED_HOLD},
        "why": why_of(one),
    }


def why_of(one: Line) -> str:
    """Why it stays for now; empty where it may go."""
    if one.kept_by:
        return str(InTheWay(one.kept_by).label)
    if one.in_run:
        return _("In a run already")
    return "" if one.is_due else str(InTheWay.EARLY.label)


def hold_table(rows: Iterable[Hold]) -> dict[str, Any]:
    """Holds with the cases that they cover."""
    heads = (_("Hold"), _("Cases"), _("Authority"), _("Placed by"), _("Placed"), _("State"))
    return table(heads, [_of_a_hold(one) for one in rows])


def _of_a_hold(one: Hold) -> list[Cell]:
    return [
        Cell(one.number, url=reverse("desk:hold", args=[one.number]), ref=True),
        Cell(", ".join(held.case.reference for held in one.cases.all())),
        Cell(one.authority),
        Cell(one.placed_by.working_name),
        when(one.placed_at),
        hold_state(one),
    ]


def hold_state(one: Hold) -> Cell:
    """Whether it keeps anything still."""
    if one.released_at:
        return Cell(_("Released"), chip="bare")
    return Cell(_("Active"), chip="sealed", icon="lock")


RUN_CHIPS = {
    Run.State.PROPOSED: ("soon", "wait"),
    Run.State.APPROVED: ("act", "send"),
    Run.State.REFUSED: ("harm", "stop"),
    Run.State.WITHDRAWN: ("bare", ""),
    Run.State.DONE: ("done", "check"),
}


def run_state(one: Run) -> Cell:
    """How far a run is."""
    kind, icon = RUN_CHIPS[Run.State(one.state)]
    return Cell(one.get_state_display(), chip=kind, icon=icon)


def run_table(rows: Iterable[Run], workflows: dict[str, Any]) -> dict[str, Any]:
    """Runs, the newest first."""
    heads = (_("Run"), _("Workflow"), _("Cases"), _("Proposed by"), _("Proposed"), _("State"))
    return table(
        heads,
        [
            [
                Cell(one.number, url=reverse("desk:run", args=[one.number]), ref=True),
                Cell(workflows.get(one.workflow, one.workflow)),
                Cell(one.size),
                Cell(one.proposed_by.working_name),
                when(one.proposed_at),
                run_state(one),
            ]
            for one in rows
        ],
    )


def item_table(items: Iterable[Item], seen: set[int]) -> dict[str, Any]:
    """The cases of a run, with what came of each."""
    heads = (_("Case"), _("Due"), _("State"), _("Certificate, or why it stays"))
    return table(heads, [_of_an_item(one, seen) for one in items])


def _of_an_item(one: Item, seen: set[int]) -> list[Cell]:
    there = reverse("desk:case", args=[one.reference]) if one.case_id in seen else ""
    certificate = getattr(one, "certificate", None)
    kind = {Item.State.DONE: "done", Item.State.KEPT: "sealed"}.get(Item.State(one.state), "soon")
    return [
        Cell(one.reference, url=there, ref=True),
        when(one.due_at),
        Cell(one.get_state_display(), chip=kind),
        Cell(certificate.number, url=reverse("desk:certificate", args=[certificate.number]), ref=True)
        if certificate
        else Cell(InTheWay(one.kept_by).label if one.kept_by else "—"),
    ]


def gone_table(stones: Iterable[Tombstone]) -> dict[str, Any]:
    """Tombstones, the newest first."""
    heads = (_("Case"), _("Received"), _("Closed"), _("Certificate"))
    return table(
        heads,
        [
            [
                Cell(one.reference, ref=True),
                when(one.received_at),
                when(one.closed_at),
                Cell(
                    one.certificate.number,
                    url=reverse("desk:certificate", args=[one.certificate.number]),
                    ref=True,
                ),
            ]
            for one in stones
        ],
    )


def rows_table(one: Certificate) -> dict[str, Any]:
    """How many rows went, by table."""
    return table(
        (_("Table"), _("Rows deleted")), [[Cell(name), Cell(n)] for name, n in sorted(one.rows.items())]
    )
