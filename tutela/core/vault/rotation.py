"""A new key at one layer, while people work.

Making a new key only makes it the one for what comes. `finish()` then wraps again, in small
transactions, what older keys wrapped (of a case: seals again what the older one sealed), and takes up
where it was stopped; it runs as an hourly chore too. An older key is destroyed when nothing needs it,
and never sooner than an hour after it was replaced: a transaction that still used it has long ended then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case
from tutela.core.errors import NotFound, TryLater
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.roles import SystemActor

from . import keyring, older, sealing_again
from .models import CaseKey, IndexKey, IntakeKey, WorkflowKey
from .providers import provider
from .seals import Destroyed, NotGenuine, seal

BATCH = 200
GRACE = timedelta(hours=1)


@dataclass(frozen=True)
class Finished:
    """What `finish()` did: keys wrapped again, older keys destroyed, values sealed or hashed again."""

    wrapped: int
    destroyed: tuple[str, ...]
    sealed: int = 0
    hashed: int = 0


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


def renew_index_key(actor: Actor) -> str:
    """Make a new key for the hashes of sealed values, and destroy the older one. Returns its name.

    `finish()` writes the hashes anew. Until then, those of either key are equal only among themselves.
    """
    with transaction.atomic():
        IndexKey.objects.filter(retired_at=None).update(retired_at=timezone.now(), wrapped=b"")
        new = keyring.new_index_key()
        new.save()
    keyring.forget()
    _record(actor, layer="index", key=new.pk)
    return str(new)


def renew_case_key(reference: str, actor: Actor) -> str:
    """Make a new key for one case. Returns its name. `finish()` does the rest.

    A person must see the case; the operator of the machine need not. Raises NotFound, Destroyed, and
    TryLater while an earlier renewal of it is not finished.
    """
    keeper = system_actor(SystemActor.KEYS)
    seer = keeper if actor.is_system else actor
    with acting_as(seer):
        number = Case.objects.filter(reference=reference).values_list("pk", flat=True).first()
    with acting_as(keeper):
        row = CaseKey.objects.select_for_update(of=("self",)).filter(pk=number).first()
        if row is None:
            raise NotFound(_("There is no such case, or it is not yours to see."))
        if row.destroyed_at:
            raise Destroyed(_("The key of this case was destroyed; what it sealed is gone."))
        if row.replaced_at:
            raise TryLater(_("The key of this case was renewed a moment ago. Try again in an hour."))
        keyring.replace(row)
        _record(seer, row.pk, layer="case", by=actor.id)
    return str(row)


def finish(grace: timedelta = GRACE) -> Finished:
    """Wrap again what older keys wrapped, and destroy the older keys that nothing needs any more.

    A key that was damaged is left as it is, and so is what it needs; all others are tended before its error
    is raised.
    """
    damaged: list[NotGenuine] = []
    wrapped = _wrap_rows(
        WorkflowKey.objects.exclude(wrapped=b""), lambda row: keyring.workflow_place(row.workflow)
    )
    wrapped += _wrap_rows(IntakeKey.objects.exclude(wrapped=b""), lambda _row: keyring.INTAKE_PLACE)
    wrapped += _wrap_rows(IndexKey.objects.exclude(wrapped=b""), lambda _row: keyring.INDEX_PLACE)
    after = 0
    while rows := _some_cases(after):
        wrapped += _wrap_cases(rows, damaged)
        after = rows[-1]
    before = timezone.now() - grace
    sealed, destroyed = _finish_cases(before, damaged)
    destroyed += [*_destroy_workflow_keys(before), *_destroy_intake_keys(before)]
    destroyed += provider().drop_older(before)
    keyring.forget()
    indexed = older.index_older()
    for error in damaged:
        raise error
    return Finished(wrapped, tuple(destroyed), sealed, indexed)


def _finish_cases(before: datetime, damaged: list[NotGenuine]) -> tuple[int, list[str]]:
    """Seal again what replaced keys of cases sealed; drop those that were replaced before that time."""
    sealed, dropped = 0, []
    with acting_as(system_actor(SystemActor.KEYS)):
        waiting = list(CaseKey.objects.filter(replaced_at__isnull=False).order_by("pk"))
    for row in waiting:
        try:
            while some := sealing_again.seal_again(row.pk):
                sealed += some
        except NotGenuine as error:
            damaged.append(error)
            continue
        # Whoever still sealed with it has ended long before the pass that has just found nothing.
        if row.replaced_at and row.replaced_at < before and _drop_older_of(row):
            dropped.append(keyring.older_place(row.pk))
    return sealed, dropped


def _drop_older_of(row: CaseKey) -> bool:
    with acting_as(system_actor(SystemActor.KEYS)):
        same = CaseKey.objects.filter(pk=row.pk, replaced_at=row.replaced_at)
        return bool(same.update(older=b"", replaced_at=None))


def _record(actor: Actor, case_id: int | None = None, **detail: object) -> None:
    with acting_as(actor):
        record(Act.KEY_RENEWED, actor, case_id, **detail)


def _wrap_rows(rows: QuerySet[Any], place: Callable[[Any], str]) -> int:
    done = 0
    for number in rows.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = rows.select_for_update().filter(pk=number).first()
            if row is None or provider().is_newest(bytes(row.wrapped), place(row)):
                continue
            row.wrapped = provider().wrap(provider().unwrap(bytes(row.wrapped), place(row)), place(row))
            row.save(update_fields=["wrapped"])
            done += 1
    return done


def _to_wrap() -> QuerySet[CaseKey]:
    return CaseKey.objects.filter(destroyed_at=None).exclude(workflow_key__retired_at=None)


def _some_cases(after: int) -> list[int]:
    with acting_as(system_actor(SystemActor.KEYS)):
        return list(_to_wrap().filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])


def _wrap_cases(numbers: list[int], damaged: list[NotGenuine]) -> int:
    with acting_as(system_actor(SystemActor.KEYS)):
        waiting = _to_wrap().filter(pk__in=numbers).select_related("workflow_key")
        rows = []
        for row in waiting.select_for_update(of=("self",), skip_locked=True).order_by("pk"):
            try:
                key, older = keyring.both_keys(row)
            except NotGenuine as error:
                damaged.append(error)
                continue
            rows.append(row)
            row.workflow_key = keyring.current_workflow_key(row.workflow_key.workflow)
            above = keyring.workflow_key(row.workflow_key_id)
            row.wrapped = seal(above, key, keyring.case_place(row.pk))
            row.older = seal(above, older, keyring.older_place(row.pk)) if older else b""
        CaseKey.objects.bulk_update(rows, ["wrapped", "older", "workflow_key"])
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
