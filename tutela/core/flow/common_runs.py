"""What the common steps do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core.again import is_held_by_another
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.involving import involve
from tutela.core.cases.models import (
    Case,
    CaseLink,
    Event,
    Message,
    PartyLink,
    Recusal,
    Report,
    Severity,
)
from tutela.core.cases.moving import move_reports
from tutela.core.cases.parties import name_party
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.kept import kept
from tutela.core.outbox.models import Effect, EffectState, stuck_effects
from tutela.core.people.models import Staff

from . import approvals, clocks, registry
from .declare import OPENED
from .models import ClockRow, Opinion, Request
from .reading import clocks_of, open_requests

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrOrPromise

    from .context import Context, Wish

UNDO_WITHIN = timedelta(minutes=10)
#: How long a step that changes two cases waits for the earlier one, in milliseconds: less than what
#: PostgreSQL takes to look for people who wait for each other.
A_MOMENT = 500


# Conditions


def not_taken(case: Case) -> _StrOrPromise | None:
    """Open while nobody holds the case."""
    return None if case.assignee_id is None else _("Somebody holds this case. Use “Assign”.")


def has_unread(case: Case) -> _StrOrPromise | None:
    """Open while a message from outside is unread."""
    return None if case.unread else _("No message is unread.")


def not_restricted(case: Case) -> _StrOrPromise | None:
    """Open while more than the team sees the case."""
    return _("Only the team sees it already.") if case.restricted else None


def is_restricted(case: Case) -> _StrOrPromise | None:
    """Open while only the team sees the case."""
    return None if case.restricted else _("The case is not restricted.")


def has_clock_to_pause(case: Case) -> _StrOrPromise | None:
    """Open while a clock runs that may pause."""
    pausable = [clock.name for clock in registry.workflow(case.workflow).clocks if clock.pauses]
    running = [row.name for row in clocks_of(case) if row.state == ClockRow.State.RUNNING]
    return _("No clock is running that may pause.") if set(running).isdisjoint(pausable) else None


def has_paused_clock(case: Case) -> _StrOrPromise | None:
    """Open while a clock stands still."""
    paused = any(row.state == ClockRow.State.PAUSED for row in clocks_of(case))
    return None if paused else _("No clock is paused.")


def has_request(case: Case) -> _StrOrPromise | None:
    """Open while something waits for somebody's opinion."""
    return None if open_requests(case) else _("Nothing waits for approval.")


def may_agree(case: Case) -> _StrOrPromise | None:
    """Open while something waits whose own conditions are met, so that it can be agreed to."""
    reasons = [_unmet(case, request) for request in open_requests(case)]
    if not reasons:
        return _("Nothing waits for approval.")
    return None if None in reasons else reasons[0]


def _unmet(case: Case, request: Request) -> _StrOrPromise | None:
    approval = registry.workflow(case.workflow).step(request.step).approval
    if approval is None or request.kind != Request.Kind.APPROVAL:
        return None
    return next((why for need in approval.needs if (why := need(case))), None)


def was_merged(case: Case) -> _StrOrPromise | None:
    """Open while the case goes on as a part of another one."""
    return None if case.merged_into_id else _("This case was not merged.")


def no_review_open(case: Case) -> _StrOrPromise | None:
    """Open while no step on the urgent path waits for its review."""
    waiting = open_requests(case, Request.Kind.REVIEW)
    return _("A review of the urgent path is open.") if waiting else None


def has_approval(case: Case) -> _StrOrPromise | None:
    """Open while a step is held for approval."""
    return None if open_requests(case, Request.Kind.APPROVAL) else _("Nothing waits for approval.")


# People


def take(context: Context) -> None:
    """Put the case into the actor's own hands."""
    _hold(context, context.actor.id)


def assign(context: Context) -> None:
    """Put the case into somebody's hands, or into nobody's."""
    assignee: Staff | None = context.data["assignee"]
    _hold(context, assignee.pk if assignee else None)


def hand_over(context: Context) -> None:
    """Put the case into somebody's hands, with what they need to know."""
    context.note(context.data["text"])
    _hold(context, context.data["assignee"].pk)


def _hold(context: Context, staff_id: int | None) -> None:
    context.case.assignee_id = staff_id
    context.case.assigned_at = context.now if staff_id else None
    context.said["assignee"] = staff_id


def recuse(context: Context) -> None:
    """Hide the case from the actor. Written last: afterwards the actor sees nothing of it."""
    case, actor = context.case, context.actor
    if case.assignee_id == actor.id:
        _hold(context, None)
    reason = context.data["reason"][:300]
    context.afterwards.append(lambda: Recusal.objects.create(case=case, staff_id=actor.id, reason=reason))


