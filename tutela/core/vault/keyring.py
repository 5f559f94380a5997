"""The keys in use. Unwrapped ones stay in this process for minutes and are never written.

A key of a case is read through row-level security: who may not see the case gets no key either.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from django.db import connection, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound
from tutela.core.people.actor import Actor, acting_as, remembered

from .models import CaseKey, IndexKey, IntakeKey, WorkflowKey
from .providers import provider
from .seals import Destroyed, NotGenuine, Unavailable, new_key, seal, unseal

#: How long an unwrapped key stays in this process, in seconds.
KEPT_FOR = 300.0


class _Kept:
    """Unwrapped keys of this process, each until its time is over."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, int], tuple[float, bytes]] = {}

    def get(self, kind: str, number: int) -> bytes | None:
        until, key = self._keys.get((kind, number), (0.0, b""))
        return key if monotonic() < until else None

    def put(self, kind: str, number: int, key: bytes) -> bytes:
        self._keys[kind, number] = (monotonic() + KEPT_FOR, key)
        return key

    def forget(self) -> None:
        self._keys.clear()


_kept = _Kept()
forget = _kept.forget


def case_key(case_id: int, *, to_seal: bool = False) -> bytes:
    """The key of a case, made when this is the first thing to be sealed on it.

    Raises Unavailable (also where the acting person does not see the case) and Destroyed.
    """
    held = remembered().get(case_place(case_id))
    # What is sealed must never outlive its key: a row that was made, or seen, within a savepoint that was
    # taken back may be gone, so whoever seals then looks again.
    if held is None or (to_seal and not held.is_sure()):
        held = _remember(CaseKey.objects.filter(pk=case_id).first() or _make_case_key(case_id))
    if held.key is None:
        raise Destroyed(_("The key of this case was destroyed; what it sealed is gone."))
    return held.key


def remember_case_keys(cases: Collection[int]) -> None:
    """Read the keys of several cases in one query, for whoever goes through their rows next."""
    known = remembered()
    asked = [case for case in cases if case_place(case) not in known]
    for row in CaseKey.objects.filter(pk__in=asked) if asked else ():
        _remember(row)


def erase(case_id: int, actor: Actor, why: str) -> None:
    """Destroy the key of a case and of its reports: nothing that they sealed opens ever again.

    What is left is a tombstone: when, by whom, why. For disposal; a second time changes nothing. Copies
    of the wrapped key in backups die with the workflow's key: see `rotation.renew_workflow_key`.

    Raises NotFound where there is no such case or the actor does not see it.
    """
    from tutela.core.cases.models import Case

    from . import report_keys

    with acting_as(actor):
        case = Case.objects.select_for_update(of=("self",), no_key=True).filter(pk=case_id).first()
        if case is None:
            raise NotFound(_("There is no such case, or it is not yours to see."))
        row = CaseKey.objects.select_for_update().filter(pk=case_id).first() or _make_case_key(case_id)
        if row.destroyed_at:
            return
        reports = case.reports.exclude(key=None).update(key=report_keys.destroyed(case_id))
        case.reports.update(sender_index=b"")
        case.messages.update(for_reporter=None)
        row.wrapped, row.older, row.replaced_at = b"", b"", None
        row.destroyed_at, row.destroyed_by_id, row.destroyed_why = timezone.now(), actor.id, why
        row.save()
        remembered().clear()
        record(Act.KEY_DESTROYED, actor, case_id, reports=reports)


def open_with(key: bytes, sealed: bytes, place: str) -> bytes:
    """What was sealed with a key that was asked for in this transaction. Raises NotGenuine.

    Where that is the key of a case which was renewed meanwhile, the value may need the other one: rows and
    keys are not read at the same moment, and what the older one sealed is sealed again row by row.
    """
    try:
        return unseal(key, sealed, place)
    except NotGenuine:
        case_id = remembered().get(_OfKey(key))
        if case_id is None:
            raise
        for other in _keys_of(case_id) - {key}:
            try:
                return unseal(other, sealed, place)
            except NotGenuine:
                continue
        raise


@dataclass(frozen=True)
class _OfKey:
    """Under this a transaction remembers whose a key is."""

    key: bytes


def _keys_of(case_id: int) -> set[bytes]:
    """The key of a case and the one that it replaced, as they are now."""
    row = CaseKey.objects.filter(pk=case_id, destroyed_at=None).first()
    return set() if row is None else {one for one in both_keys(row) if one}


def both_keys(row: CaseKey) -> tuple[bytes, bytes]:
    """The key of a case, and the one that it replaced; empty where that is gone. Raises VaultError."""
    above = workflow_key(row.workflow_key_id)
    older = unseal(above, bytes(row.older), older_place(row.pk)) if row.older else b""
    return unseal(above, bytes(row.wrapped), case_place(row.pk)), older


def replace(row: CaseKey) -> None:
    """Give a case another key, and keep the one that it replaces beside it. Raises VaultError."""
    old, _older = both_keys(row)
    row.workflow_key = current_workflow_key(row.workflow_key.workflow)
    above = workflow_key(row.workflow_key_id)
    row.wrapped = seal(above, new_key(), case_place(row.pk))
    row.older = seal(above, old, older_place(row.pk))
    row.replaced_at = timezone.now()
    row.save(update_fields=["wrapped", "older", "replaced_at", "workflow_key"])


