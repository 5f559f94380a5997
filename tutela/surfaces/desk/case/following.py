"""What must happen next: the first open step, who has to agree, what else is open, and what is not yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tutela.core.cases.models import Event
from tutela.core.flow.approvals import seats
from tutela.core.flow.declare import WaitsFor
from tutela.core.flow.models import Request
from tutela.core.flow.perform import open_steps
from tutela.core.flow.reading import open_requests
from tutela.core.kept import kept
from tutela.core.people.roles import Role
from tutela.surfaces.desk.approvals.who import TO_THEM, barred, deciders, holders
from tutela.surfaces.desk.faces import hour
from tutela.ui.clockface import span

from .timeline import icon

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet

    from tutela.core.cases.models import Case
    from tutela.core.flow.approvals import SeatView
    from tutela.core.flow.declare import Step, Workflow
    from tutela.core.people.actor import Actor

#: Common steps that stand under "You can also" while they are open; the others have places of their own.
AMONG_STEPS = ("take", "amend", "withdraw", "reopen", "unmerge")
#: Common steps in the menu "More", in this order.
IN_MENU = (
    "assign", "hand_over", "follow_up", "escalate", "set_severity", "edit_title", "restrict", "unrestrict",
    "pause_clocks", "resume_clocks", "mark_read", "link_case", "merge_into", "recuse",
)  # fmt: skip
MOST_KEYS = 9
#: A step that is open from more states than this belongs to none of them in particular.
FEW = 3


@dataclass
class Door:
    """One step as a button: where it leads, or why it is closed. With `at_once` it asks nothing."""

    name: str
    label: str
    icon: str
    url: str
    key: str = ""
    hint: str = ""
    harm: bool = False
    blocked: str = ""
    at_once: bool = False


@dataclass
class Waiting:
    """One request that waits: for whom, since when."""

    step: str
    words: str
    person: str
    since: str
    detail: str
    url: str
    mine: bool
    #: Whether the step has not run: an approval, not a review afterwards.
    held: bool
    against: str = ""


@dataclass
class Next:
    """The panel "What must happen next"."""

    title: str
    lead: str = ""
    hint: str = ""
    primary: Door | None = None
    #: Several outcomes of one question, side by side, in the place of one primary step.
    choices: list[Door] = field(default_factory=list)
    waits: list[Waiting] = field(default_factory=list)
    also: list[Door] = field(default_factory=list)
    not_yet: list[Door] = field(default_factory=list)
    of_others: list[Door] = field(default_factory=list)
    later: list[Door] = field(default_factory=list)
    menu: list[Door] = field(default_factory=list)
    open: dict[str, Door] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether a step waits that has not run yet."""
        return any(one.held for one in self.waits)


def next_of(workflow: Workflow, case: Case, actor: Actor, roles: Collection[str]) -> Next:
    """What this person, with these roles, may do with the case now, and what everybody waits for."""
    offered = open_steps(case, actor, roles)
    waits = waiting_of(workflow, case, actor)
    addresses = _addresses(case)
    doors = {step.name: _door(addresses, step, blocked) for step, blocked in offered}
    own = [doors[step.name] for step, _why in offered if not step.common]
    ready = [door for door in own if not door.blocked]
    among = [doors[name] for name in AMONG_STEPS if name in doors and not doors[name].blocked]
    decide = next((one for one in waits if one.mine), None)
    first = None if decide else _first(workflow, case, ready)
    choices = _outcomes(workflow, first, ready) if first else []
    panel = Next(_title(workflow, case, waits, first or decide))
    panel.waits, panel.choices = waits, choices
    panel.primary = _decide(decide) if decide else None if choices else first
    panel.lead, panel.hint = _lead(workflow, case, panel, first)
    taken = {door.name for door in (panel.primary, *choices) if door}
    panel.also = [door for door in (*ready, *among) if door.name not in taken]
    for number, door in enumerate([*choices, *panel.also][:MOST_KEYS], start=1):
        door.key = str(number)
    panel.not_yet = [door for door in own if door.blocked] + [_no(one) for one in waits if one.against]
    panel.of_others = [] if case.closed_at else _of_others(workflow, case, doors, addresses)
    panel.later = _later(workflow, case, roles, addresses)
    panel.menu = [doors[name] for name in IN_MENU if name in doors and not doors[name].blocked]
    panel.open = {name: door for name, door in doors.items() if not door.blocked}
    return panel


