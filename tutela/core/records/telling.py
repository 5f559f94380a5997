"""Writes on the timeline of a case what was decided about its keeping."""

from __future__ import annotations

from collections.abc import Mapping

from tutela.core.cases.models import Case, Event
from tutela.core.flow.perform import notify
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor


def tell(case_id: int, step: str, staff_id: int, data: Mapping[str, str]) -> None:
    """Add an event in a person's name. Done as a job, as it changes nothing of the case's way."""
    with acting_as(system_actor(SystemActor.RECORDS)):
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
        case.version += 1
        case.updated_at = event.at
        case.save(update_fields=["version", "updated_at"])
        notify("tutela_live", {"case": case.pk, "version": case.version})
