"""The one way to write an audit entry: in the transaction of what it records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tutela.core.people.actor import Actor

from .models import Act, Entry


def record(act: Act, actor: Actor, case_id: int | None = None, /, **detail: object) -> Entry:
    """Add an entry. `detail` takes ids and names of the declaration, never a person's words."""
    entry = _entry(act, actor, case_id, detail)
    entry.save()
    return entry


def record_each(act: Act, actor: Actor, details: Iterable[tuple[int | None, Mapping[str, object]]]) -> None:
    """Add an entry for each case and detail, in one statement."""
    Entry.objects.bulk_create([_entry(act, actor, case_id, detail) for case_id, detail in details])


def _entry(act: Act, actor: Actor, case_id: int | None, detail: Mapping[str, object]) -> Entry:
    return Entry(
        act=act,
        actor_id=actor.id,
        via=actor.via,
        request_id=actor.request_id,
        case_id=case_id,
        detail=_plain(detail),
    )


def _plain(detail: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in detail.items() if value not in (None, "")}
