"""The release log: what was released to whom, on what basis, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.forms.models import model_to_dict

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case
from tutela.core.cases.numbers import next_number
from tutela.core.people.actor import Actor

from .models import ReleaseEntry

PREFIX = "RL"
COUNTER = "release log"


def log(case: Case, actor: Actor, *, at: datetime, **what: Any) -> ReleaseEntry:
    """Enter a release of a case under the next number, in the transaction of the release itself."""
    entry = ReleaseEntry.objects.create(
        number=next_number(PREFIX, COUNTER),
        at=at,
        workflow=case.workflow,
        case_id=case.pk,
        case_reference=case.reference,
        team_id=case.team_id,
        restricted=case.restricted,
        minutes_from_receipt=max(0, (at - case.received_at) // timedelta(minutes=1)),
        is_test=case.is_test,
        **what,
    )
    record(Act.RELEASE_LOGGED, actor, case.pk, entry=entry.number)
    return entry


def correct(entry: ReleaseEntry, actor: Actor, reason: str, **changes: Any) -> ReleaseEntry:
    """Add a row that says what is right; the earlier row stays. Raises ValueError for a superseded one."""
    if ReleaseEntry.objects.filter(corrects=entry).exists():
        raise ValueError(f"{entry.number} was corrected already: correct the newest row.")
    kept = model_to_dict(entry, exclude=["id", "number", "corrects", "correction_reason", *_PEOPLE])
    people = {f"{name}_id": getattr(entry, f"{name}_id") for name in _PEOPLE}
    row = ReleaseEntry.objects.create(
        **{**kept, **people, **changes},
        number=next_number(PREFIX, COUNTER),
        corrects=entry,
        correction_reason=reason,
    )
    record(Act.RELEASE_LOGGED, actor, entry.case_id, entry=row.number, corrects=entry.number)
    return row


_PEOPLE: Sequence[str] = ("released_by", "call_back_by")


def entries() -> models.QuerySet[ReleaseEntry]:
    """The log as it reads now, the newest first: corrected rows are left out."""
    return ReleaseEntry.objects.filter(corrected_by=None).order_by("-at", "-id")


def entries_of(case: Case) -> models.QuerySet[ReleaseEntry]:
    """What was released on one case, the first one first, as it reads now."""
    return entries().filter(case_id=case.pk).order_by("at", "id")
