"""A new key at one layer, while people work.

Making a new key only makes it the one for what comes. `finish()` then wraps again, in small
transactions, what older keys wrapped, and takes up where it was stopped; it runs as an hourly chore
too. An older key is destroyed when nothing needs it, and never sooner than an hour after it was
replaced: a transaction that still used it has long ended then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.roles import SystemActor

from . import keyring
from .models import CaseKey, IntakeKey, WorkflowKey
from .providers import provider
from .seals import seal, unseal

BATCH = 200
GRACE = timedelta(hours=1)


@dataclass(frozen=True)
class Finished:
    """What `finish()` did: how many keys it wrapped again, and which older keys it destroyed."""

    wrapped: int
    destroyed: tuple[str, ...]


def renew_provider_key(actor: Actor) -> str:
    """Make a new key-encryption key. Returns its name. `finish()` does the rest."""
    name = provider().renew()
    _record(actor, layer="provider", key=name)
    return name


def renew_workflow_key(workflow: str, actor: Actor) -> str:
    """Make a new key for the cases of a workflow. Returns its name. `finish()` does the rest."""
    old = keyring.current_workflow_key(workflow)
    with transaction.atomic():
        WorkflowKey.objects.filter(pk=old.pk, retired_at=None).update(retired_at=timezone.now())
        new = keyring.current_workflow_key(workflow)
    _record(actor, layer="workflow", workflow=workflow, key=new.pk)
    return str(new)


def renew_intake_key(actor: Actor) -> str:
    """Make a new pair for the intake. Returns its name. `finish()` does the rest."""
    with transaction.atomic():
        IntakeKey.objects.filter(retired_at=None).update(retired_at=timezone.now())
        new = keyring.new_intake_key()
        new.save()
    keyring.forget()
    _record(actor, layer="intake", key=new.pk)
    return str(new)


def finish(grace: timedelta = GRACE) -> Finished:
    """Wrap again what older keys wrapped, and destroy the older keys that nothing needs any more."""
    wrapped = _wrap_rows(
        WorkflowKey.objects.exclude(wrapped=b""), lambda row: keyring.workflow_place(row.workflow)
    )
    wrapped += _wrap_rows(IntakeKey.objects.exclude(wrapped=b""), lambda _row: keyring.INTAKE_PLACE)
    while some := _wrap_some_cases():
        wrapped += some
    before = timezone.now() - grace
    destroyed = [*_destroy_workflow_keys(before), *_destroy_intake_keys(before)]
    destroyed += provider().drop_older(before)
    keyring.forget()
    return Finished(wrapped, tuple(destroyed))


def _record(actor: Actor, **detail: object) -> None:
    with acting_as(actor):
        record(Act.KEY_RENEWED, actor, **detail)


def _wrap_rows(rows: QuerySet[Any], place: Callable[[Any], str]) -> int:
    done = 0
    for number in rows.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = rows.select_for_update().filter(pk=number).first()
            if row is None or provider().is_newest(bytes(row.wrapped)):
                continue
            row.wrapped = provider().wrap(provider().unwrap(bytes(row.wrapped), place(row)), place(row))
            row.save(update_fields=["wrapped"])
            done += 1
    return done


def _wrap_some_cases() -> int:
    with acting_as(system_actor(SystemActor.KEYS)):
        waiting = CaseKey.objects.filter(destroyed_at=None).exclude(workflow_key__retired_at=None)
        locked = waiting.select_related("workflow_key").select_for_update(of=("self",), skip_locked=True)
        rows = list(locked.order_by("pk")[:BATCH])
        for row in rows:
            place = keyring.case_place(row.pk)
            key = unseal(keyring.workflow_key(row.workflow_key_id), bytes(row.wrapped), place)
            row.workflow_key = keyring.current_workflow_key(row.workflow_key.workflow)
            row.wrapped = seal(keyring.workflow_key(row.workflow_key_id), key, place)
        CaseKey.objects.bulk_update(rows, ["wrapped", "workflow_key"])
    return len(rows)


def _destroy_workflow_keys(before: datetime) -> list[str]:
    old = WorkflowKey.objects.filter(retired_at__lt=before).exclude(wrapped=b"")
    return _destroy(old, "SELECT tutela.workflow_key_is_needed(%s)")


def _destroy_intake_keys(before: datetime) -> list[str]:
    old = IntakeKey.objects.filter(retired_at__lt=before).exclude(wrapped=b"")
    return _destroy(old, "SELECT tutela.intake_key_is_needed(%s)")


def _destroy(rows: QuerySet[Any], is_needed: str) -> list[str]:
    names = []
    for row in rows.order_by("pk"):
        # The database itself looks: row-level security would hide a case that still needs the key.
        with connection.cursor() as cursor:
            cursor.execute(is_needed, [row.pk])
            needed = cursor.fetchone()[0]
        if not needed:
            row.wrapped = b""
            row.save(update_fields=["wrapped"])
            names.append(str(row))
    return names
