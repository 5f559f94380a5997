"""Which closed cases may go, from when on, and what keeps the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, TextField
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case, Message
from tutela.core.flow import registry

from .models import Item
from .rules import Action, Rule, Trigger


class InTheWay(models.TextChoices):
    """Why a case does not go. All but the last four are said by `tutela.stands_in_the_way()`."""

    HOLD = "hold", _("Under a legal hold")
    LINKED_HOLD = "linked_hold", _("A case under a legal hold names it")
    MERGED = "merged", _("Goes with the case that it was merged into")
    OPEN = "open", _("Open again")
    REQUEST = "request", _("An approval or a review is still open")
    EFFECT = "effect", _("Something is still to be sent")
    GLASS = "glass", _("An opening by break-glass waits for its review")
    UNREAD = "unread", _("A message is unread")
    EARLY = "early", _("Not due yet")
    STOPPED = "stopped", _("The run was stopped")
    FAULT = "fault", _("Something went wrong; nothing of it has gone")
    GONE = "gone", _("It was disposed of already")


@dataclass(frozen=True)
class Line:
    """One closed case: when it may go, what keeps it (an InTheWay, or empty), and whether a run has it."""

    case: Case
    counted_from: datetime
    due_at: datetime
    kept_by: str
    in_run: bool

    @property
    def is_due(self) -> bool:
        """Whether its time is over."""
        return self.due_at <= timezone.now()

    @property
    def may_go(self) -> bool:
        """Whether it can be proposed now."""
        return self.is_due and not self.kept_by and not self.in_run


Place = tuple[datetime, int]


def rule_of(workflow: str) -> Rule | None:
    """The rule by which cases of a workflow go; None where they are kept. Raises NotFound."""
    rule = registry.workflow(workflow).retention
    return rule if rule and rule.action is Action.ERASE else None


def coming(workflow: str, by: datetime, limit: int = 100, after: Place | None = None) -> list[Line]:
    """The closed cases that are due by a moment, the earliest first. One query; nothing goes.

    Only what the actor sees. Cases that were merged go with the other one and are left out. `after` is
    `place_of` the last line of the page before.
    """
    rule = rule_of(workflow)
    if rule is None or rule.length is None:
        return []
    rows: models.QuerySet[Any] = _counted(Case.objects.filter(workflow=workflow, merged_into=None), rule)
    rows = rows.filter(closed_at__lte=rule.length.before(by), counted_from__lte=rule.length.before(by))
    if after is not None:
        at, number = after
        rows = rows.filter(Q(counted_from__gt=at) | Q(counted_from=at, pk__gt=number))
    return [_line(case, rule) for case in _told(rows).order_by("counted_from", "pk")[:limit]]


def place_of(line: Line) -> Place:
    """Where a page that ends with this line goes on."""
    return line.counted_from, line.case.pk


def lines_of(references: list[str]) -> dict[str, Line]:
    """What is to be said of each closed case that the actor sees, by reference. One query for each rule."""
    found: dict[str, Line] = {}
    for workflow in registry.workflows():
        rule = rule_of(workflow.slug)
        if rule is not None:
            cases = Case.objects.filter(
                workflow=workflow.slug, reference__in=references, closed_at__isnull=False
            )
            found |= {case.reference: _line(case, rule) for case in _told(_counted(cases, rule))}
    return found


def _counted(rows: models.QuerySet[Case], rule: Rule) -> Any:
    """With `counted_from`: the moment from which the rule counts."""
    if rule.trigger is Trigger.CLOSED:
        return rows.annotate(counted_from=F("closed_at"))
    last = Message.objects.filter(case=OuterRef("pk")).order_by("-at").values("at")[:1]
    return rows.annotate(counted_from=Greatest(F("closed_at"), Coalesce(Subquery(last), F("closed_at"))))


def _told(rows: Any) -> Any:
    """With what stands in the way, and whether a run has it."""
    return rows.annotate(
        kept_by=Func(F("pk"), function="tutela.stands_in_the_way", output_field=TextField()),
        in_run=Exists(Item.objects.filter(case_id=OuterRef("pk"), state=Item.State.WAITING)),
    ).defer("facts")


def _line(case: Case, rule: Rule) -> Line:
    assert rule.length is not None
    said = case.__dict__
    due_at = rule.length.after(said["counted_from"])
    return Line(case, said["counted_from"], due_at, said["kept_by"], said["in_run"])


__all__ = ["InTheWay", "Line", "Place", "coming", "lines_of", "place_of", "rule_of"]
