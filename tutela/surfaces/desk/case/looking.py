"""Looks are recorded like acts; and who else has the case open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from tutela.core.audit.models import Act, Entry
from tutela.core.audit.record import record
from tutela.core.cases.models import PRESENCE_ENDS_AFTER, Presence
from tutela.core.kept import kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from tutela.core.access.models import Glass
    from tutela.core.cases.models import Case
    from tutela.core.people.actor import Actor

#: A person who stays on a case looks once, not at every reload.
ONE_LOOK = timedelta(minutes=10)


def looked(case: Case, actor: Actor, glasses: Iterable[Glass]) -> None:
    """Record a look at a restricted case or by break-glass, unless the same person looked minutes ago.

    `glasses` are the openings of the case that have not ended.
    """
    glass = max((one for one in glasses if one.staff_id == actor.id), key=lambda one: one.pk, default=None)
    if not case.restricted and glass is None:
        return
    since = timezone.now() - ONE_LOOK
    if not _lately(case.pk, actor.id, max(since, glass.opened_at) if glass else since):
        record(Act.CASE_LOOKED, actor, case.pk)


@kept
def _lately(case: int, actor: int, since: datetime) -> QuerySet[Entry, int]:
    looks = Entry.objects.filter(
        ~Q(detail__has_key="at"),  # a look at a register beside the case is not one at the case
        case_id=case,
        actor_id=actor,
        act=Act.CASE_LOOKED,
        at__gt=since,
    )
    return looks.values_list("pk", flat=True)[:1]


def be_here(case: Case, actor: Actor) -> None:
    """Say that somebody has the case open now."""
    Presence.objects.bulk_create(
        [Presence(case=case, staff_id=actor.id, seen_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["case", "staff"],
        update_fields=["seen_at"],
    )


def others_here(case: Case, actor: Actor) -> list[str]:
    """The working names of the others who have the case open now."""
    return _others(case.pk, timezone.now() - PRESENCE_ENDS_AFTER, actor.id)


@kept
def _others(case: int, since: datetime, me: int) -> QuerySet[Presence, str]:
    here = Presence.objects.filter(case=case, seen_at__gt=since).exclude(staff=me)
    return here.order_by("staff__working_name").values_list("staff__working_name", flat=True)
