"""Every event can be read as a sentence."""

from __future__ import annotations

import re

import pytest

from tutela.core.cases.models import Case, Event
from tutela.core.flow import registry
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as
from tutela.surfaces.desk.case.sentences import STEPS
from tutela.surfaces.desk.case.timeline import effect_said, line_of, timeline

from .scene import do, set_scene

pytestmark = pytest.mark.django_db
ENGINE = {
    "merged",
    "unmerged",
    "reporter_wrote",
    "delivered",
    "failed",
    "delayed",
    "clock_warned",
    "clock_lapsed",
}


def test_every_step_has_a_line_of_its_own():
    for workflow in registry.workflows():
        missing = [
            step.name
            for step in workflow.all_steps
            if not step.past and step.name not in STEPS and not step.is_system
        ]
        assert not missing, workflow.slug
    assert set(STEPS) >= ENGINE


def test_every_line_of_a_workflow_names_who_did_it():
    for workflow in registry.workflows():
        for step in workflow.steps:
            assert not step.past or "%(who)s" in str(step.past), step.name


def test_a_day_of_events_reads_well(cast):
    scene = set_scene(cast)
    do(scene.held, "follow_up", cast.juniper, at="2030-03-14 09:00")
    do(scene.held, "assign", cast.juniper, assignee="")
    do(scene.held, "hand_over", cast.juniper, assignee="heron", text="They wrote again.")
    do(scene.held, "escalate", cast.heron, reason="A second message.")
    lines = read(cast, scene.held)
    for line in (
        "A report came in through the portal. It is kept exactly as it arrived.",
        "Juniper acknowledged the report",
        "Juniper asked for approval: Disclose to the agency",
        "Juniper took the case",
        "Heron wrote a note",
        "Juniper added E-1",
        "Juniper added ExampleMoss to the case",
        "The reporter wrote again",
        f"Juniper linked {scene.released}",
        "Juniper wants to look again on 14 March 2030, 09:00",
        "Juniper put the case into nobody’s hands",
        "Juniper handed the case over to Heron",
        "Heron raised the severity to Critical",
    ):
        assert line in lines
    assert not [line for line in lines if "—" in line or "%(" in line]


def read(cast, reference: str) -> list[str]:
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        items = timeline(registry.workflow(case.workflow), case, cast.juniper.id).items
        return [re.sub(r"<[^>]+>", "", item.line) for item in items]


def test_what_the_engine_writes_reads_well(cast):
    scene = set_scene(cast)
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=scene.released)
        effect = Effect.objects.filter(case=case).exclude(label="").first()
        workflow = registry.workflow(case.workflow)
        said = {}
        for step, kind, data in (
            ("clock_warned", "clock", {"clock": "acknowledge"}),
            ("clock_lapsed", "clock", {"clock": "acknowledge"}),
            ("delivered", "effect", {"effect": effect.pk}),
            ("failed", "effect", {"effect": effect.pk}),
            ("unheard_of", "step", {}),
        ):
            event = Event.objects.create(case=case, kind=kind, step=step, actor_id=cast.juniper.id, data=data)
            said[step] = re.sub(r"<[^>]+>", "", line_of(workflow, case, event, cast.juniper.id).line)
    assert said["clock_warned"] == "The clock “Acknowledge the report” runs low"
    assert said["clock_lapsed"] == "The clock “Acknowledge the report” ran out"
    assert said["delivered"] == f"{effect.label}: confirmed"
    assert said["failed"] == f"{effect.label}: refused"
    assert said["unheard_of"] == "Juniper: unheard_of"


def test_green_only_when_the_receipt_is_here(cast):
    scene = set_scene(cast)
    with acting_as(cast.juniper):
        effect = Effect.objects.filter(case__reference=scene.released).first()
    for state in EffectState:
        effect.state, effect.receipt, effect.error, effect.what_to_do = (
            state,
            None,
            "No such address.",
            "Ask again.",
        )
        if state == EffectState.CONFIRMED:
            effect.receipt = {"reference": "250 2.0.0"}
        told = effect_said(effect)
        green = [stage for stage in told["stages"] if stage.get("state") == "confirmed"]
        assert bool(green) == (state == EffectState.CONFIRMED)
        assert told["failed"] == (state == EffectState.FAILED)
        assert (told["error"] == "") == (state == EffectState.CONFIRMED)
