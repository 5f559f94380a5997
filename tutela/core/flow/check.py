"""Names every fault of a declaration in one line each. Run when Django starts and by `tutela flow check`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files

from django.template import TemplateSyntaxError

from tutela.core.people.roles import Role
from tutela.core.records.rules import Action, Trigger

from .common import common_steps
from .declare import OPENED, Approval, Clock, LapseAct, Reviewer, Span, Step, WaitsFor, Workflow
from .letters import template_of

#: What happens on a case besides steps, and may start or stop a clock.
HAPPENINGS = frozenset({OPENED, "reporter_wrote", "merged"})
#: What the retention of cases may be counted from.
OF_CASES = frozenset({Trigger.CLOSED, Trigger.LAST_CONTACT})


def check(workflow: Workflow) -> list[str]:
    """Every fault of one declaration, or an empty list."""
    return [
        *_names(workflow),
        *_states(workflow),
        *_steps(workflow),
        *_approvals(workflow),
        *_ways(workflow),
        *_clocks(workflow),
        *_letters(workflow),
        *_retention(workflow),
    ]


# Names


def _names(workflow: Workflow) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", workflow.slug):
        yield f"The slug {workflow.slug!r} must be a word in small letters."
    if not re.fullmatch(r"[A-Z]{2,4}", workflow.prefix):
        yield f"The prefix {workflow.prefix!r} must be two to four capital letters."
    yield from _twice("state", [one.name for one in (*workflow.states,)] + ["merged"])
    yield from _twice("step", [one.name for one in workflow.steps])
    yield from _twice("clock", [one.name for one in workflow.clocks])
    yield from _twice("letter", [one.name for one in workflow.letters])
    common = {step.name for step in common_steps(workflow)}
    for step in workflow.steps:
        if step.name in common:
            yield f"The step {step.name} has the name of a common step."


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"The {what} {name} is declared {times} times."


# States and steps


def _states(workflow: Workflow) -> Iterator[str]:
    known = {state.name for state in workflow.all_states}
    named = [("start", workflow.start), ("reopen_to", workflow.reopen_to)]
    named += [("may_open_in", name) for name in workflow.may_open_in]
    for where, name in named:
        if name and name not in known:
            yield f"{where} names the state {name}, which is unknown."
        elif name and workflow.state(name).final:
            yield f"{where} names the state {name}, which is final."
    if not any(state.final for state in workflow.states):
        yield "No state is final: a case could never end."
    if not workflow.workers:
        yield "There are no workers: nobody could write a note or answer."


def _steps(workflow: Workflow) -> Iterator[str]:
    known = {state.name for state in workflow.all_states}
    run_by_clocks = {clock.lapse.step for clock in workflow.clocks if clock.lapse.act is LapseAct.STEP}
    for step in workflow.all_steps:
        for name in (*step.sources, *([step.target] if step.target else [])):
            if name not in known:
                yield f"The step {step.name} names the state {name}, which is unknown."
        if not step.who:
            yield f"The step {step.name} is for nobody."
        if step.is_system and step.name not in run_by_clocks:
            yield f"The step {step.name} is for jobs only, and no clock runs it."
        if step.is_system and step.fresh_factor:
            yield f"The step {step.name} is for jobs only, which have no second factor to show."
        if step.past and "%(who)s" not in str(step.past):
            yield f"The past of the step {step.name} does not say %(who)s."
        yield from _leaves_the_end(workflow, step)


def _leaves_the_end(workflow: Workflow, step: Step) -> Iterator[str]:
    if step.reopens or not step.target:
        return
    for state in workflow.all_states:
        if state.final and state.name in workflow.sources_of(step) and state.name != step.target:
            yield f"The step {step.name} leads out of the final state {state.name}."


# Approvals


def _approvals(workflow: Workflow) -> Iterator[str]:
    for step in workflow.steps:
        if step.approval and step.review:
            yield f"The step {step.name} asks for approval before and for review after: choose one."
        if step.approval:
            yield from _seats(step, step.approval.reviewers)
            yield from _waits(workflow, step, step.approval)
        if step.review:
            yield from _seats(step, step.review.reviewers)


def _seats(step: Step, reviewers: tuple[Reviewer, ...]) -> Iterator[str]:
    if not reviewers:
        yield f"The step {step.name} asks for agreement, and nobody has a seat."
    yield from _twice(f"seat of {step.name}", [one.name for one in reviewers])
    for one in reviewers:
        if not set(one.who) - {Role.SYSTEM}:
            yield f"The seat {one.name} of the step {step.name} is for no role that a person holds."


def _waits(workflow: Workflow, step: Step, approval: Approval) -> Iterator[str]:
    known = {state.name: state for state in workflow.all_states}
    for where, name in (("waits_in", approval.waits_in), ("stopped_to", approval.stopped_to)):
        if name and name not in known:
            yield f"{where} of the step {step.name} names the state {name}, which is unknown."
    waits_in = known.get(approval.waits_in)
    if waits_in is None:
        return
    if waits_in.final or waits_in.waits_for is not WaitsFor.APPROVAL:
        yield f"The step {step.name} waits in the state {waits_in.name}, which does not wait for approval."
    if waits_in.name in workflow.sources_of(step):
        yield f"The step {step.name} waits in the state {waits_in.name}, where it could be asked for again."


# Ways


def _ways(workflow: Workflow) -> Iterator[str]:
    ways = list(_edges(workflow))
    reached = _reached({workflow.start, *workflow.may_open_in}, ways)
    for state in workflow.states:
        if state.name not in reached:
            yield f"The state {state.name} cannot be reached."
        if not state.final and not any(start == state.name for start, _end in ways):
            yield f"No step and no clock leads out of the state {state.name}."


def _edges(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """Every way from one state to another by the workflow's own steps, asking and agreeing included."""
    for step in workflow.steps:
        sources = workflow.sources_of(step)
        yield from ((start, step.target) for start in sources if step.target not in {"", start})
        if step.approval and step.approval.waits_in:
            waits_in = step.approval.waits_in
            yield from ((start, waits_in) for start in sources)
            yield from ((waits_in, end) for end in (step.target, step.approval.stopped_to, *sources) if end)


