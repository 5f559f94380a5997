"""Whatever is shown of a declaration says what the declaration says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.utils import translation

from tutela.core.flow import registry
from tutela.core.flow.show import as_json, as_markdown, as_mermaid, as_tables

from .company import WORKFLOWS

DOCS = Path(__file__).parents[4] / "docs" / "workflows"
every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.slug)


@pytest.mark.parametrize("slug", [workflow.slug for workflow in registry.workflows()])
def test_the_pages_of_the_docs_are_current(slug):
    page = (DOCS / f"{slug}.md").read_text(encoding="utf-8")
    assert page == as_markdown(registry.workflow(slug)), "run: tutela flow docs"


def test_there_is_no_page_of_a_workflow_that_is_gone():
    pages = {path.stem for path in DOCS.glob("*.md")} - {"README"}
    assert pages == {workflow.slug for workflow in registry.workflows()}


@every_workflow
def test_json_names_every_state_step_clock_and_letter(workflow):
    shown = json.loads(as_json(workflow))
    assert [one["name"] for one in shown["states"]] == [one.name for one in workflow.all_states]
    assert [one["name"] for one in shown["steps"]] == [one.name for one in workflow.all_steps]
    assert [one["name"] for one in shown["clocks"]] == [one.name for one in workflow.clocks]
    assert [one["name"] for one in shown["letters"]] == [one.name for one in workflow.letters]


@every_workflow
def test_the_diagram_has_each_state_and_each_way(workflow):
    lines = as_mermaid(workflow).splitlines()
    assert f"    [*] --> {workflow.start}" in lines
    for state in workflow.states:
        assert f"    {state.name}: {state.label}" in lines
        assert (f"    {state.name} --> [*]" in lines) == state.final
    for step in workflow.steps:
        if step.target and not step.approval:
            ways = [f"{source} --> {step.target}" for source in step.sources if source != step.target]
            assert all(any(way in line and str(step.label) in line for line in lines) for way in ways)


def test_the_diagram_shows_asking_agreeing_and_stopping():
    lines = as_mermaid(next(one for one in WORKFLOWS if one.slug == "global_bans"))
    assert "received --> in_review: Propose the action (asked)" in lines
    assert "in_review --> enforcing: Propose the action (agreed)" in lines
    assert "in_review --> declined: Propose the action (stopped)" in lines


@every_workflow
def test_tables_have_a_row_for_each_of_its_own_steps(workflow):
    steps = as_tables(workflow)[1]
    assert steps.row_count == len(workflow.steps)


@every_workflow
def test_the_page_names_who_agrees(workflow):
    page = as_markdown(workflow)
    for step in workflow.steps:
        for seat in step.approval.reviewers if step.approval else ():
            assert f"| {step.label} | {seat.label} |" in page


def test_what_is_shown_does_not_depend_on_the_language_of_whoever_asks():
    with translation.override("ar"):
        assert "Acknowledge" in as_markdown(WORKFLOWS[0])
        assert "Acknowledge" in as_json(WORKFLOWS[0])
