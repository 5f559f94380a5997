"""Writes down what came of effects: on the effect, on the timeline, in the audit log.

A person's step holds its case for as long as it runs. Nothing here ever waits for that: what cannot be
written yet is handed back and written a moment later. Cases are locked before effects, as steps do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import connection
from django.db.models import F
from django.utils import timezone

from tutela.core.audit.models import Act
from tutela.core.audit.record import record_each
from tutela.core.cases.models import Case, Event
from tutela.core.errors import ConnectorError, TryLater
from tutela.core.moment import database_now
from tutela.core.people.actor import Actor, acting_as
from tutela.core.vault import keyring

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


#: In one statement, because this is what most effects come to. `%(receipts)s` maps ids to receipts.
_CONFIRM: Final = """
    UPDATE outbox_effect AS e SET state = 'confirmed', confirmed_at = %(now)s, receipt = given.receipt,
           error = ''::bytea, what_to_do = '', claimed_by = NULL, claimed_until = NULL
    FROM jsonb_each(%(receipts)s::jsonb) AS given (id, receipt)
    WHERE e.id = given.id::bigint AND e.state <> 'confirmed'
    RETURNING e.id, e.case_id, e.event_id
"""
#: So that an answer to one of our mails finds its case.
_KEEP_MESSAGE_IDS: Final = """
    UPDATE cases_message AS m SET message_id = e.receipt ->> 'reference'
    FROM outbox_effect AS e WHERE m.id = e.message_id AND e.id = ANY(%s)
"""


def _confirmed(outcomes: dict[int, Outcome], actor: Actor) -> None:
    """Done. Only here does an effect become confirmed, and only with its receipt."""
    receipts = {str(key): _as_json(one.receipt) for key, one in outcomes.items() if one.receipt}
    with connection.cursor() as cursor:
        cursor.execute(_CONFIRM, {"now": timezone.now(), "receipts": json.dumps(receipts)})
        rows = [_Line(*row) for row in cursor.fetchall()]
        cursor.execute(_KEEP_MESSAGE_IDS, [[row.effect for row in rows]])
    _touch(row.case for row in rows)
    _tell(rows, DELIVERED, actor)
    _record(Act.EFFECT_DELIVERED, rows, actor)


def _as_json(receipt: Receipt) -> dict[str, object]:
    return {"reference": receipt.reference, "at": receipt.at.isoformat(), "detail": receipt.detail}


def _refused(outcomes: dict[int, Outcome], actor: Actor) -> None:
    """Not done, and not without a person: the case counts as changed."""
    rows = _still_sending(outcomes)
    for row in rows:
        row.state = EffectState.FAILED
        _save(row, outcomes[row.pk])
    _touch((row.case_id for row in rows), version=F("version") + 1)
    lines = [_Line.of(row) for row in rows]
    _tell(lines, FAILED, actor)
    _record(Act.EFFECT_REFUSED, lines, actor)


def refused_after_all(row: Effect, actor: Actor) -> None:
    """What had counted as done was not: like a refusal, with the error that it holds. Its receipt stays.

    Call it with the case and the row locked.
    """
    row.state = EffectState.FAILED
    row.save(update_fields=["state", "error", "what_to_do"])
    _touch([row.case_id], version=F("version") + 1)
    _tell([_Line.of(row)], FAILED, actor)
    _record(Act.EFFECT_REFUSED, [_Line.of(row)], actor)


def _put_off(outcomes: dict[int, Outcome], actor: Actor) -> None:
    """Not done yet. Tried again by itself; the timeline tells of it once it takes long."""
    rows = _still_sending(outcomes)
    for row in rows:
        row.state = EffectState.DUE
        row.due_at = database_now() + _wait(row.attempts, outcomes[row.pk].error)
        _save(row, outcomes[row.pk])
    _touch(row.case_id for row in rows)
    _tell([_Line.of(row) for row in rows if row.attempts == TOLD_AT], DELAYED, actor)


def _touch(cases: Iterable[int], **more: object) -> None:
    """Let whoever keeps a copy find what changed. Pages that are open stay good: the version is the same."""
    Case.objects.filter(pk__in=set(cases)).update(updated_at=timezone.now(), **more)


def _wait(attempts: int, error: ConnectorError | None) -> timedelta:
    """As long as the other side asked for; otherwise twice as long each time."""
    if isinstance(error, TryLater) and error.after is not None:
        return error.after
    return min(SHORTEST_WAIT * int(2 ** min(attempts - 1, 20)), LONGEST_WAIT)


def _still_sending(outcomes: dict[int, Outcome]) -> list[Effect]:
    """Those whose attempt is still the last one: another courier may have taken one over."""
    rows = Effect.objects.select_for_update(of=("self",)).filter(pk__in=outcomes, state=EffectState.SENDING)
    keyring.remember_case_keys({one.effect.case_id for one in outcomes.values()})
    return [row for row in rows.order_by("pk") if row.attempts == outcomes[row.pk].effect.attempts]


def _save(row: Effect, outcome: Outcome) -> None:
    assert outcome.error is not None
    row.error, row.what_to_do = str(outcome.error), str(outcome.error.what_to_do)
    row.claimed_by = row.claimed_until = None
    row.save(update_fields=["state", "due_at", "error", "what_to_do", "claimed_by", "claimed_until"])


class _Line(NamedTuple):
    """What a line on the timeline speaks of."""

    effect: int
    case: int
    event: int

    @classmethod
    def of(cls, row: Effect) -> _Line:
        """The line about an effect."""
        return cls(row.pk, row.case_id, row.event_id)


def _tell(rows: Sequence[_Line], what: str, actor: Actor) -> None:
    """A line on the timeline for each effect, and a word to whoever looks at the case."""
    states = dict(Case.objects.filter(pk__in={row.case for row in rows}).values_list("pk", "state"))
    Event.objects.bulk_create(
        Event(
            case_id=row.case,
            kind=Event.Kind.EFFECT,
            step=what,
            actor_id=actor.id,
            from_state=states[row.case],
            to_state=states[row.case],
            data={"effect": row.effect, "event": row.event},
        )
        for row in rows
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify('tutela_live', json_build_object('case', id, 'version', version)::text)"
            " FROM cases_case WHERE id = ANY(%s)",
            [list(states)],
        )


def _record(act: Act, rows: Sequence[_Line], actor: Actor) -> None:
    """An entry in the audit log for each effect."""
    record_each(act, actor, [(row.case, {"effect": row.effect, "event": row.event}) for row in rows])


_KINDS: Final[Sequence[tuple[Callable[[Outcome], bool], _Writer]]] = (
    (lambda one: one.receipt is not None, _confirmed),
    (lambda one: isinstance(one.error, TryLater), _put_off),
    (lambda one: one.receipt is None and not isinstance(one.error, TryLater), _refused),
)
