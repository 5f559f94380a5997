"""The only door through which a case changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case, Event
from tutela.core.errors import BadData, NotAllowed, NotFound, Stale, StepClosed
from tutela.core.kept import kept
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Membership
from tutela.core.people.roles import Role

from . import approvals, clocks, registry
from .common_forms import CaseForm
from .context import Context, Wish
from .declare import Need, Step, Workflow
from .fresh import check_fresh
from .models import Request
from .reading import open_requests


@dataclass(frozen=True)
class Outcome:
    """What came of a step. `held` when it waits for approval: then nothing has happened outside."""

    reference: str
    step: str
    held: bool
    state: str
    version: int
    event_id: int
    request_id: int | None = None
    effects: Sequence[Effect] = field(default=(), compare=False)


class _DryRun(Exception):
    """Takes back what a rehearsal did."""


def perform(
    reference: str,
    step_name: str,
    actor: Actor,
    data: Mapping[str, Any] | None = None,
    *,
    key: str = "",
    version: int | None = None,
) -> Outcome:
    """Perform one step on one case as one actor, in one transaction.

    `data` is what the step's form asks, as submitted. The same `key` twice performs once and
    answers the same. With `version`, the case must still be at that version.

    Raises NotFound (no such case, or not theirs to see), Stale, StepClosed, NotAllowed, BadData, and
    FreshFactorNeeded where the step asks for a second factor that the actor did not just show for it.
    """
    with acting_as(actor):
        case = _lock(reference)
        key = f"{actor.id} {step_name} {key}" if key else ""
        if key and (earlier := case.events.filter(data__key=key).order_by("id").first()):
            return _outcome(case, earlier)
        return _perform(case, step_name, actor, data or {}, key, version)


def rehearse(
    reference: str, step_name: str, actor: Actor, data: Mapping[str, Any] | None = None
) -> list[Wish]:
    """What a step would do outside. Nothing is kept. Raises as `perform` does."""
    wishes: list[Wish] = []
    with contextlib.suppress(_DryRun), acting_as(actor):
        outcome = _perform(_lock(reference), step_name, actor, data or {}, "", None, skip_approval=True)
        wishes = [Wish(one.connector, one.verb, one.payload, one.label) for one in outcome.effects]
        raise _DryRun
    return wishes


def lock_in_order(numbers: Iterable[int]) -> None:
    """Lock several cases for one transaction, by their ids from low to high.

    Whoever locks more than one case does it in this order: then no two wait for each other.
    """
    rows = Case.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(numbers))
    list(rows.order_by("pk").values_list("pk", flat=True))


def _lock(reference: str) -> Case:
    try:
        # No key of a case ever changes, so that a row that only names the case need not wait.
        return Case.objects.select_for_update(of=("self",), no_key=True).get(reference=reference)
    except Case.DoesNotExist:
        if Case.objects.filter(reference=reference).exists():  # seen, and not to be locked
            raise NotAllowed(_only_to_look()) from None
        raise NotFound(_("There is no such case, or it is not yours to see.")) from None


def _only_to_look() -> str:
    return _("The case is open to you by break-glass: to look, and to do nothing.")


def only_looks(case: Case, actor: Actor) -> bool:
    """Whether a restricted case shows to somebody outside its team, who then may change nothing."""
    return (
        case.restricted
        and not actor.is_system
        and not (case.team_id and _memberships(case.team_id, actor.id))
    )


@kept
def _memberships(team: int, staff: int) -> QuerySet[Membership, int]:
    return Membership.objects.filter(team=team, staff=staff).values_list("pk", flat=True)


def _perform(
    case: Case,
    step_name: str,
    actor: Actor,
    data: Mapping[str, Any],
    key: str,
    version: int | None,
    *,
    skip_approval: bool = False,
) -> Outcome:
    workflow = registry.workflow(case.workflow)
    step = _named(workflow, step_name)
    if version is not None and version != case.version:
        raise _stale(case, Stale)
    check_open(workflow, step, case)
    check_allowed(workflow, step, case, actor)
    cleaned = clean(step, case, data)
    check_needs(step, case)
    said = {"key": key} if key else {}
    if not skip_approval and (how := check_fresh(workflow, step, case, actor, cleaned, data)):
        said["factor"] = how
    if step.approval and not skip_approval:
        chain = approvals.chain_for(step.approval.reviewers, case, cleaned)
        if approvals.anyone_required(chain):
            return _hold(workflow, case, step, actor, data, chain, said)
    return carry_out(workflow, case, step, actor, cleaned, raw=data, said=said)


def _named(workflow: Workflow, name: str) -> Step:
    try:
        return workflow.step(name)
    except KeyError:
        raise NotFound(
            _("The workflow %(workflow)s has no step %(step)s.") % {"workflow": workflow.slug, "step": name}
        ) from None


def check_open(workflow: Workflow, step: Step, case: Case) -> None:
    """Raise StepClosed, naming the last change and who made it, when the state does not allow it."""
    if case.state not in workflow.sources_of(step):
        raise _stale(case)


def check_allowed(workflow: Workflow, step: Step, case: Case, actor: Actor) -> None:
    """Raise NotAllowed unless the actor holds a role that may perform the step on this workflow."""
    roles = Grant.objects.roles_of(actor.id, workflow.slug)
    if only_looks(case, actor):
        raise NotAllowed(_only_to_look())
    if not roles.intersection(step.who):
        raise NotAllowed(
            _("This step is for %(roles)s.")
            % {"roles": ", ".join(str(Role(role).label) for role in step.who)}
        )
    if not step.is_system and case.recusals.filter(staff_id=actor.id, ended_at=None).exists():
        raise NotFound(_("There is no such case, or it is not yours to see."))


def check_needs(step: Step, case: Case) -> None:
    """Raise StepClosed with the first condition that is not met."""
    for need in step.needs:
        if reason := need(case):
            raise StepClosed(reason, state=case.state)


def clean(step: Step, case: Case, data: Mapping[str, Any]) -> dict[str, Any]:
    """Check what was entered against the step's form. Raises BadData with a message per field."""
    if step.form is None:
        return {}
    form = make_form(step, case, data)
    if not form.is_valid():
        raise BadData(
            _("Some answers cannot be used."), {k: list(map(str, v)) for k, v in form.errors.items()}
        )
    return form.cleaned_data