def escalate(context: Context) -> None:
    """Raise the severity by one and tell why."""
    context.note(context.data["reason"])
    context.case.severity = min(context.case.severity + 1, Severity.CRITICAL)
    context.said["severity"] = context.case.severity


# Words


def note(context: Context) -> None:
    """Write a note for the record."""
    context.kind = Event.Kind.NOTE
    context.note(context.data["text"], privileged=context.data["privileged"])


def edit_note(context: Context) -> None:
    """Replace a note of one's own; the earlier wording stays."""
    old = context.data["note"]
    if old.author_id != context.actor.id:
        raise NotAllowed(_("Only the author changes a note. Write a note of your own."))
    context.kind = Event.Kind.NOTE
    context.note(context.data["text"], privileged=old.privileged, said_to=old.said_to_id, replaces=old)
    context.said["replaces"] = old.pk


def answer(context: Context) -> Sequence[Wish]:
    """Answer one reporter, or all of the case."""
    context.kind = Event.Kind.MESSAGE
    one: Report | None = context.data["report"]
    reports = [one] if one else context.reports
    if not reports:
        raise BadData(
            _("This case has no reporter to answer."), {"report": [str(_("There is no reporter."))]}
        )
    read(context)
    return [wish for report in reports for wish in context.message(report, context.data["text"])]


def mark_read(context: Context) -> None:
    """Say that the messages from outside were read."""
    read(context)


def read(context: Context) -> None:
    """Mark what came from outside as read."""
    context.case.messages.filter(direction=Message.Direction.IN, read_at=None).update(read_at=context.now)
    context.case.unread = 0


def add_exhibit(context: Context) -> None:
    """Keep a piece of text as evidence."""
    data = context.data
    context.kind = Event.Kind.EXHIBIT
    context.exhibit(data["kind"], data["title"], data["text"].encode(), source=data["source"])


def add_file(context: Context) -> None:
    """Keep a file as evidence."""
    data = context.data
    context.kind = Event.Kind.EXHIBIT
    context.exhibit_file(data["file"], data["title"], data["source"])


# Facts


def edit_facts(context: Context) -> None:
    """Keep what was entered as the facts of the case."""
    before = context.case.facts
    context.set_facts(**context.data)
    context.said["changed"] = sorted(k for k, v in context.case.facts.items() if before.get(k) != v)
    context.afterwards.append(lambda: involve(context.case, context.case.facts))


def edit_title(context: Context) -> None:
    """Give the case another title."""
    context.case.title = context.data["title"]


def set_severity(context: Context) -> None:
    """Say how bad it is if we are late."""
    context.case.severity = context.data["severity"]
    context.said["severity"] = context.case.severity


def restrict(context: Context) -> None:
    """Let only the team see the case."""
    if not context.case.team.memberships.filter(staff_id=context.actor.id).exists():
        raise NotAllowed(
            _("You are not in the team of this case and would lose sight of it. Hand it over first.")
        )
    context.case.restricted = True


def unrestrict(context: Context) -> None:
    """Let everybody with a grant on the workflow see the case."""
    context.note(context.data["reason"])
    context.case.restricted = False


def follow_up(context: Context) -> None:
    """Say when to look again."""
    context.case.follow_up_at = context.data["at"]
    context.said["at"] = context.data["at"].isoformat()


def pause_clocks(context: Context) -> None:
    """Let the clocks that may wait for this reason stand still."""
    reason = context.data["reason"]
    names = [
        clock.name for clock in context.workflow.clocks if any(one.name == reason for one in clock.pauses)
    ]
    context.said |= {"reason": reason, "clocks": clocks.pause(context.case, names, reason, context.now)}


def resume_clocks(context: Context) -> None:
    """Let the paused clocks run on."""
    context.said["clocks"] = clocks.resume(context.case, context.now)


# Parties and links


def add_party(context: Context) -> None:
    """Add a party, or a further part of one that is here already."""
    data = context.data
    party = name_party(context.case, data["kind"], data["name"], data["platform"], data["part"])
    context.said["party"] = party.pk


def remove_party(context: Context) -> None:
    """Say that a party does not belong to the case."""
    party = context.data["party"]
    context.case.parties.filter(party=party, removed_at=None).update(removed_at=context.now)
    context.said["party"] = party.pk


