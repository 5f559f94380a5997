"""Writes on the timeline of a case what happened beside its way: openings, conflicts, legal holds.

No step is taken and no state changes, so it does not pass `perform()`; it is written as a job, in the name of
whoever did it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tutela.core.cases.models import Case, Event
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from .context import Wish
from .perform import notify, queue_effects


def tell_beside(
    case_id: int,
    step: str,
    staff_id: int,
    data: Mapping[str, Any],
    notices: Sequence[Wish] = (),
    *,
    job: SystemActor = SystemActor.CLOCK,
    out_of_hands_of: int | None = None,
) -> None:
    """Write an event in a person's name and queue its notices, within the transaction of whoever asks.

    With `out_of_hands_of`, the case is nobody's afterwards if it was in that person's hands.
    """
    with acting_as(system_actor(job)):
        case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)
        event = Event.objects.create(
            case=case,
            kind=Event.Kind.ACCESS,
            step=step,
            actor_id=staff_id,
            from_state=case.state,
            to_state=case.state,
            data=dict(data),
        )
        queue_effects(case, event, notices)
        if out_of_hands_of is not None and case.assignee_id == out_of_hands_of:
            case.assignee_id = case.assigned_at = None
        case.version += 1
        case.updated_at = event.at
        case.save(update_fields=["version", "updated_at", "assignee", "assigned_at"])
        notify("tutela_live", {"case": case.pk, "version": case.version})