def _addresses(case: Case) -> tuple[str, str]:
    """What comes before and after the name of a step in its address: asked once for dozens of steps."""
    before, _name, after = reverse("desk:step", args=[case.reference, "name"]).rpartition("name")
    return before, after


def _door(addresses: tuple[str, str], step: Step, blocked: str = "") -> Door:
    return Door(
        step.name,
        str(step.label),
        icon(step.icon),
        step.name.join(addresses),
        hint=str(step.hint),
        harm=step.review is not None,
        blocked=blocked,
        at_once=step.form is None and not step.grave and step.undo is not None,
    )


def _decide(waiting: Waiting) -> Door:
    return Door("decide", _("Decide"), "approve", waiting.url)


def _no(waiting: Waiting) -> Door:
    return Door("decide", _("Approve the request"), "lock", waiting.url, blocked=waiting.against)


def _first(workflow: Workflow, case: Case, ready: list[Door]) -> Door | None:
    """The first open step in the order of the declaration that leads on and was not taken yet.

    Never the urgent path, a step that leads back, or one that only helps on the way. While a case waits
    for others, nor one that may be taken almost anywhere: then nothing must happen here.
    """
    waits = workflow.state(case.state).waits_for is not WaitsFor.TEAM
    order, done = _order(workflow), done_already(workflow, case)
    for door in ready:
        step = workflow.step(door.name)
        leads_back = order.get(step.target or case.state, 0) < order.get(case.state, 0)
        anywhere = waits and len(workflow.sources_of(step)) > FEW
        if not (door.harm or step.aside or leads_back or anywhere or step.name in done):
            return door
    return None


def _order(workflow: Workflow) -> dict[str, int]:
    return {state.name: number for number, state in enumerate(workflow.all_states)}


def done_already(workflow: Workflow, case: Case) -> set[str]:
    """The steps taken since the case last went back to an earlier state, but for those taken back."""
    order = _order(workflow)
    done: dict[int, str] = {}
    for pk, kind, step, came, went, data in _steps_of(case.pk):
        if kind == Event.Kind.UNDONE:
            done.pop(data.get("event", 0), None)
        elif order.get(went, 0) < order.get(came, 0) and step != "withdraw":
            done = {}
        else:
            done[pk] = step
    return set(done.values())


@kept
def _steps_of(case: int) -> QuerySet[Event, tuple[int, str, str, str, str, dict[str, Any]]]:
    steps = Event.objects.filter(case=case, kind__in=[Event.Kind.STEP, Event.Kind.UNDONE]).order_by("id")
    return steps.values_list("pk", "kind", "step", "from_state", "to_state", "data")


def _outcomes(workflow: Workflow, first: Door, ready: list[Door]) -> list[Door]:
    """Steps that ask the same and differ in the outcome only. None of them is the likelier one."""
    step = workflow.step(first.name)
    if step.form is None:
        return []
    alike = [door for door in ready if _is_outcome(workflow.step(door.name), step)]
    return alike if len(alike) > 1 else []


def _is_outcome(one: Step, other: Step) -> bool:
    return one.form is other.form and one.sources == other.sources and not one.common


def _title(workflow: Workflow, case: Case, waits: list[Waiting], mine: object) -> str:
    if case.closed_at:
        return _("Nothing more must happen")
    if mine is None and waits:
        return str(workflow.state(case.state).label)
    return _("What must happen next")


