"""A workflow's declaration as JSON: what the desk, the docs and the tests are made from."""

from __future__ import annotations

from typing import Any

from tutela.core.flow.clocks import span_of
from tutela.core.flow.declare import Approval, Clock, State, Step, Workflow

from .forms_schema import field_schema

Json = dict[str, Any]


def declaration(workflow: Workflow) -> Json:
    """States, steps, clocks and letters of a workflow, with the labels in the caller's language."""
    return {
        "slug": workflow.slug,
        "prefix": workflow.prefix,
        "label": str(workflow.label),
        "purpose": str(workflow.purpose),
        "team": workflow.team,
        "restricted": workflow.restricted,
        "takes_reports": workflow.takes_reports,
        "start": workflow.start,
        "states": [_state(one) for one in workflow.all_states],
        "steps": [_step(workflow, one) for one in workflow.all_steps],
        "clocks": [_clock(workflow, one) for one in workflow.clocks],
        "letters": [{"name": one.name, "label": str(one.label)} for one in workflow.letters],
    }


def _state(state: State) -> Json:
    return {
        "name": state.name,
        "label": str(state.label),
        "waits_for": str(state.waits_for),
        "final": state.final,
    }


def _step(workflow: Workflow, step: Step) -> Json:
    return {
        "name": step.name,
        "label": str(step.label),
        "roles": [role.value for role in step.who],
        "sources": sorted(workflow.sources_of(step)),
        "target": step.target,
        "common": step.common,
        "grave": step.grave,
        "fields": _fields(step),
        "approval": _approval(step.approval) if step.approval else [],
        "reviewed_afterwards": step.review is not None,
        "can_be_undone": step.undo is not None,
    }


def _fields(step: Step) -> Json:
    """The fields as declared. What depends on a case, such as who can be chosen, is left open."""
    fields = step.form.base_fields if step.form else {}
    open_choice = {"enum": [""]}
    schemas = {name: field_schema(field) for name, field in fields.items()}
    return {
        name: {key: value for key, value in schema.items() if {key: value} != open_choice}
        for name, schema in schemas.items()
    }


def _approval(approval: Approval) -> list[Json]:
    return [
        {
            "name": one.name,
            "label": str(one.label),
            "roles": [role.value for role in one.who],
            "order": one.order,
        }
        for one in approval.reviewers
    ]


def _clock(workflow: Workflow, clock: Clock) -> Json:
    return {
        "name": clock.name,
        "label": str(clock.label),
        "clock_class": str(clock.cls),
        "due": str(span_of(workflow, clock)),
        "earliest": str(clock.earliest) if clock.earliest else None,
        "starts_on": list(clock.starts_on),
        "stops_on": list(clock.stops_on),
        "lapse": str(clock.lapse.act),
    }
