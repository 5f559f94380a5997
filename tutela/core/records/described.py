"""Holds, due cases, runs and certificates as plain values, for programs and the command line."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch

from tutela.core.people.models import Staff

from .disposal import is_as_logged
from .due import InTheWay, Line
from .holds import holds
from .models import Certificate, HeldCase, Hold, HoldQuerySet, Run
from .runs import runs

Json = dict[str, Any]


def person(staff: Staff | None) -> Json | None:
    """Who did it, by working name."""
    return {"username": staff.username, "name": staff.working_name} if staff else None


def line(one: Line) -> Json:
    """One closed case."""
    return {
        "case": one.case.reference,
        "workflow": one.case.workflow,
        "closed_at": one.case.closed_at,
        "counted_from": one.counted_from,
        "due_at": one.due_at,
        "is_due": one.is_due,
        "may_go": one.may_go,
        "kept_by": one.kept_by,
        "why": in_words(one.kept_by),
        "in_run": one.in_run,
    }


def in_words(kept_by: str) -> str:
    """Why something stays, for people; empty where nothing keeps it."""
    return str(InTheWay(kept_by).label) if kept_by else ""


def with_cases(rows: HoldQuerySet | None = None) -> HoldQuerySet:
    """Holds with the cases that they cover and the actor sees. Two queries."""
    covered = HeldCase.objects.select_related("case").defer("case__facts").order_by("id")
    return (holds() if rows is None else rows).prefetch_related(Prefetch("cases", covered))


def hold(one: Hold) -> Json:
    """One hold, with the cases that it covers and the reader sees."""
    return {
        "number": one.number,
        "workflow": one.workflow,
        "reason": one.reason,
        "authority": one.authority,
        "party": one.party.name if one.party else None,
        "placed_by": person(one.placed_by),
        "placed_at": one.placed_at,
        "review_at": one.review_at,
        "released_at": one.released_at,
        "released_by": person(one.released_by),
        "release_reason": one.release_reason,
        "cases": [
            {"case": held.case.reference, "how": held.how, "since": held.since} for held in one.cases.all()
        ],
    }


def with_items() -> Any:
    """Runs with their cases and certificates. Three queries."""
    return runs().prefetch_related("items__certificate")


def run(one: Run) -> Json:
    """One run with its cases."""
    return {
        "number": one.number,
        "workflow": one.workflow,
        "state": one.state,
        "reason": one.reason,
        "proposed_by": person(one.proposed_by),
        "proposed_at": one.proposed_at,
        "decided_by": person(one.decided_by),
        "decided_at": one.decided_at,
        "decision_words": one.decision_words,
        "finished_at": one.finished_at,
        "size": one.size,
        "cases": [
            {
                "case": item.reference,
                "due_at": item.due_at,
                "state": item.state,
                "kept_by": item.kept_by,
                "why": in_words(item.kept_by),
                "certificate": item.certificate.number if hasattr(item, "certificate") else None,
            }
            for item in sorted(one.items.all(), key=lambda item: item.pk)
        ],
    }


def certificate(one: Certificate) -> Json:
    """One certificate; `as_logged` tells whether the audit log holds the same."""
    return {
        "number": one.number,
        "run": one.run.number,
        "case": one.reference,
        "workflow": one.workflow,
        "cases": list(one.references),
        "rule": one.rule,
        "due_at": one.due_at,
        "at": one.at,
        "proposed_by": person(one.proposed_by),
        "approved_by": person(one.approved_by),
        "keys_destroyed": one.keys_destroyed,
        "rows": one.rows,
        "as_logged": is_as_logged(one),
    }