def _lead(workflow: Workflow, case: Case, panel: Next, first: Door | None) -> tuple[str, str]:
    if case.closed_at:
        return str(workflow.state(case.state).label), ""
    if panel.choices:
        return str(workflow.state(case.state).label), _("Choose the outcome. The form is the same for each.")
    if panel.primary and panel.primary.name == "decide":
        mine = next(one for one in panel.waits if one.mine)
        return _("Your decision: %(step)s") % {"step": mine.step}, _(
            "Nothing has been sent."
        ) if mine.held else ""
    if first is None:
        return (_("Nothing here is yours to do until then."), "") if panel.waits else _idle(workflow, case)
    return first.label, first.hint


def _idle(workflow: Workflow, case: Case) -> tuple[str, str]:
    whom = {
        WaitsFor.REPORTER: _("We wait for the reporter."),
        WaitsFor.OUTSIDE: _("We wait for somebody outside."),
        WaitsFor.TEAM: _("The next step is for a colleague."),
    }
    state = workflow.state(case.state)
    return str(state.label), whom.get(state.waits_for, "")


def _of_others(
    workflow: Workflow, case: Case, mine: dict[str, Door], addresses: tuple[str, str]
) -> list[Door]:
    """Steps of the workflow that are open here, and for others to take."""
    found = []
    for step in workflow.steps:
        if step.is_system or step.name in mine or case.state not in workflow.sources_of(step):
            continue
        found.append(_door(addresses, step, _("For %(roles)s.") % {"roles": _roles(step.who)}))
    return found


def _later(workflow: Workflow, case: Case, roles: Collection[str], addresses: tuple[str, str]) -> list[Door]:
    """The person's own steps that open from another state."""
    if case.closed_at:
        return []
    found = []
    labels = {state.name: f"“{state.label}”" for state in workflow.all_states}
    for step in workflow.steps:
        sources = workflow.sources_of(step)
        if step.is_system or case.state in sources or not set(roles).intersection(step.who):
            continue
        names = [words for name, words in labels.items() if name in sources][:3]
        found.append(_door(addresses, step, _("Opens at %(states)s.") % {"states": ", ".join(names)}))
    return found


def waiting_of(workflow: Workflow, case: Case, actor: Actor) -> list[Waiting]:
    """The open requests of a case, each with the seats whose turn it is."""
    found = []
    for request in open_requests(case):
        request.case = case
        turn = [seat for seat in seats(request) if seat.open]
        found.append(_waiting(workflow, case, request, turn, actor))
    return found


def _waiting(workflow: Workflow, case: Case, request: Request, turn: list[SeatView], actor: Actor) -> Waiting:
    against = barred(request)
    people = deciders(request, holders(request, against), turn)
    names = [one.name for one in people]
    mine = any(one.id == actor.id for one in people)
    step = str(workflow.step(request.step).label)
    return Waiting(
        step=step,
        words=_who_decides(names, [seat.label for seat in turn]),
        person=names[0] if names else "",
        since=span(timezone.now() - request.opened_at),
        detail=_("“%(step)s”, asked by %(who)s at %(time)s.")
        % {
            "step": step,
            "who": request.proposer.working_name,
            "time": hour(request.opened_at),
        },
        url=reverse("desk:request", args=[case.reference, request.pk]),
        mine=mine,
        held=request.kind == Request.Kind.APPROVAL,
        against="" if mine else str(TO_THEM.get(against.get(actor.id, ""), "")),
    )


def _who_decides(names: list[str], labels: list[str]) -> str:
    seat = ", ".join(labels)
    if not names:
        return _("Nobody holds the seat that must decide: %(seat)s") % {"seat": seat}
    listed = ", ".join(names[:3])
    words = ngettext(
        "%(people)s decides for %(seat)s", "One of them decides for %(seat)s: %(people)s", len(names)
    )
    return words % {"people": listed, "seat": seat}


def _roles(who: Iterable[Role]) -> str:
    return ", ".join(str(Role(role).label) for role in who)