def _reached(start: set[str], ways: list[tuple[str, str]]) -> set[str]:
    reached: set[str] = set()
    fresh = start
    while fresh:
        reached |= fresh
        fresh = {end for begin, end in ways if begin in reached} - reached
    return reached


# Clocks


def _clocks(workflow: Workflow) -> Iterator[str]:
    known = _happenings(workflow)
    for clock in workflow.clocks:
        for what, names in (("starts", clock.starts_on), ("stops", clock.stops_on)):
            for name in names:
                if name not in known:
                    yield f"The clock {clock.name} {what} on {name}, which never happens."
        if not clock.starts_on:
            yield f"The clock {clock.name} never starts."
        yield from _spans(clock)
        if clock.lapse.act is LapseAct.STEP:
            yield from _lapse(workflow, clock)


def _happenings(workflow: Workflow) -> set[str]:
    held = {f"{step.name}:held" for step in workflow.steps if step.approval}
    reviewed = {f"{step.name}:reviewed" for step in workflow.steps if step.review}
    return {step.name for step in workflow.all_steps} | held | reviewed | HAPPENINGS


def _spans(clock: Clock) -> Iterator[str]:
    for what, span in (("due", clock.due), ("warn", clock.warn), ("earliest", clock.earliest)):
        if span is not None and span.amount <= 0:
            yield f"The clock {clock.name}: {what} must be longer than nothing."
        if span is not None and what != "due" and _longer(span, clock.due):
            yield f"The clock {clock.name}: {what} is longer than due."


def _longer(one: Span, other: Span) -> bool:
    return one.unit == other.unit and one.amount > other.amount


def _lapse(workflow: Workflow, clock: Clock) -> Iterator[str]:
    try:
        step = workflow.step(clock.lapse.step)
    except KeyError:
        yield f"The clock {clock.name} runs the step {clock.lapse.step}, which is unknown."
        return
    if Role.SYSTEM not in step.who:
        yield f"The clock {clock.name} runs the step {step.name}, which is not for jobs."
    if step.form is not None or step.approval is not None:
        yield f"The clock {clock.name} runs the step {step.name}, which asks a person something."


# Letters


def _letters(workflow: Workflow) -> Iterator[str]:
    if not workflow.letters:
        return
    folder = files(workflow.package or "tutela").joinpath("letters")
    there = {one.name.removesuffix(".txt") for one in folder.iterdir()} if folder.is_dir() else set()
    declared = {letter.name for letter in workflow.letters}
    for name in sorted(declared - there):
        yield f"The letter {name} has no file letters/{name}.txt."
    for name in sorted(there - declared):
        yield f"The file letters/{name}.txt is no declared letter."
    for name in sorted(declared & there):
        try:
            template_of(workflow.package, name)
        except TemplateSyntaxError as error:
            yield f"The letter {name} cannot be read: {error}"


# Retention


def _retention(workflow: Workflow) -> Iterator[str]:
    rule = workflow.retention
    if rule is None:
        yield "Nothing says how long its cases are kept: declare its retention."
    elif rule.action is Action.KEEP:
        return
    elif rule.length is None or rule.length.amount <= 0:
        yield "Its cases are kept for a length of time longer than nothing."
    elif rule.trigger not in OF_CASES or rule.action is not Action.ERASE or not rule.approval:
        yield "Its cases are erased some time after closing or the last contact, with approval."


__all__ = ["check"]
