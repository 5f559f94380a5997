"""Each fault of a declaration is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django import forms

from tutela.core.flow.check import check
from tutela.core.flow.declare import (
    OPENED,
    Approval,
    Clock,
    ClockClass,
    Letter,
    Review,
    Reviewer,
    State,
    Step,
    WaitsFor,
    Workflow,
    days,
    run_step,
)
from tutela.core.people.roles import Role
from tutela.core.records.rules import erase_closed, years_long

from .company import WORKFLOWS

TEAM = (Role.RESPONDER,)
LEGAL = Reviewer("legal", "Legal", (Role.COUNSEL,))

SOUND = Workflow(
    slug="sound",
    prefix="SO",
    label="Sound",
    plural="Sound",
    purpose="For tests.",
    team="sound",
    states=(
        State("received", "Received", ""),
        State("waiting", "Waiting", "", WaitsFor.APPROVAL),
        State("closed", "Closed", "", final=True),
    ),
    start="received",
    reopen_to="received",
    steps=(
        Step(
            "close", "Close", TEAM, ("received",), "closed", approval=Approval((LEGAL,), waits_in="waiting")
        ),
        Step("give_up", "Give up", (Role.SYSTEM,), ("received",), "closed"),
    ),
    clocks=(
        Clock("reply", "Reply", ClockClass.TARGET, days(3), (OPENED,), ("close",), lapse=run_step("give_up")),
    ),
    retention=erase_closed(years_long(3), "For tests.", "These tests, 2026"),
)
CLOSE, GIVE_UP = SOUND.steps
(REPLY,) = SOUND.clocks


def states(*more):
    return replace(SOUND, states=(*SOUND.states, *more))


def steps(*more):
    return replace(SOUND, steps=(*SOUND.steps, *more))


def step(**changes):
    return replace(SOUND, steps=(replace(CLOSE, **changes), GIVE_UP))


def asking(**changes):
    return step(approval=replace(CLOSE.approval, **changes))


def clock(**changes):
    return replace(SOUND, clocks=(replace(REPLY, **changes),))


class Asks(forms.Form):
    """Asks something."""

    text = forms.CharField()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.slug)
def test_our_declarations_have_no_fault(workflow):
    assert check(workflow) == []


def test_the_sound_one_has_no_fault():
    assert check(SOUND) == []


FAULTS = [
    (states(State("lost", "Lost", "")), "The state lost cannot be reached."),
    (states(State("lost", "Lost", "")), "No step and no clock leads out of the state lost."),
    (states(SOUND.states[0]), "The state received is declared 2 times."),
    (states(State("merged", "Merged", "", final=True)), "The state merged is declared 2 times."),
    (
        replace(SOUND, states=(State("received", "R", ""),), clocks=()),
        "No state is final: a case could never end.",
    ),
    (steps(CLOSE), "The step close is declared 2 times."),
    (steps(Step("note", "Note", TEAM)), "The step note has the name of a common step."),
    (
        steps(Step("revive", "Revive", TEAM, ("closed",), "received")),
        "The step revive leads out of the final state closed.",
    ),
    (
        steps(Step("stay", "Stay", TEAM, ("nowhere",))),
        "The step stay names the state nowhere, which is unknown.",
    ),
    (steps(Step("go", "Go", TEAM, (), "nowhere")), "The step go names the state nowhere, which is unknown."),
    (steps(Step("go", "Go", ())), "The step go is for nobody."),
    (steps(Step("go", "Go", (Role.SYSTEM,))), "The step go is for jobs only, and no clock runs it."),
    (steps(Step("go", "Go", TEAM, past="went")), "The past of the step go does not say %(who)s."),
    (
        step(review=Review((LEGAL,))),
        "The step close asks for approval before and for review after: choose one.",
    ),
    (asking(reviewers=()), "The step close asks for agreement, and nobody has a seat."),
    (asking(reviewers=(LEGAL, LEGAL)), "The seat of close legal is declared 2 times."),
    (
        asking(reviewers=(replace(LEGAL, who=()),)),
        "The seat legal of the step close is for no role that a person holds.",
    ),
    (
        asking(reviewers=(replace(LEGAL, who=(Role.SYSTEM,)),)),
        "The seat legal of the step close is for no role that a person holds.",
    ),
    (asking(waits_in="nowhere"), "waits_in of the step close names the state nowhere, which is unknown."),
    (asking(stopped_to="nowhere"), "stopped_to of the step close names the state nowhere, which is unknown."),
    (
        asking(waits_in="closed"),
        "The step close waits in the state closed, which does not wait for approval.",
    ),
    (
        step(sources=("received", "waiting")),
        "The step close waits in the state waiting, where it could be asked for again.",
    ),
    (replace(SOUND, start="nowhere"), "start names the state nowhere, which is unknown."),
    (replace(SOUND, reopen_to="closed"), "reopen_to names the state closed, which is final."),
    (replace(SOUND, may_open_in=("nowhere",)), "may_open_in names the state nowhere, which is unknown."),
    (replace(SOUND, workers=()), "There are no workers: nobody could write a note or answer."),
    (replace(SOUND, slug="So und"), "The slug 'So und' must be a word in small letters."),
    (replace(SOUND, prefix="so"), "The prefix 'so' must be two to four capital letters."),
    (clock(starts_on=("nothing",)), "The clock reply starts on nothing, which never happens."),
    (clock(stops_on=("nothing",)), "The clock reply stops on nothing, which never happens."),
    (clock(stops_on=("close:reviewed",)), "The clock reply stops on close:reviewed, which never happens."),
    (clock(starts_on=()), "The clock reply never starts."),
    (clock(due=days(0)), "The clock reply: due must be longer than nothing."),
    (clock(warn=days(4)), "The clock reply: warn is longer than due."),
    (clock(earliest=days(4)), "The clock reply: earliest is longer than due."),
    (clock(lapse=run_step("nothing")), "The clock reply runs the step nothing, which is unknown."),
    (clock(lapse=run_step("take")), "The clock reply runs the step take, which is not for jobs."),
    (
        replace(SOUND, steps=(CLOSE, replace(GIVE_UP, form=Asks))),
        "The clock reply runs the step give_up, which asks a person something.",
    ),
    (replace(SOUND, clocks=(REPLY, REPLY)), "The clock reply is declared 2 times."),
    (
        replace(SOUND, letters=(Letter("lost", "Lost"),), package="tutela.core.flow"),
        "The letter lost has no file letters/lost.txt.",
    ),
    (
        replace(WORKFLOWS[0], letters=WORKFLOWS[0].letters[1:]),
        "The file letters/acknowledgement.txt is no declared letter.",
    ),
]


@pytest.mark.parametrize(("workflow", "fault"), FAULTS, ids=[fault for _workflow, fault in FAULTS])
def test_a_fault_is_named(workflow, fault):
    assert fault in check(workflow)


def test_a_letter_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    package = tmp_path / "torn_letters"
    (package / "letters").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "letters" / "torn.txt").write_text("{% if %}")
    monkeypatch.syspath_prepend(tmp_path)
    workflow = replace(SOUND, letters=(Letter("torn", "Torn"),), package="torn_letters")
    (fault,) = check(workflow)
    assert fault.startswith("The letter torn cannot be read: ")
