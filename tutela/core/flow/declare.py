"""The words in which a workflow is declared.

Frozen dataclasses say what a workflow is; plain functions say what a step does. From one declaration
come the buttons and forms of the desk, the API, the command line, the permission matrix, the
diagram in the docs and the table test. Nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from tutela.core.people.roles import Role
from tutela.core.records.rules import Rule

if TYPE_CHECKING:
    from django import forms
    from django.utils.functional import _StrOrPromise

    from tutela.core.cases.models import Case, Event, Report

    from .context import Context, Wish

#: A word for "when the case is opened", where the name of a step could stand.
OPENED = "opened"


class WaitsFor(StrEnum):
    """Whom a state waits for; it decides the group of the queue in which the case is shown."""

    TEAM = "team"
    APPROVAL = "approval"
    REPORTER = "reporter"
    OUTSIDE = "outside"
    NOBODY = "nobody"


@dataclass(frozen=True)
class State:
    """A place where a case waits, named by what it waits for.

    `plain` is what the reporter reads on the page behind the receipt code.
    """

    name: str
    label: _StrOrPromise
    plain: _StrOrPromise
    waits_for: WaitsFor = WaitsFor.TEAM
    final: bool = False


#: Every workflow has it: the case goes on as a part of another one.
MERGED = State(
    "merged",
    _("Merged into another case"),
    _("Others told us about the same thing. We handle all of it together."),
    WaitsFor.NOBODY,
    final=True,
)


class Unit(StrEnum):
    """What a span is counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business days"


@dataclass(frozen=True)
class Span:
    """A length of time: `Span(7, Unit.BUSINESS_DAYS)`."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"


def minutes(amount: int) -> Span:
    """A span of minutes."""
    return Span(amount, Unit.MINUTES)


def hours(amount: int) -> Span:
    """A span of hours."""
    return Span(amount, Unit.HOURS)


def days(amount: int) -> Span:
    """A span of calendar days."""
    return Span(amount, Unit.DAYS)


def business_days(amount: int) -> Span:
    """A span of days on which the office works, by the holiday calendar of the settings."""
    return Span(amount, Unit.BUSINESS_DAYS)


class ClockClass(StrEnum):
    """What missing a clock means: a law broken, a promise broken, or a plan missed."""

    STATUTORY = "statutory"
    TARGET = "target"
    INTERNAL = "internal"


class LapseAct(StrEnum):
    """What happens when a clock runs out."""

    REMIND = "remind"
    PAGE = "page"
    ESCALATE = "escalate"
    STEP = "step"


@dataclass(frozen=True)
class Lapse:
    """What a lapse does; for `STEP`, which system step runs."""

    act: LapseAct
    step: str = ""


REMIND = Lapse(LapseAct.REMIND)
PAGE = Lapse(LapseAct.PAGE)
ESCALATE = Lapse(LapseAct.ESCALATE)


def run_step(name: str) -> Lapse:
    """A lapse that performs a step of the workflow as the clock keeper."""
    return Lapse(LapseAct.STEP, name)


@dataclass(frozen=True)
class PauseReason:
    """Why a clock may stand still, and whom it waits for."""

    name: str
    label: _StrOrPromise


WAITING_FOR_REPORTER = PauseReason("reporter", _("waiting for the reporter"))
WAITING_FOR_TRANSLATION = PauseReason("translation", _("waiting for a translation"))
WAITING_FOR_LEGAL = PauseReason("legal", _("waiting for a legal hold or advice"))


#: A condition: says in one line why not yet, or None when nothing stands in the way.
Need = Callable[["Case"], "_StrOrPromise | None"]


@dataclass(frozen=True)
class Clock:
    """A time limit of a case.

    It starts when one of `starts_on` happens (counted from the receipt of the report when that is
    `OPENED`) while its `needs` hold, stops when one of `stops_on` happens or the case closes, and may
    pause for `pauses`. What happens while it runs, and has not lapsed, does not start it anew.
    With `earliest`, it is a window: what it opens may not happen before that span has passed. One that
    `outlives` the case runs on after the case has closed, as a duty to destroy data does.
    `settings.CLOCKS["workflow.name"]`, a string such as "45 minutes", overrides `due`.
    """

    name: str
    label: _StrOrPromise
    cls: ClockClass
    due: Span
    starts_on: tuple[str, ...]
    stops_on: tuple[str, ...]
    warn: Span | None = None
    earliest: Span | None = None
    pauses: tuple[PauseReason, ...] = ()
    lapse: Lapse = REMIND
    outlives: bool = False
    needs: tuple[Need, ...] = ()


class Asked(StrEnum):
    """Whether a reviewer takes part in one approval."""

    REQUIRED = "required"
    SOMETIMES = "sometimes"
    ABSENT = "absent"


def _always(_case: Case, _data: Mapping[str, Any]) -> Asked:
    return Asked.REQUIRED


@dataclass(frozen=True)
class Reviewer:
    """One seat in a chain of approval.

    Seats of the same `order` are asked side by side; a later order waits for the earlier ones.
    `when` says for a case and the proposal whether the seat is required, may speak, or is absent.
    """

    name: str
    label: _StrOrPromise
    who: tuple[Role, ...]
    order: int = 1
    when: Callable[[Case, Mapping[str, Any]], Asked] = _always


@dataclass(frozen=True)
class Approval:
    """Who must agree before a step runs. Every required seat agrees; any seat may stop it.

    The proposer, and whoever performed an investigating step on the case, never hold a seat.
    `waits_in` is the state of the case while the step is held; a stop leads to `stopped_to`, or
    back to where the case was. `needs` are conditions that may be met while it waits, and must be
    met before anybody agrees.
    """

    reviewers: tuple[Reviewer, ...]
    waits_in: str = ""
    stopped_to: str = ""
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Review:
    """A look afterwards at a step that was done at once because waiting risked a life."""

    reviewers: tuple[Reviewer, ...]


@dataclass(frozen=True)
class Step:
    """One verb with one outcome.

    `sources` are the states from which it is open (empty: every state that is not final); `target`
    is the state it leads to, or "" to stay. `run` changes rows and returns wishes for the outside
    world. `undo` takes back what `run` did beyond the state, the facts and the clocks (which the
    engine restores); a step without it cannot be undone.
    """

    name: str
    label: _StrOrPromise
    who: tuple[Role, ...]
    sources: tuple[str, ...] = ()
    target: str = ""
    run: Callable[[Context], Sequence[Wish] | None] | None = None
    form: type[forms.Form] | None = None
    needs: tuple[Need, ...] = ()
    approval: Approval | None = None
    review: Review | None = None
    undo: Callable[[Context, Event], None] | None = None
    hint: _StrOrPromise = ""
    #: The line of the timeline, with `%(who)s` in it: "%(who)s acknowledged the report".
    past: _StrOrPromise = ""
    icon: str = "next"
    #: Helps on the way, and nothing waits for it: never shown as what must happen next.
    aside: bool = False
    grave: bool = False
    #: Asks for a second factor shown just now, for this step on this case; so does agreeing to it.
    fresh_factor: bool = False
    investigates: bool = False
    #: Common steps are the same in every workflow and are shown apart from its own.
    common: bool = False
    #: Reserved for the engine's own `reopen`: may lead out of a final state.
    reopens: bool = False

    @property
    def is_system(self) -> bool:
        """Whether only jobs perform it."""
        return self.who == (Role.SYSTEM,)


def restore(_context: Context, _event: Event) -> None:
    """An `undo` for steps that changed nothing but state, facts and clocks."""


@dataclass(frozen=True)
class Letter:
    """An outgoing text: `letters/NAME.txt` in the workflow's folder, translatable."""

    name: str
    label: _StrOrPromise
    audience: str = "reporter"


