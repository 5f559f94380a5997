"""Walks any workflow at random, as anybody, with any data, and looks after each step whether all holds."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, Event
from tutela.core.errors import TutelaError
from tutela.core.flow import poller
from tutela.core.flow.models import ClockRow, Request
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as
from tutela.core.people.roles import Role

from .company import WORKFLOWS, everybody, filled, installed, opened

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

STEPS = 40
DECIDES = {"approve", "ask_first", "stop", "amend", "withdraw", "undo", "reopen", "unmerge"}
LEAVES = {"recuse", "restrict"}  # the walkers would lose sight of the case one by one


@pytest.fixture
def company(db):
    with installed():
        yield {workflow.slug: everybody(workflow) for workflow in WORKFLOWS}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.slug)
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**9))
def test_whatever_happens_all_of_it_holds(company, workflow, seed):
    with transaction.atomic():
        Walk(workflow, company[workflow.slug], random.Random(seed)).go()
        transaction.set_rollback(True)


class Walk:
    """One case on its way through a workflow."""

    def __init__(self, workflow, people, pick):
        self.workflow, self.people, self.pick = workflow, people, pick
        self.watcher = people[Role.MANAGER]
        self.reference = opened(workflow, f"Something happened, {pick.random()}.")
        self.other = opened(workflow, "Something else happened.")
        self.versions = [0]

    def go(self):
        with time_machine.travel(timezone.now(), tick=False) as now:
            for _each in range(STEPS):
                now.shift(timedelta(seconds=self.pick.choice([1, 60, 3600, 90_000])))
                self.pick.choice([self.try_hard] * 8 + [self.outside, self.tick])()
                self.look()

    def try_hard(self):
        """One after the other tries something, until somebody succeeds."""
        any(self.act() for _each in range(8))

    def act(self):
        """Somebody does something, or is refused. Returns whether it was done."""
        before = self.case()
        step = self.pick.choice(self.open_steps(before))
        entitled = self.pick.random() < 0.9
        actor = self.people[self.pick.choice(list(step.who if entitled else self.people))]
        with acting_as(self.watcher):
            before.waiting = list(before.requests.all())
        with acting_as(actor):
            data = filled(step, before, self.pick)
        try:
            with transaction.atomic():
                perform(self.reference, step.name, actor, data)
        except TutelaError:
            assert self.case().version == before.version, "what is refused changes nothing"
            return False
        assert not names_another_round(before, data), "nobody decides on what they have not read"
        return True

    def open_steps(self, case):
        """The steps of the state, the workflow's own and the deciding ones much likelier than the others."""
        steps = [step for step in self.workflow.all_steps if case.state in self.workflow.sources_of(step)]
        steps = [step for step in steps if step.name not in LEAVES]
        likely = [step for step in steps if not step.common or step.name in DECIDES]
        return likely * 8 + steps

    def outside(self):
        """The other side confirms or refuses what waits."""
        with acting_as(self.watcher):
            state = self.pick.choice([EffectState.CONFIRMED, EffectState.CONFIRMED, EffectState.FAILED])
            Effect.objects.filter(case__reference=self.reference, state=EffectState.DUE).update(state=state)

    def tick(self):
        """The clock keeper looks at the clocks."""
        poller.tick(timezone.now())

    def case(self):
        with acting_as(self.watcher):
            return Case.objects.get(reference=self.reference)

    def look(self):
        """What must hold at every moment."""
        case = self.case()
        with acting_as(self.watcher):
            one_open_approval_per_step(case)
            clocks_run_forward(case, self.workflow)
            timeline_is_complete(case)
            every_act_is_in_the_audit_log(case)
            final_means_closed(case, self.workflow)
        assert case.version >= self.versions[-1], "a version never comes back"
        self.versions.append(case.version)


def names_another_round(case, data):
    """Whether somebody names a round of a request that is not the one that waited."""
    if "round" not in data:
        return False
    return not any(one.pk == data["request"] and one.round == data["round"] for one in case.waiting)


def one_open_approval_per_step(case):
    waiting = case.requests.filter(state=Request.State.OPEN).values_list("step", "kind")
    assert all(times == 1 for times in Counter(waiting).values())


def clocks_run_forward(case, workflow):
    declared = {clock.name for clock in workflow.clocks}
    rows = list(case.clocks.order_by("id"))
    assert {row.name for row in rows} <= declared
    for row in rows:
        assert row.due_at >= row.started_at
        assert row.earliest_at is None or row.started_at <= row.earliest_at <= row.due_at
        assert row.warn_at is None or row.started_at <= row.warn_at <= row.due_at
        assert row.stopped_at is None or row.stopped_at >= row.started_at
        assert (row.state == ClockRow.State.PAUSED) <= (row.paused_at is not None)
    running = Counter(row.name for row in rows if row.stopped_at is None)
    assert all(times == 1 for times in running.values())


def timeline_is_complete(case):
    state = ""
    for event in case.events.order_by("id"):
        assert event.from_state == state, "each event begins where the last one ended"
        state = event.to_state
    assert state == case.state


def every_act_is_in_the_audit_log(case):
    acts = (Act.CASE_STEP, Act.CASE_HELD, Act.CASE_OPENED)
    entries = Entry.objects.filter(case_id=case.pk, act__in=acts)
    logged = {entry.detail.get("event") or entry.detail.get("request") for entry in entries}
    moved = [event for event in case.events.all() if event.from_state != event.to_state]
    for event in moved:
        if event.step != "opened":
            key = event.data["request"] if event.kind == Event.Kind.HELD else event.pk
            assert key in logged, f"{event.step} is not in the audit log"


def final_means_closed(case, workflow):
    final = workflow.state(case.state).final
    outliving = {clock.name for clock in workflow.clocks if clock.outlives}
    assert final == (case.closed_at is not None)
    if final:
        assert case.due_at is None
        assert set(case.clocks.filter(stopped_at=None).values_list("name", flat=True)) <= outliving
        waiting = case.requests.filter(state=Request.State.OPEN, kind=Request.Kind.APPROVAL)
        assert not waiting.exists(), "nothing waits for approval on a closed case"
