"""Files in and out: sealed while they arrive, opened while they leave, removed when their case is destroyed.

The object comes first and the row after it, so a row never stands without its object. An object whose row
never came (a crash, a transaction that was taken back) is removed by `sweep()` a day later.
"""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.errors import BadData
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring
from tutela.core.vault.fields import is_erased
from tutela.core.vault.seals import Destroyed, NotGenuine, VaultError, new_key

from .models import File, Scan, address_of, object_name
from .store import store
from .stream import Sealer, unseal

if TYPE_CHECKING:
    from tutela.core.cases.models import Case

#: How long an upload may take until its case is told: what stands alone for longer is removed.
GRACE = timedelta(days=1)
AT_A_TIME = 500


class Draft:
    """A file that arrives: sealed piece by piece, in nobody's case yet. Drop it where it is not kept.

    Raises BadData once it is larger than `most` bytes, and what the store raises.
    """

    def __init__(self, most: int) -> None:
        self.uuid = uuid.uuid4()
        self.key = new_key()
        self.size = 0
        self._most = most
        self._hash = hashlib.sha256()
        self._sealer = Sealer(self.key, identity_of(self.uuid))
        self._writer = store().writer()
        self._is_kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.drop()

    def write(self, data: bytes) -> None:
        """Add bytes as they arrive."""
        self.size += len(data)
        if self.size > self._most:
            said = _("The file is too large. At most %(megabytes)s MB are taken.")
            said %= {"megabytes": self._most // 1_000_000}
            raise BadData(said, {"file": [said]})
        self._hash.update(data)
        for sealed in self._sealer.update(data):
            self._writer.write(sealed)

    def finish(self) -> None:
        """Seal the rest: all of it is here."""
        self._writer.write(self._sealer.finish())

    @property
    def sha256(self) -> bytes:
        """The hash of what arrived."""
        return self._hash.digest()

    def keep(self, name: str) -> None:
        """Put it into the store under its name. Once, although a transaction may be tried again."""
        if not self._is_kept:
            self._writer.keep(name)
            self._is_kept = True

    def drop(self) -> None:
        """Throw it away, unless it was kept."""
        if not self._is_kept:
            self._writer.drop()


def draft_of(pieces: Iterator[bytes], most: int) -> Draft:
    """A draft of what comes in pieces. Raises as `Draft` does; then nothing is left of it."""
    draft = Draft(most)
    try:
        for piece in pieces:
            draft.write(piece)
        draft.finish()
    except BaseException:
        draft.drop()
        raise
    return draft


def keep(case: Case, draft: Draft, name: str, content_type: str, actor: Actor) -> File:
    """Keep a finished draft as a file of a case, within a transaction of the actor. Raises VaultError.

    The same content is in a case once: the file that was there before is the answer then.
    """
    if earlier := _earlier(case, draft):
        return earlier
    address = address_of(draft.sha256, keyring.case_key(case.pk, to_seal=True))
    kept_as = object_name(address, draft.uuid)
    draft.keep(kept_as)
    try:
        with transaction.atomic():
            row = File.objects.create(
                case=case,
                uuid=draft.uuid,
                address=address,
                key=draft.key,
                name=name[:300],
                sha256=draft.sha256,
                content_type=content_type[:200],
                size=draft.size,
                added_by_id=actor.id,
            )
            Scan.objects.create(file=row)
            return row
    except IntegrityError:  # somebody added the same at the same time
        earlier = _earlier(case, draft)
        if earlier is None:
            raise
        store().remove(kept_as)
        return earlier


def _earlier(case: Case, draft: Draft) -> File | None:
    """The file of that content, if the case has it. Locked, so that no sweep takes it meanwhile.

    Found by its size and its hash, not by its address: the case may have had another key then.
    """
    for earlier in case.files.select_for_update(of=("self",)).filter(size=draft.size).order_by("id"):
        if bytes(earlier.sha256) == draft.sha256:
            earlier.added_at = timezone.now()  # its grace begins anew
            earlier.save(update_fields=["added_at"])
            return earlier
    return None


@dataclass(frozen=True)
class Opened:
    """A file that leaves: its size in bytes, and its chunks, of which the first is known to be genuine."""

    size: int
    chunks: Iterator[bytes]


def read(file: File) -> Opened:
    """Open a file for whoever acts now. Its chunks need no transaction, and the memory of two of them.

    Raises Destroyed where the key of the case was destroyed, NotGenuine where the object was changed, and
    VaultError where it is missing. What is wrong further on is raised by the chunks, before the last one.
    """
    key = file.key
    if is_erased(key) or file.gone_at:
        raise Destroyed(_("The key of this case was destroyed; what it sealed is gone."))
    try:
        source = store().open(file.object_name)
    except FileNotFoundError:
        raise VaultError(_("The file is not in its store. Bring it back from a backup.")) from None

    def chunks() -> Iterator[bytes]:
        with closing(source):
            yield from unseal(source, bytes(key), identity_of(file.uuid))

    whole = chunks()
    return Opened(file.size, itertools.chain([next(whole)], whole))


def check(file: File) -> None:
    """Read a whole file and compare it with its hash. Raises VaultError."""
    digest = hashlib.sha256()
    for chunk in read(file).chunks:
        digest.update(chunk)
    if digest.digest() != bytes(file.sha256):
        raise NotGenuine(_("The file is not what was kept: its hash is another one."))


def destroy(case_id: int) -> int:
    """Remove the files of a case, within a transaction of somebody who sees it. For disposal.

    The rows stay as tombstones. The objects go once the transaction is committed; what is left of them after
    a crash goes with the next sweep. Returns how many files there were.
    """
    files = list(File.objects.filter(case_id=case_id, gone_at=None))
    File.objects.filter(pk__in=[one.pk for one in files]).update(gone_at=timezone.now())
    names = [one.object_name for one in files]
    transaction.on_commit(lambda: _remove(names), robust=True)
    return len(files)


def _remove(names: list[str]) -> None:
    for name in names:
        store().remove(name)


def sweep(grace: timedelta = GRACE) -> int:
    """Remove what is nobody's for longer than `grace`. Returns how many objects that were.

    Files that no exhibit took, objects without a row or of destroyed cases, and what was begun and left.
    """
    before = timezone.now() - grace
    _forget_unused(before)
    removed = store().tidy(before)
    old = (one.name for one in store().objects() if one.since < before)
    while names := list(itertools.islice(old, AT_A_TIME)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT tutela.files_of_nobody(%s)", [names])
            of_nobody = [name for (name,) in cursor.fetchall()]
        for name in of_nobody:
            store().remove(name)
        removed += len(of_nobody)
    return removed


def _forget_unused(before: datetime) -> None:
    unused = File.objects.filter(exhibits=None, gone_at=None, added_at__lt=before)
    with acting_as(system_actor(SystemActor.KEYS)):
        numbers = list(unused.values_list("pk", flat=True))
    for number in numbers:
        with acting_as(system_actor(SystemActor.KEYS)):
            # An exhibit that comes meanwhile waits for this lock, or has the file's row locked before us.
            row = File.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=number).first()
            if row is not None and row.added_at < before and not row.exhibits.exists():
                row.delete()


def identity_of(number: uuid.UUID) -> str:
    """What the chunks of a file are bound to."""
    return f"file {number.hex}"
