"""Who is acting. Every transaction names its actor, and row-level security reads the name.

With nobody named, the database shows nothing that hangs on a case.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connections, transaction

from .models import Staff
from .roles import SystemActor


@dataclass(frozen=True)
class Proof:
    """A second factor that a person showed: for what (see flow/fresh.py), when, and what it was."""

    subject: str
    at: datetime
    how: str


@dataclass(frozen=True)
class Actor:
    """One person or job at work through one surface.

    `via` is desk, api, cli, mail or system; `request_id` joins the audit entries of one request. `proof` is
    the second factor that they showed last; whoever is `excused` is not asked for one.
    """

    id: int
    name: str
    is_system: bool = False
    via: str = "system"
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    proof: Proof | None = field(default=None, compare=False)
    excused: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, staff: Staff, via: str) -> Actor:
        """The actor for a signed-in person or a token's holder."""
        return cls(staff.pk, staff.working_name, staff.is_system, via)


def system_actor(which: SystemActor) -> Actor:
    """The named job. Raises Staff.DoesNotExist before the first `tutela migrate`."""
    staff = Staff.objects.get(username=which.value)
    return Actor.of(staff, "system")


@contextmanager
def acting_as(actor: Actor, using: str = "default") -> Iterator[Actor]:
    """Open a transaction (or a savepoint) in which the database knows who acts.

    Nested calls restore the outer actor, so a step may do a part of its work as a job.
    """
    nested = connections[using].in_atomic_block
    with transaction.atomic(using=using):
        before = current_actor_id(using) if nested else ""
        _name(str(actor.id), using)
        token = _remembered.set({})
        try:
            yield actor
        finally:
            _remembered.reset(token)
        # Only a clean end of an inner part needs this: a commit and a rollback forget the actor.
        if nested:
            _name(before, using)


_remembered: ContextVar[dict[Any, Any] | None] = ContextVar("tutela_remembered", default=None)


def remembered() -> dict[Any, Any]:
    """What this actor was shown already in this transaction, for those who would ask again for each row.

    Empty with nobody named, and another one for each actor.
    """
    found = _remembered.get()
    return {} if found is None else found


def current_actor_id(using: str = "default") -> str:
    """The id that the database knows in this transaction, or an empty string."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_setting('tutela.actor', true)")
        return cursor.fetchone()[0] or ""


def _name(actor_id: str, using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config('tutela.actor', %s, true)", [actor_id])