@dataclass(frozen=True)
class _Held:
    """A case's key as this transaction knows it; `key` is None where it was destroyed."""

    key: bytes | None
    savepoints: tuple[str | None, ...]

    def is_sure(self) -> bool:
        """Whether no savepoint was taken back since, with which the key's row might have gone."""
        return tuple(connection.savepoint_ids[: len(self.savepoints)]) == self.savepoints


def _remember(row: CaseKey) -> _Held:
    key = (
        None
        if row.destroyed_at
        else unseal(workflow_key(row.workflow_key_id), bytes(row.wrapped), case_place(row.pk))
    )
    held = remembered()[case_place(row.pk)] = _Held(key, tuple(connection.savepoint_ids))
    if key is not None:
        remembered()[_OfKey(key)] = row.pk
    return held


def case_place(case_id: int) -> str:
    """What the wrapped key of a case is bound to."""
    return f"key of case {case_id}"


def older_place(case_id: int) -> str:
    """What the wrapped key is bound to that a case's key replaced."""
    return f"older key of case {case_id}"


def workflow_place(workflow: str) -> str:
    """What the wrapped key of a workflow is bound to."""
    return f"key of workflow {workflow}"


INTAKE_PLACE = "intake key"
INDEX_PLACE = "index key"


def _make_case_key(case_id: int) -> CaseKey:
    from tutela.core.cases.models import Case

    workflow = Case.objects.filter(pk=case_id).values_list("workflow", flat=True).first()
    if workflow is None:
        raise Unavailable("There is no such case, or it is not yours to see.")
    above = current_workflow_key(workflow)
    wrapped = seal(workflow_key(above.pk), new_key(), case_place(case_id))
    row, _made = CaseKey.objects.get_or_create(
        case_id=case_id, defaults={"workflow_key": above, "wrapped": wrapped}
    )
    return row


def current_workflow_key(workflow: str) -> WorkflowKey:
    """The row of the key with which new cases of a workflow are wrapped; made at the first case."""
    found = WorkflowKey.objects.filter(workflow=workflow, retired_at=None).first()
    return found or _add_workflow_key(workflow)


def _add_workflow_key(workflow: str) -> WorkflowKey:
    wrapped = provider().wrap(new_key(), workflow_place(workflow))
    with transaction.atomic():
        # Two first cases at once: one of the keys stays, by the constraint.
        WorkflowKey.objects.bulk_create(
            [WorkflowKey(workflow=workflow, wrapped=wrapped)], ignore_conflicts=True
        )
        return WorkflowKey.objects.get(workflow=workflow, retired_at=None)


def workflow_key(number: int) -> bytes:
    """A workflow's key by the id of its row."""
    if kept := _kept.get("workflow", number):
        return kept
    row = WorkflowKey.objects.get(pk=number)
    return _kept.put("workflow", number, provider().unwrap(bytes(row.wrapped), workflow_place(row.workflow)))


def index_key() -> tuple[int, bytes]:
    """The number and the key of the hashes by which sealed values are looked up. Raises Unavailable."""
    number = int.from_bytes(_kept.get("index now", 0) or b"")
    key = _kept.get("index", number) if number else None
    if key is None:
        row = IndexKey.objects.filter(retired_at=None).first()
        if row is None:
            raise Unavailable("There is no index key. Run `tutela prepare`.")
        number = row.pk
        key = _kept.put("index", number, provider().unwrap(bytes(row.wrapped), INDEX_PLACE))
        _kept.put("index now", 0, number.to_bytes(8))
    return number, key


def new_index_key() -> IndexKey:
    """A new one, not saved yet."""
    return IndexKey(wrapped=provider().wrap(new_key(), INDEX_PLACE))


@dataclass(frozen=True)
class PublicKey:
    """The public half of an intake key, and its number."""

    number: int
    key: X25519PublicKey


def intake_public_key(using: str = "default") -> PublicKey:
    """The key that doors seal to now. Asks the database once in a while; any login may."""
    number = int.from_bytes(_kept.get("intake now", 0) or b"")
    if not number or (public := _kept.get("public", number)) is None:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT number, public FROM tutela.intake_key()")
            found = cursor.fetchone()
        if found is None:
            raise Unavailable("There is no intake key. Run `tutela prepare`.")
        number, public = found[0], bytes(found[1])
        _kept.put("intake now", 0, number.to_bytes(8))
        _kept.put("public", number, public)
    return PublicKey(number, X25519PublicKey.from_public_bytes(public))


def intake_private_key(number: int) -> X25519PrivateKey:
    """The private half. Raises Unavailable where it was destroyed or the provider is away."""
    raw = _kept.get("private", number)
    if raw is None:
        row = IntakeKey.objects.filter(pk=number).first()
        if row is None:
            raise Unavailable(f"The intake key {number} is not in the database.")
        raw = _kept.put("private", number, provider().unwrap(bytes(row.wrapped), INTAKE_PLACE))
    return X25519PrivateKey.from_private_bytes(raw)


def new_intake_key() -> IntakeKey:
    """A new pair, not saved yet."""
    private = X25519PrivateKey.generate()
    return IntakeKey(
        public=private.public_key().public_bytes_raw(),
        wrapped=provider().wrap(private.private_bytes_raw(), INTAKE_PLACE),
    )
