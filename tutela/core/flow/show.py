"""Shows a declaration: tables for a terminal, JSON for programs, a diagram and a page for the docs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.utils import translation

from tutela.core.people.roles import Role

from .common_forms import CaseForm
from .declare import Approval, Clock, LapseAct, Review, Reviewer, Span, Step, Workflow

if TYPE_CHECKING:
    from rich.table import Table

Rows = list[list[str]]


def as_json(workflow: Workflow) -> str:
    """The declaration as JSON, in English."""
    with translation.override("en"):
        return json.dumps(described(workflow), indent=2, ensure_ascii=False)


def described(workflow: Workflow) -> dict[str, Any]:
    """The declaration as plain values, in the active language."""
    return {
        "slug": workflow.slug,
        "prefix": workflow.prefix,
        "label": str(workflow.label),
        "purpose": str(workflow.purpose),
        "team": workflow.team,
        "restricted": workflow.restricted,
        "severity": workflow.severity,
        "start": workflow.start,
        "may_open_in": list(workflow.may_open_in),
        "reopen_to": workflow.reopen_to,
        "workers": [role.value for role in workflow.workers],
        "states": [
            {
                "name": state.name,
                "label": str(state.label),
                "plain": str(state.plain),
                "waits_for": state.waits_for.value,
                "final": state.final,
            }
            for state in workflow.all_states
        ],
        "steps": [_step(workflow, step) for step in workflow.all_steps],
        "clocks": [_clock(clock) for clock in workflow.clocks],
        "letters": [
            {"name": one.name, "label": str(one.label), "audience": one.audience} for one in workflow.letters
        ],
        "retention": workflow.retention.described() if workflow.retention else None,
    }


def _step(workflow: Workflow, step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "label": str(step.label),
        "hint": str(step.hint),
        "who": [role.value for role in step.who],
        "sources": _sources(workflow, step),
        "target": step.target,
        "fields": [
            {"name": name, "label": str(field.label or name), "required": field.required}
            for name, field in _fields(step).items()
        ],
        "approval": _approval(step.approval),
        "review": _seats(step.review.reviewers) if step.review else None,
        "grave": step.grave,
        "fresh_factor": step.fresh_factor,
        "undo": step.undo is not None,
        "common": step.common,
    }


def _approval(approval: Approval | None) -> dict[str, Any] | None:
    if approval is None:
        return None
    return {
        "seats": _seats(approval.reviewers),
        "waits_in": approval.waits_in,
        "stopped_to": approval.stopped_to,
    }


def _seats(reviewers: Iterable[Reviewer]) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "label": str(one.label), "who": [r.value for r in one.who], "order": one.order}
        for one in reviewers
    ]


def _clock(clock: Clock) -> dict[str, Any]:
    return {
        "name": clock.name,
        "label": str(clock.label),
        "class": clock.cls.value,
        "due": str(clock.due),
        "warn": str(clock.warn) if clock.warn else None,
        "earliest": str(clock.earliest) if clock.earliest else None,
        "starts_on": list(clock.starts_on),
        "stops_on": list(clock.stops_on),
        "pauses": [one.name for one in clock.pauses],
        "lapse": clock.lapse.step or clock.lapse.act.value,
        "outlives": clock.outlives,
    }


def _sources(workflow: Workflow, step: Step) -> list[str]:
    sources = workflow.sources_of(step)
    return [state.name for state in workflow.all_states if state.name in sources]


def _fields(step: Step) -> dict[str, Any]:
    if step.form is None:
        return {}
    # A form that knows its case is shown as declared; others may add fields when they are made.
    return dict(step.form.base_fields if issubclass(step.form, CaseForm) else step.form().fields)


# A diagram


def as_mermaid(workflow: Workflow) -> str:
    """A state diagram of the workflow's own steps, for Mermaid."""
    with translation.override("en"):
        lines = ["stateDiagram-v2", "    direction TB"]
        lines += [f"    {state.name}: {state.label}" for state in workflow.states]
        lines += [f"    [*] --> {name}" for name in (workflow.start, *workflow.may_open_in)]
        lines += [
            f"    {start} --> {end}: {'<br>'.join(names)}"
            for (start, end), names in _arrows(workflow).items()
        ]
        lines += [f"    {state.name} --> [*]" for state in workflow.states if state.final]
    return "\n".join(lines) + "\n"


def _arrows(workflow: Workflow) -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for step in workflow.steps:
        for start, end, name in _moves(workflow, step):
            arrows.setdefault((start, end), []).append(name)
    return arrows


def _moves(workflow: Workflow, step: Step) -> Iterable[tuple[str, str, str]]:
    waits_in = step.approval.waits_in if step.approval else ""
    for start in _sources(workflow, step):
        if waits_in:
            yield start, waits_in, f"{step.label} (asked)"
        elif step.target and step.target != start:
            yield start, step.target, str(step.label)
    if waits_in:
        yield waits_in, step.target, f"{step.label} (agreed)"
        if step.approval and step.approval.stopped_to:
            yield waits_in, step.approval.stopped_to, f"{step.label} (stopped)"


# Tables


def as_tables(workflow: Workflow) -> list[Table]:
    """The declaration as tables for a terminal."""
    from rich.table import Table

    tables = []
    with translation.override("en"):
        for title, head, rows in _all_rows(workflow):
            table = Table(*head, title=f"{workflow.label}: {title}", title_justify="left")
            for row in rows:
                table.add_row(*row)
            tables.append(table)
    return tables