def link_parties(context: Context) -> None:
    """Say that two parties may belong together."""
    data = context.data
    link = PartyLink.objects.create(
        party=data["party"],
        other=data["other"],
        case=context.case,
        source=data["source"],
        confidence=data["confidence"],
        expires_at=data["expires_at"],
        made_by_id=context.actor.id,
    )
    context.said["link"] = link.pk


def merge_parties(context: Context) -> None:
    """Say that two parties are one. Can be taken back."""
    kept, other = context.data["party"], context.data["other"]
    if kept.merged_into_id == other.pk or other.merged_into_id:
        raise StepClosed(_("These two are merged already."), state=context.case.state)
    other.merged_into = kept
    other.save(update_fields=["merged_into"])
    context.said |= {"party": kept.pk, "merged": other.pk}


def split_party(context: Context) -> None:
    """Take back that a party is the same as another."""
    party = context.data["party"]
    if party.merged_into_id is None:
        raise StepClosed(_("This party is not merged into another one."), state=context.case.state)
    context.said |= {"party": party.pk, "split_from": party.merged_into_id}
    party.merged_into = None
    party.save(update_fields=["merged_into"])


def link_case(context: Context) -> None:
    """Say that another case belongs to this one."""
    other: Case = context.data["other"]
    link = CaseLink.objects.create(
        case=context.case,
        other=other,
        kind=context.data["kind"],
        reason=context.data["reason"],
        made_by_id=context.actor.id,
    )
    context.said["link"] = link.pk


def merge_into(context: Context) -> None:
    """Let another case go on with the reporters and the conversation of this one."""
    case, other = context.case, _locked(context, context.data["other"].pk)
    if not other.is_open:
        raise StepClosed(_("The other case was closed or merged meanwhile."), state=case.state)
    CaseLink.objects.create(
        case=case,
        other=other,
        kind=CaseLink.Kind.DUPLICATE,
        reason=context.data["reason"],
        made_by_id=context.actor.id,
    )
    for recusal in case.recusals.filter(ended_at=None):
        other.recusals.get_or_create(
            staff_id=recusal.staff_id, ended_at=None, defaults={"reason": recusal.reason}
        )
    case.messages.exclude(report=None).update(case=other)
    move_reports(case.reports.defer("raw"), other)
    context.said |= {"other": other.pk, "from": case.state}
    case.merged_into = other
    clocks.happened(context.workflow, other, "merged", context.now, start_at=case.received_at)
    if case.unread:
        clocks.happened(context.workflow, other, "reporter_wrote", context.now)
    other.due_at, other.due_clock = clocks.soonest(other)
    _tell_other(context, other, "merged", case.unread)
    case.unread = 0


def unmerge(context: Context) -> None:
    """Take a merge back: the reporters of this case return to it, with what they wrote."""
    case = context.case
    merge = case.events.filter(step="merge_into").latest("id")
    other = _locked(context, merge.data["other"])
    own = Report.objects.filter(first_case=case).exclude(case=case)  # wherever the other was merged to
    Message.objects.filter(report__in=own.values("pk")).update(case=case)
    move_reports(own.defer("raw"), case)
    case.links.filter(other=other, kind=CaseLink.Kind.DUPLICATE, ended_at=None).update(ended_at=context.now)
    case.merged_into = None
    case.unread = case.messages.filter(direction=Message.Direction.IN, read_at=None).count()
    _ask_again(case, merge)
    context.go_to = merge.data["from"]
    context.said["other"] = other.pk
    _tell_other(context, other, "unmerged", -case.unread)
    case.state = context.go_to  # where clocks look whether they are needed
    if case.state == context.workflow.start:  # what was promised from the receipt counts again
        clocks.happened(context.workflow, case, OPENED, context.now, start_at=case.received_at)
    clocks.happened(context.workflow, case, "reopen", context.now)


def _locked(context: Context, other_id: int) -> Case:
    """The other case of a step that changes two, locked.

    Cases are locked by their ids from low to high, so that no two people wait for each other. For an earlier
    one it waits only as long as a job takes for a line on the timeline. Raises NotFound, StepClosed.
    """
    rows = Case.objects.select_for_update(of=("self",), no_key=True)
    try:
        if other_id > context.case.pk:
            return rows.get(pk=other_id)
        with transaction.atomic(), _waiting_at_most(A_MOMENT):
            return rows.get(pk=other_id)
    except Case.DoesNotExist:
        raise NotFound(_("There is no such case, or it is not yours to see.")) from None
    except OperationalError as error:
        if not is_held_by_another(error):
            raise
        raise StepClosed(
            _("Somebody is working on the other case at this moment. Try again."), state=context.case.state
        ) from None


