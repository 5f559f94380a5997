"""Writes down what came of effects: on the effect, on the timeline, in the audit log.

A person's step holds its case for as long as it runs. Nothing here ever waits for that: what cannot be
written yet is handed back and written a moment later. Cases are locked before effects, as steps do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.db.models import F
from django.utils import timezone

from tutela.core.audit.models import Act
from tutela.core.audit.record import record_each
from tutela.core.cases.models import Case, Event, Message
from tutela.core.errors import ConnectorError, TryLater
from tutela.core.people.actor import Actor, acting_as

from .models import Effect, EffectState

if TYPE_CHECKING:
    from tutela.connectors.ports import Receipt

SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
#: At this many attempts the timeline tells that something is not getting through.
TOLD_AT: Final = 5
#: The steps of the events that are written here.
DELIVERED, FAILED, DELAYED = "delivered", "failed", "delayed"


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt: a receipt, or the error that stood in the way."""

    effect: Effect
    receipt: Receipt | None = None
    error: ConnectorError | None = None


def write_down(outcomes: Sequence[Outcome], actor: Actor) -> list[Outcome]:
    """Write down what came of attempts. Returns those whose case is busy: try them again soon.

    Writing the same again changes nothing.
    """
    left: list[Outcome] = []
    for belongs, write in _KINDS:
        group = [one for one in outcomes if belongs(one)]
        if group:
            left += _write_free(group, write, actor)
    return left


_Writer = Callable[[dict[int, Outcome], Actor], None]


def _write_free(group: Sequence[Outcome], write: _Writer, actor: Actor) -> list[Outcome]:
    with acting_as(actor):
        free = _lock_free_cases({one.effect.case_id for one in group})
        write({one.effect.pk: one for one in group if one.effect.case_id in free}, actor)
    return [one for one in group if one.effect.case_id not in free]


def _lock_free_cases(cases: set[int]) -> set[int]:
    """Of these cases, lock those that nobody holds."""
    free = Case.objects.select_for_update(skip_locked=True, no_key=True).filter(pk__in=cases)
    return set(free.order_by("pk").values_list("pk", flat=True))


def _confirmed(outcomes: dict[int, Outcome], actor: Actor) -> None:
    """Done. Only here does an effect become confirmed, and only with its receipt."""
    now = timezone.now()
    rows = _locked(outcomes, but_not=EffectState.CONFIRMED)
    for row in rows:
        receipt = outcomes[row.pk].receipt
        assert receipt is not None
        row.state, row.confirmed_at, row.error, row.what_to_do = EffectState.CONFIRMED, now, "", ""
        row.receipt = {"reference": receipt.reference, "at": receipt.at.isoformat(), "detail": receipt.detail}
    _save(rows, "confirmed_at", "receipt")
    _keep_message_ids(rows)
    _tell(rows, DELIVERED, actor)
    entries = [(row.case_id, {"effect": row.pk, "event": row.event_id}) for row in rows]
    record_each(Act.EFFECT_DELIVERED, actor, entries)


def _keep_message_ids(rows: Sequence[Effect]) -> None:
    """So that an answer to one of our mails finds its case."""
    sent = [Message(pk=row.message_id, message_id=row.receipt["reference"]) for row in rows if row.message_id]
    Message.objects.bulk_update(sent, ["message_id"])


def _refused(outcomes: dict[int, Outcome], actor: Actor) -> None:
    """Not done, and not without a person: the case counts as changed."""
    rows = _locked(outcomes, only=EffectState.SENDING)
    for row in rows:
        row.state = EffectState.FAILED
        _explain(row, outcomes[row.pk])
    _save(rows)
    cases = Case.objects.filter(pk__in={row.case_id for row in rows})
    cases.update(version=F("version") + 1, updated_at=timezone.now())
    _tell(rows, FAILED, actor)


def _put_off(outcomes: dict[int, Outcome], actor: Actor) -> None:
    """Not done yet. Tried again by itself; the timeline tells of it once it takes long."""
    now = timezone.now()
    rows = _locked(outcomes, only=EffectState.SENDING)
    for row in rows:
        row.state, row.due_at = EffectState.DUE, now + _wait(row.attempts, outcomes[row.pk].error)
        _explain(row, outcomes[row.pk])
    _save(rows, "due_at")
    _tell([row for row in rows if row.attempts == TOLD_AT], DELAYED, actor)


def _wait(attempts: int, error: ConnectorError | None) -> timedelta:
    """As long as the other side asked for; otherwise twice as long each time."""
    if isinstance(error, TryLater) and error.after is not None:
        return error.after
    return min(SHORTEST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)


def _explain(row: Effect, outcome: Outcome) -> None:
    assert outcome.error is not None
    row.error, row.what_to_do = str(outcome.error), str(outcome.error.what_to_do)


def _locked(outcomes: dict[int, Outcome], *, only: str = "", but_not: str = "") -> list[Effect]:
    """The rows as they are now; another courier may have dealt with one in the meantime."""
    rows = Effect.objects.select_for_update(of=("self",)).filter(pk__in=outcomes).order_by("pk")
    return [
        row
        for row in rows
        if row.state != but_not
        and (not only or (row.state == only and row.attempts == outcomes[row.pk].effect.attempts))
    ]


def _save(rows: Sequence[Effect], *more: str) -> None:
    for row in rows:
        row.claimed_by = row.claimed_until = None
    names = ["state", "error", "what_to_do", "claimed_by", "claimed_until", *more]
    Effect.objects.bulk_update(rows, names)


def _tell(rows: Sequence[Effect], what: str, actor: Actor) -> None:
    """A line on the timeline for each effect, and a word to whoever looks at the case."""
    states = dict(Case.objects.filter(pk__in={row.case_id for row in rows}).values_list("pk", "state"))
    Event.objects.bulk_create(
        Event(
            case_id=row.case_id,
            kind=Event.Kind.EFFECT,
            step=what,
            actor_id=actor.id,
            from_state=states[row.case_id],
            to_state=states[row.case_id],
            data={"effect": row.pk, "event": row.event_id},
        )
        for row in rows
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify('tutela_live', json_build_object('case', id, 'version', version)::text)"
            " FROM cases_case WHERE id = ANY(%s)",
            [list(states)],
        )


_KINDS: Final[Sequence[tuple[Callable[[Outcome], bool], _Writer]]] = (
    (lambda one: one.receipt is not None, _confirmed),
    (lambda one: isinstance(one.error, TryLater), _put_off),
    (lambda one: one.receipt is None and not isinstance(one.error, TryLater), _refused),
)