def _all_rows(workflow: Workflow) -> list[tuple[str, list[str], Rows]]:
    return [
        ("states", STATES, _state_rows(workflow)),
        ("steps", STEPS, _step_rows(workflow, workflow.steps)),
        ("who agrees", SEATS, _seat_rows(workflow)),
        ("clocks", CLOCKS, _clock_rows(workflow)),
        ("letters", LETTERS, _letter_rows(workflow)),
        ("retention", RETENTION, _retention_rows(workflow)),
    ]


STATES = ["State", "Name", "Waits for", "What the reporter reads"]
STEPS = ["Step", "Name", "From", "To", "Who", "Asks", "Remarks"]
SEATS = ["Step", "Seat", "Who", "Turn", "When"]
CLOCKS = ["Clock", "Class", "Due", "Starts on", "Stops on", "Warns", "When it lapses"]
LETTERS = ["Letter", "Name", "To"]
RETENTION = ["Kept for", "Counted from", "Then", "Approval", "Why", "Source"]


def _state_rows(workflow: Workflow) -> Rows:
    return [
        [
            str(state.label),
            state.name,
            "nothing: the case has ended" if state.final else state.waits_for.value,
            str(state.plain),
        ]
        for state in workflow.all_states
    ]


def _step_rows(workflow: Workflow, steps: Sequence[Step]) -> Rows:
    return [
        [
            str(step.label),
            step.name,
            ", ".join(_sources(workflow, step)) if step.sources else "every open state",
            step.target or "stays",
            _people(step.who),
            ", ".join(_fields(step)) or "nothing",
            _remarks(step),
        ]
        for step in steps
    ]


def _people(roles: Iterable[Role]) -> str:
    return ", ".join(str(role.label) for role in roles)


def _remarks(step: Step) -> str:
    remarks = [
        "waits for approval" if step.approval else "",
        "reviewed afterwards" if step.review else "",
        "cannot be taken lightly" if step.grave else "",
        "asks for a fresh second factor" if step.fresh_factor else "",
        "has conditions" if step.needs or (step.approval and step.approval.needs) else "",
        "can be undone" if step.undo else "",
        "who does it cannot approve later" if step.investigates else "",
    ]
    return "; ".join(one for one in remarks if one)


def _seat_rows(workflow: Workflow) -> Rows:
    return [
        [str(step.label), str(one.label), _people(one.who), str(one.order), when]
        for step in workflow.steps
        for asked, when in ((step.approval, "before"), (step.review, "afterwards"))
        if isinstance(asked, (Approval, Review))
        for one in asked.reviewers
    ]


def _clock_rows(workflow: Workflow) -> Rows:
    return [
        [
            str(clock.label),
            clock.cls.value,
            f"{_span(clock.due)}, not before {_span(clock.earliest)}" if clock.earliest else _span(clock.due),
            ", ".join(clock.starts_on),
            ", ".join(clock.stops_on) + (", never by closing" if clock.outlives else ""),
            f"{_span(clock.warn)} before" if clock.warn else "no",
            LAPSES[clock.lapse.act].format(step=clock.lapse.step)
            + (f"; may pause: {', '.join(str(one.label) for one in clock.pauses)}" if clock.pauses else ""),
        ]
        for clock in workflow.clocks
    ]


def _span(span: Span) -> str:
    return str(span).removesuffix("s") if span.amount == 1 else str(span)


LAPSES = {
    LapseAct.REMIND: "reminds the assignee",
    LapseAct.PAGE: "pages whoever is on duty",
    LapseAct.ESCALATE: "escalates to the managers",
    LapseAct.STEP: "performs {step}",
}


def _letter_rows(workflow: Workflow) -> Rows:
    return [[str(one.label), one.name, one.audience] for one in workflow.letters]


def _retention_rows(workflow: Workflow) -> Rows:
    if workflow.retention is None:
        return []
    said = workflow.retention.described()
    return [
        [
            said["length"] or "for ever",
            said["counted_from"],
            said["then"],
            "by a second person" if said["approval"] else "none",
            said["why"],
            said["source"],
        ]
    ]


# A page


def as_markdown(workflow: Workflow) -> str:
    """The page of a workflow in the docs."""
    with translation.override("en"):
        return "\n".join(_page(workflow))


def _page(workflow: Workflow) -> Iterable[str]:
    yield f"# {workflow.label}"
    yield ""
    yield "<!-- Made from the declaration by `tutela flow docs`. Change workflow.py, not this page. -->"
    yield ""
    yield f"{workflow.purpose}"
    yield ""
    circle = (
        "only its team sees a case" if workflow.restricted else "everybody with a grant on it sees its cases"
    )
    yield f"References `{workflow.prefix}-2026-0001`; team `{workflow.team}`; {circle}."
    yield f"Why it is as it is: [README](../../{workflow.package.replace('.', '/')}/README.md)."
    yield ""
    yield "```mermaid"
    yield as_mermaid(workflow).rstrip()
    yield "```"
    for title, head, rows in _all_rows(workflow):
        yield from _section(title.capitalize(), head, rows)
    yield from _section("Who may do what", *_matrix(workflow.steps))
    yield from _section("Steps that every workflow has", *_matrix(workflow.all_steps, common=True))


def _section(title: str, head: list[str], rows: Rows) -> Iterable[str]:
    if not rows:
        return
    yield ""
    yield f"## {title}"
    yield ""
    yield _line(head)
    yield _line(["---"] * len(head))
    yield from map(_line, rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _matrix(steps: Iterable[Step], *, common: bool = False) -> tuple[list[str], Rows]:
    chosen = [step for step in steps if step.common == common]
    roles = [role for role in Role if any(role in step.who for step in chosen)]
    rows = [[str(step.label), *("yes" if role in step.who else "" for role in roles)] for step in chosen]
    return ["Step", *(str(role.label) for role in roles)], rows


__all__ = ["as_json", "as_markdown", "as_mermaid", "as_tables", "described"]
