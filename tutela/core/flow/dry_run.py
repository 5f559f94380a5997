"""What a held step would do, tried out and taken back: for those who are asked to agree to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from tutela.core.cases.models import Case, Message
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import Actor, acting_as

from . import registry
from .models import Request
from .perform import carry_out, check_needs, clean


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
    proposer = request.proposer
    try:
        with acting_as(Actor.of(proposer, "desk")) as actor:
            _try(request, actor)
    except _TakenBack as tried:
        return tried.result
    raise AssertionError  # a try always ends in _TakenBack or in an error of its own


def _try(request: Request, actor: Actor) -> NoReturn:
    case = Case.objects.get(pk=request.case_id)
    workflow = registry.workflow(case.workflow)
    step = workflow.step(request.step)
    case.state = request.came_from
    cleaned = clean(step, case, request.data)
    check_needs(step, case)
    outcome = carry_out(workflow, case, step, actor, cleaned, raw=request.data, request=request)
    event = case.events.get(pk=outcome.event_id)
    letters = Message.objects.filter(pk__in=event.data.get("messages", [])).select_related("report")
    raise _TakenBack(DryRun(outcome.state, tuple(outcome.effects), tuple(letters.order_by("id"))))