def _title(report: Report) -> str:
    return report.subject


def _no_facts(_report: Report) -> dict[str, object]:
    return {}


@dataclass(frozen=True)
class Joins:
    """That a report tells of the same matter as an earlier one; and whether it says anything new."""

    earlier: Report
    news: bool


def _joins_none(_report: Report) -> Joins | None:
    return None


@dataclass(frozen=True)
class Workflow:
    """What one kind of case is. Read it aloud: it should need no explaining."""

    slug: str
    prefix: str
    label: _StrOrPromise
    plural: _StrOrPromise
    purpose: _StrOrPromise
    team: str
    states: tuple[State, ...]
    start: str
    steps: tuple[Step, ...]
    clocks: tuple[Clock, ...] = ()
    letters: tuple[Letter, ...] = ()
    #: The roles that do the daily work: they read, write notes, answer, assign and hand over.
    workers: tuple[Role, ...] = (Role.RESPONDER, Role.INVESTIGATOR, Role.MANAGER)
    restricted: bool = False
    #: Whether portal, mail and API may send reports straight to it.
    takes_reports: bool = False
    severity: int = 2
    reopen_to: str = ""
    #: The workflow's own facts: a form whose cleaned values are kept on the case.
    facts: type[forms.Form] | None = None
    title_of: Callable[[Report], str] = _title
    facts_of: Callable[[Report], dict[str, object]] = _no_facts
    #: The earlier report whose case a new one joins, where what they say shows that it is one matter.
    joins: Callable[[Report], Joins | None] = _joins_none
    #: What is done when a case opens. With `context.go_to` it opens in one of `may_open_in` instead.
    on_open: Callable[[Context], Sequence[Wish] | None] | None = None
    may_open_in: tuple[str, ...] = ()
    #: How long its cases are kept once they are closed, and what happens then.
    retention: Rule | None = None
    icon: str = "folder"
    package: str = ""
    _states: dict[str, State] = field(init=False, repr=False, compare=False)
    _steps: dict[str, Step] = field(init=False, repr=False, compare=False)

    def state(self, name: str) -> State:
        """The state of that name. Raises KeyError for a name that the workflow does not declare."""
        return self._states[name]

    def step(self, name: str) -> Step:
        """The step of that name, its own or a common one. Raises KeyError."""
        return self._steps[name]

    def clock(self, name: str) -> Clock:
        """The clock of that name. Raises KeyError."""
        for clock in self.clocks:
            if clock.name == name:
                return clock
        raise KeyError(name)

    def letter(self, name: str) -> Letter:
        """The letter of that name. Raises KeyError."""
        for letter in self.letters:
            if letter.name == name:
                return letter
        raise KeyError(name)

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The workflow's own steps, then the common ones."""
        return tuple(self._steps.values())

    @property
    def all_states(self) -> tuple[State, ...]:
        """The workflow's own states and `MERGED`."""
        return tuple(self._states.values())

    def sources_of(self, step: Step) -> frozenset[str]:
        """The states from which a step is open."""
        if step.sources:
            return frozenset(step.sources)
        return frozenset(state.name for state in self.all_states if state.final == step.reopens)

    def __post_init__(self) -> None:
        from .common import common_steps

        states = {state.name: state for state in (*self.states, MERGED)}
        object.__setattr__(self, "_states", states)
        steps = {step.name: step for step in (*common_steps(self), *self.steps)}
        own_first = {step.name: step for step in self.steps} | steps
        object.__setattr__(self, "_steps", own_first)