@contextmanager
def _waiting_at_most(milliseconds: int) -> Iterator[None]:
    """Wait no longer than this for a lock, within a savepoint, which puts things back if that fails."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (usual,) = cursor.fetchone()
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{milliseconds}ms"])
        yield
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [usual])


def _ask_again(case: Case, event: Event) -> None:
    """Open what a step withdrew by leading away, now that the step is taken back."""
    withdrawn = event.data.get("withdrawn", [])
    case.requests.filter(pk__in=withdrawn).update(state=Request.State.OPEN, closed_at=None)


def _tell_other(context: Context, other: Case, what: str, unread: int) -> None:
    Event.objects.create(
        case=other,
        kind=Event.Kind.STEP,
        step=what,
        actor_id=context.actor.id,
        from_state=other.state,
        to_state=other.state,
        data={"other": context.case.pk},
    )
    other.version += 1
    other.updated_at = context.now
    other.unread = max(other.unread + unread, 0)
    other.save(update_fields=["version", "updated_at", "unread", "due_at", "due_clock"])


# Approvals


def approve(context: Context) -> None:
    """Agree in one's own seat; the last to agree releases the step."""
    request = _decide(context, Opinion.Verdict.AGREE)
    if why := _unmet(context.case, request):
        raise StepClosed(why, state=context.case.state)
    if not approvals.everybody_agreed(request):
        return
    _end(context, request, Request.State.RELEASED)
    if request.kind == Request.Kind.APPROVAL:
        context.go_to = request.came_from
        context.released = request


def ask_first(context: Context) -> None:
    """Ask the proposer something before deciding. The chain waits; the clocks run."""
    _decide(context, Opinion.Verdict.ASK)


def stop(context: Context) -> None:
    """End the request for everybody."""
    request = _decide(context, Opinion.Verdict.STOP)
    _end(context, request, Request.State.STOPPED)
    if request.kind == Request.Kind.APPROVAL:
        approval = context.workflow.step(request.step).approval
        context.go_to = (approval.stopped_to if approval else "") or request.came_from


def _end(context: Context, request: Request, state: str) -> None:
    request.state, request.closed_at = state, context.now
    request.save(update_fields=["state", "closed_at"])
    if request.kind == Request.Kind.REVIEW:
        clocks.happened(context.workflow, context.case, f"{request.step}:reviewed", context.now)


def _decide(context: Context, verdict: str) -> Request:
    request = approvals.open_request(context.case, context.data["request"], context.data["round"])
    seat, reason = approvals.seat_of(request, context.actor), context.data["reason"]
    opinion = Opinion.objects.create(
        request=request,
        case=context.case,
        reviewer=seat,
        staff_id=context.actor.id,
        verdict=verdict,
        note=context.note(reason, privileged=True, said_to=request.proposer_id) if reason else None,
        round=request.round,
    )
    context.kind = Event.Kind.OPINION
    context.said |= {
        "request": request.pk,
        "opinion": opinion.pk,
        "of": request.step,
        "seat": opinion.reviewer,
        "round": request.round,
    }
    return request


def amend(context: Context) -> None:
    """Change the proposal. What was agreed to before no longer counts."""
    from .perform import clean

    request = _held(context)
    step = context.workflow.step(request.step)
    request.data = {**request.data, **context.data["changes"]}
    cleaned = clean(step, context.case, request.data)
    request.round += 1
    assert step.approval is not None
    request.chain = approvals.chain_for(step.approval.reviewers, context.case, cleaned)
    request.save(update_fields=["data", "round", "chain"])
    context.said |= {
        "request": request.pk,
        "of": request.step,
        "changed": sorted(context.data["changes"]),
        "round": request.round,
    }


def withdraw(context: Context) -> None:
    """Take the request back."""
    request = _held(context)
    _end(context, request, Request.State.WITHDRAWN)
    context.go_to = request.came_from
    context.said |= {"request": request.pk, "of": request.step}
    if context.data["reason"]:
        context.note(context.data["reason"])


def _held(context: Context) -> Request:
    request = approvals.open_request(context.case, context.data["request"], context.data["round"])
    if request.kind != Request.Kind.APPROVAL:
        raise StepClosed(_("A review afterwards cannot be changed or withdrawn."), state=context.case.state)
    return request


# Ends


def reopen(context: Context) -> None:
    """Take the case up again, and say why."""
    context.note(context.data["reason"])


