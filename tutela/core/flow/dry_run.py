"""What a step would do, tried out and taken back: before one does it, and before one agrees to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from tutela.core.cases.models import Case, Event, Message
from tutela.core.errors import NotFound
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import Actor, acting_as

from . import registry
from .models import Request
from .perform import Outcome, carry_out, check_needs, clean, perform


@dataclass(frozen=True)
class DryRun:
    """What would be: the state of the case, the acts outside and the letters. Nothing of it is kept."""

    state: str
    effects: tuple[Effect, ...]
    letters: tuple[Message, ...]


class _TakenBack(Exception):
    def __init__(self, result: DryRun) -> None:
        self.result = result


def dry_run(request: Request) -> DryRun:
    """Run the step of an open request in its proposer's name, and take everything back.

    Raises StepClosed, BadData, NotFound as the release would. The rows of the result were never
    committed: their ids mean nothing.
    """
    return _taken_back(Actor.of(request.proposer, "desk"), lambda actor: _release(request, actor))


def dry_run_step(reference: str, step: str, actor: Actor, data: Mapping[str, Any] | None = None) -> DryRun:
    """Perform a step that needs no approval, and take everything back. Raises as `perform` does."""
    dry = replace(actor, excused=True)  # nothing happens for which a second factor would be asked
    return _taken_back(dry, lambda one: _result(perform(reference, step, one, data or {})))


def _taken_back(actor: Actor, do: Callable[[Actor], DryRun]) -> DryRun:
    try:
        with acting_as(actor):
            _end(do(actor))
    except _TakenBack as tried:
        return tried.result
    raise AssertionError  # a try always ends in _TakenBack or in an error of its own


def _end(result: DryRun) -> NoReturn:
    raise _TakenBack(result)


def _release(request: Request, actor: Actor) -> DryRun:
    case = Case.objects.filter(pk=request.case_id).first()
    if case is None:
        raise NotFound  # whoever proposed it does not see the case any more
    workflow = registry.workflow(case.workflow)
    step = workflow.step(request.step)
    case.state = request.came_from
    cleaned = clean(step, case, request.data)
    check_needs(replace(step, needs=(*step.needs, *(step.approval.needs if step.approval else ()))), case)
    return _result(carry_out(workflow, case, step, actor, cleaned, raw=request.data, request=request))


def _result(outcome: Outcome) -> DryRun:
    event = Event.objects.get(pk=outcome.event_id)
    letters = Message.objects.filter(pk__in=event.data.get("messages", [])).select_related("report")
    return DryRun(outcome.state, tuple(outcome.effects), tuple(letters.order_by("id")))