def make_form(step: Step, case: Case, data: Mapping[str, Any] | None = None) -> forms.Form:
    """The form of a step for one case: bound when `data` is given. Forms may take the case."""
    assert step.form is not None
    if issubclass(step.form, CaseForm):
        return step.form(data, case=case)
    return step.form(data)


def _hold(
    workflow: Workflow,
    case: Case,
    step: Step,
    actor: Actor,
    data: Mapping[str, Any],
    chain: list[dict[str, Any]],
    said: dict[str, Any],
) -> Outcome:
    assert step.approval is not None
    if case.requests.filter(step=step.name, kind=Request.Kind.APPROVAL, state=Request.State.OPEN).exists():
        raise StepClosed(_("This step waits for approval already."), state=case.state)
    came_from = case.state
    request = Request.objects.create(
        case=case, step=step.name, data=plain(data), chain=chain, came_from=came_from, proposer_id=actor.id
    )
    case.state = step.approval.waits_in or case.state
    event = _write(case, step, actor, Event.Kind.HELD, came_from, {**said, "request": request.pk})
    request.event = event
    request.save(update_fields=["event"])
    clocks.happened(workflow, case, f"{step.name}:held", event.at)
    record(Act.CASE_HELD, actor, case.pk, step=step.name, request=request.pk)
    _save(case, event.at)
    return Outcome(case.reference, step.name, True, case.state, case.version, event.pk, request.pk)


