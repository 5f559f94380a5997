"""Every step of every declaration, in every state, for every role: open exactly where it is declared.

What a person is offered and what the door lets through are two answers to one question, so both are
tried. Steps that need approval are held, and nothing of them leaves the house.
"""

from __future__ import annotations

import random

import pytest
from django.db import transaction

from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.perform import open_steps, perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.core.people.roles import Role

from .company import WORKFLOWS, by_slug, everybody, filled, installed, opened

pytestmark = pytest.mark.django_db

TABLE = [(workflow.slug, state.name) for workflow in WORKFLOWS for state in workflow.all_states]


@pytest.fixture
def company(db):
    with installed():
        yield


def put(reference, state, actor):
    """Set a case down in a state, as if it had come there."""
    with acting_as(actor):
        Case.objects.filter(reference=reference).update(state=state)
        return Case.objects.get(reference=reference)


def attempt(case, step, actor):
    """What the door answers, with everything that happened taken back."""
    open_here = case.state in by_slug(case.workflow).sources_of(step)
    data = filled_as(actor, step, case) if open_here else {}
    with transaction.atomic():
        answer = knock(case, step, actor, data)
        transaction.set_rollback(True)
    return answer


def knock(case, step, actor, data):
    try:
        with transaction.atomic():
            outcome = perform(case.reference, step.name, actor, data)
    except StepClosed as error:
        return "closed" if "changed_by" in error.facts else "not yet"
    except NotAllowed as error:
        return "not for this role" if str(error).startswith("This step is for") else "not yet"
    except (BadData, NotFound):
        return "not yet"
    if not outcome.held:
        return "done"
    with acting_as(actor):
        assert not Effect.objects.filter(event_id=outcome.event_id).exists(), "a held step sends nothing"
    return "held"


def filled_as(actor, step, case):
    with acting_as(actor):
        return filled(step, case, random.Random(step.name))


@pytest.mark.parametrize(("slug", "state"), TABLE)
def test_what_is_offered_is_what_is_declared(company, slug, state):
    workflow = by_slug(slug)
    people = everybody(workflow)
    case = put(opened(workflow), state, people[Role.SYSTEM])
    for role, actor in people.items():
        with acting_as(actor):
            offered = {step.name for step, _reason in open_steps(case, actor)}
        declared = {
            step.name
            for step in workflow.all_steps
            if role in step.who and state in workflow.sources_of(step)
        }
        assert offered == declared, role


@pytest.mark.parametrize(("slug", "state"), TABLE)
def test_the_door_opens_in_the_declared_states_only(company, slug, state):
    workflow = by_slug(slug)
    people = everybody(workflow)
    case = put(opened(workflow), state, people[Role.SYSTEM])
    for step in workflow.all_steps:
        answer = attempt(case, step, people[step.who[0]])
        if state not in workflow.sources_of(step):
            assert answer == "closed", step.name
        elif step.approval:
            assert answer in {"held", "not yet"}, step.name
        else:
            assert answer in {"done", "not yet"}, step.name


@pytest.mark.parametrize("slug", [workflow.slug for workflow in WORKFLOWS])
def test_the_door_opens_for_the_declared_roles_only(company, slug):
    workflow = by_slug(slug)
    people = everybody(workflow)
    case = put(opened(workflow), workflow.start, people[Role.SYSTEM])
    for step in workflow.all_steps:
        case = put(case.reference, min(workflow.sources_of(step)), people[Role.SYSTEM])
        for role, actor in people.items():
            answer = attempt(case, step, actor)
            assert (answer == "not for this role") == (role not in step.who), (step.name, role)


@pytest.mark.parametrize("slug", [workflow.slug for workflow in WORKFLOWS])
def test_somebody_without_a_grant_finds_no_case_at_any_step(company, slug):
    workflow, stranger_at = by_slug(slug), by_slug("triage" if slug != "triage" else "emergency")
    reference = opened(workflow)
    stranger = everybody(stranger_at)[Role.MANAGER]
    for step in workflow.all_steps:
        with pytest.raises(NotFound):
            perform(reference, step.name, stranger, {})