def undo(context: Context) -> None:
    """Take one's last step back, while nothing of it has left the house."""
    case = context.case
    event = case.events.filter(pk=context.data["event"]).first() if context.data["event"] else undoable(case)
    last = undoable(case)
    if event is None or last is None or event.pk != last.pk:
        raise StepClosed(_("This cannot be undone: something happened after it."), state=case.state)
    # Locked first: a courier that holds one of them is waited for, and what it sent is then seen.
    effects = list(Effect.objects.select_for_update().filter(event=event))
    if why := why_not_undo(event, context.actor.id):
        raise StepClosed(why, state=case.state)
    before = event.before
    Effect.objects.filter(pk__in=[one.pk for one in effects]).update(state=EffectState.ABANDONED)
    step = context.workflow.step(event.step)
    assert step.undo is not None
    step.undo(context, event)
    case.facts, case.title, case.severity = before["facts"], before["title"], before["severity"]
    case.assignee_id, case.restricted = before["assignee"], before["restricted"]
    case.follow_up_at = datetime.fromisoformat(before["follow_up_at"]) if before["follow_up_at"] else None
    clocks.restore(case, before["clocks"], context.now)
    _ask_again(case, event)
    context.go_to = before["state"]
    context.kind = Event.Kind.UNDONE
    context.said |= {"event": event.pk, "of": event.step}


def undoable(case: Case, newest: Iterable[Event] = ()) -> Event | None:
    """The last thing that somebody did on the case, if that can be undone at all.

    `newest` are the newest events of the case, newest first, where they were read already: then mostly no
    query is needed.
    """
    beside = (Event.Kind.EFFECT, Event.Kind.NOTE)
    last = next((event for event in newest if event.kind not in beside), None)
    last = last or case.events.exclude(kind__in=beside).order_by("-id").first()
    return last if last and last.keeps_before else None


def why_not_undo(event: Event, staff_id: int) -> _StrOrPromise | None:
    """Why an event cannot be undone by a person, or None when it can."""
    if event.actor_id != staff_id:
        return _("Only the person who did it can undo it.")
    if timezone.now() - event.at > UNDO_WITHIN:
        return _("It is more than ten minutes ago.")
    untouched = Q(state=EffectState.DUE, attempts=0) | Q(state=EffectState.ABANDONED)
    if event.effects.exclude(untouched).exists():
        return _("Something of it has left the house already.")
    return None


# What did not get through


def wake_courier() -> None:
    """Tell the courier that something is due."""
    from .perform import notify

    notify("tutela_outbox", {})


def has_stuck_effect(case: Case) -> _StrOrPromise | None:
    """Open while something meant for the outside was refused or is not getting through."""
    return None if _stuck_effects(case.pk) else _("Nothing was refused or is waiting to be sent again.")


@kept
def _stuck_effects(case: int) -> QuerySet[Effect, int]:
    return stuck_effects(case).values_list("pk", flat=True)[:1]


def retry_effect(context: Context) -> None:
    """Have the courier try again at once. It asks the other side first whether it was done after all."""
    effect = _stuck(context)
    effect.state, effect.attempts, effect.due_at = EffectState.DUE, 0, context.now
    effect.save(update_fields=["state", "attempts", "due_at"])
    context.afterwards.append(wake_courier)


def confirm_effect(context: Context) -> None:
    """Record that it was done, as a person found out. It is never sent again."""
    effect = _stuck(context)
    context.note(context.data["reason"])
    effect.state, effect.confirmed_at = EffectState.CONFIRMED, context.now
    effect.receipt = {
        "reference": context.data["reference"],
        "at": context.now.isoformat(),
        "detail": "",
        "by": context.actor.id,
    }
    effect.error = effect.what_to_do = ""
    effect.save(update_fields=["state", "confirmed_at", "receipt", "error", "what_to_do"])
    record(Act.EFFECT_RECORDED, context.actor, context.case.pk, effect=effect.pk, event=effect.event_id)


def abandon_effect(context: Context) -> None:
    """Leave it undone, for a reason."""
    effect = _stuck(context)
    context.note(context.data["reason"])
    effect.state = EffectState.ABANDONED
    effect.save(update_fields=["state"])


def _stuck(context: Context) -> Effect:
    """The chosen effect, locked, so that no courier takes it meanwhile."""
    stuck = stuck_effects(context.case).select_for_update(of=("self",))
    effect = stuck.filter(pk=context.data["effect"].pk).first()
    if effect is None:
        raise StepClosed(
            _("This is being sent just now, or it was settled already."), state=context.case.state
        )
    context.said |= {"effect": effect.pk, "of": effect.event_id}
    return effect