def carry_out(
    workflow: Workflow,
    case: Case,
    step: Step,
    actor: Actor,
    cleaned: Mapping[str, Any],
    *,
    raw: Mapping[str, Any] | None = None,
    said: dict[str, Any] | None = None,
    request: Request | None = None,
) -> Outcome:
    """Run a step that is open, allowed and agreed to. For the engine and its approvals only."""
    context = Context(workflow, step, case, actor, cleaned, said=dict(said or {}))
    context.request_id = request.pk if request else None
    before = _before(case) if step.undo else None
    came_from = case.state
    wishes = list((step.run(context) if step.run else None) or [])
    _move(case, context.go_to or step.target or case.state, workflow, context.now)
    if request:
        context.said |= {
            "request": request.pk,
            "proposer": request.proposer_id,
            "agreed": approvals.agreed(request),
        }
    if context.left_the_house:
        before = None
    if withdrawn := _close_requests(workflow, case, context.now):
        context.said["withdrawn"] = withdrawn
    event = _write(case, step, actor, context.kind, came_from, context.said, before)
    clocks.happened(workflow, case, step.name, context.now)
    if case.closed_at:
        clocks.end_all(workflow, case, context.now)
    if step.review:
        approvals.ask_review(case, step, actor, raw or {}, event)
    effects = queue_effects(case, event, wishes, context.request_id)
    record(Act.CASE_STEP, actor, case.pk, step=step.name, event=event.pk, to=case.state)
    _save(case, context.now)
    outcome = Outcome(
        case.reference, step.name, False, case.state, case.version, event.pk, context.request_id, effects
    )
    if context.released:
        outcome = _release(workflow, case, context.released, actor)
    for last in context.afterwards:
        last()
    return outcome


def _release(workflow: Workflow, case: Case, request: Request, actor: Actor) -> Outcome:
    """Everybody agreed: run the step that was held, with the proposal as it was agreed to."""
    step = workflow.step(request.step)
    cleaned = clean(step, case, request.data)
    check_needs(step, case)
    return carry_out(workflow, case, step, actor, cleaned, raw=request.data, request=request)


def _close_requests(workflow: Workflow, case: Case, at: datetime) -> list[int]:
    """Withdraw what waits for approval and can no longer run from where the case now is.

    Returns what was withdrawn, so that taking the step back can ask for it again.
    """
    withdrawn = []
    for request in case.requests.filter(kind=Request.Kind.APPROVAL, state=Request.State.OPEN):
        held = workflow.step(request.step)
        waits_in = held.approval.waits_in if held.approval else ""
        if case.state not in {waits_in or request.came_from, request.came_from}:
            request.state, request.closed_at = Request.State.WITHDRAWN, at
            request.save(update_fields=["state", "closed_at"])
            withdrawn.append(request.pk)
    return withdrawn


def _move(case: Case, target: str, workflow: Workflow, at: datetime) -> None:
    case.state = target
    if workflow.state(target).final:
        case.closed_at = case.closed_at or at
    else:
        case.closed_at = None


def _before(case: Case) -> dict[str, Any]:
    return {
        "state": case.state,
        "facts": case.facts,
        "title": case.title,
        "severity": case.severity,
        "assignee": case.assignee_id,
        "restricted": case.restricted,
        "follow_up_at": case.follow_up_at.isoformat() if case.follow_up_at else None,
        "clocks": clocks.snapshot(case),
    }


def _write(
    case: Case,
    step: Step,
    actor: Actor,
    kind: str,
    came_from: str,
    said: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> Event:
    return Event.objects.create(
        case=case,
        kind=kind,
        step=step.name,
        actor_id=actor.id,
        from_state=came_from,
        to_state=case.state,
        data=said,
        before=before,
    )


def queue_effects(
    case: Case, event: Event, wishes: Sequence[Wish], request_id: int | None = None
) -> list[Effect]:
    """Store what a decision wants to happen outside, each under a key that never comes twice."""
    effects = [
        Effect(
            case=case,
            event=event,
            connector=wish.connector,
            verb=wish.verb,
            payload=dict(wish.payload),
            label=wish.label,
            key=_key(event, wish.name or str(number)),
            request_id=request_id,
            message_id=wish.message_id,
        )
        for number, wish in enumerate(wishes)
    ]
    Effect.objects.bulk_create(effects)
    if effects:
        notify("tutela_outbox", {})
    return effects


def _key(event: Event, name: str) -> str:
    return hashlib.sha256(f"effect {event.pk} {name}".encode()).hexdigest()


def _save(case: Case, at: datetime) -> None:
    case.version += 1
    case.updated_at = at
    case.due_at, case.due_clock = (None, "") if case.closed_at else clocks.soonest(case)
    case.save()
    notify("tutela_live", {"case": case.pk, "version": case.version})


def notify(channel: str, what: Mapping[str, int]) -> None:
    """Tell listeners after commit. Ids only: a listener asks the database what it may see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, json.dumps(what)])


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Submitted data as JSON: lists stay lists, a QueryDict keeps what each field sent."""
    if hasattr(data, "lists"):
        return {k: v if len(v) > 1 else v[0] for k, v in data.lists() if v and k != "csrfmiddlewaretoken"}
    return {
        k: v if isinstance(v, (str, int, float, bool, list, dict)) or v is None else str(v)
        for k, v in data.items()
    }


def _outcome(case: Case, event: Event) -> Outcome:
    return Outcome(
        case.reference,
        event.step,
        event.kind == Event.Kind.HELD,
        event.to_state,
        case.version,
        event.pk,
        event.data.get("request"),
        list(Effect.objects.filter(event=event)),
    )


def _stale(case: Case, error: type[StepClosed] = StepClosed) -> StepClosed:
    last = case.events.exclude(kind=Event.Kind.EFFECT).select_related("actor").order_by("-id").first()
    label = registry.workflow(case.workflow).state(case.state).label
    if last is None:
        return error(_("The case is at “%(state)s”.") % {"state": label}, state=case.state)
    return error(
        _("%(who)s moved this case on at %(time)s. It is now at “%(state)s”.")
        % {"who": last.actor.working_name, "time": last.at.strftime("%H:%M UTC"), "state": label},
        state=case.state,
        changed_by=last.actor.working_name,
        changed_at=last.at.isoformat(),
        step=last.step,
    )


def open_steps(case: Case, actor: Actor, roles: Collection[str] | None = None) -> list[tuple[Step, str]]:
    """The steps of a case that this actor could take from here, each with why not yet ("" when open).

    Steps of other states and other roles are left out; unmet conditions are told. `roles` are those that
    the actor holds on the workflow, where they are known already. A condition that several steps share is
    asked once; the case is read by it as `reading.read()` left it, if it did.
    """
    if only_looks(case, actor):
        return []
    workflow = registry.workflow(case.workflow)
    held = Grant.objects.roles_of(actor.id, workflow.slug) if roles is None else frozenset(roles)
    waiting = {request.step for request in open_requests(case, Request.Kind.APPROVAL)}
    answers: dict[Need, str] = {}

    def answer(need: Need) -> str:
        if need not in answers:
            answers[need] = str(need(case) or "")
        return answers[need]

    offered = []
    for step in workflow.all_steps:
        if case.state not in workflow.sources_of(step) or held.isdisjoint(step.who):
            continue
        reason = next((why for need in step.needs if (why := answer(need))), "")
        if not reason and step.name in waiting:
            reason = _("It waits for approval.")
        offered.append((step, reason))
    return offered


__all__ = [
    "Outcome",
    "carry_out",
    "lock_in_order",
    "make_form",
    "open_steps",
    "perform",
    "queue_effects",
    "rehearse",
]
