"""Sealing: entries that wait become leaves, and a signed head stands over all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from tutela.core.crashpoint import crashpoint
from tutela.core.errors import TutelaError

from . import tree
from .anchors import anchors, hand_over
from .heads import Head, parse, signed_head, signing_key
from .models import HeadRow
from .sealed import AT_ONCE, as_sealer, ask, edge, unsealed

log = logging.getLogger(__name__)


class TreeBroken(TutelaError):
    """The stored tree is not the one that the last head was signed over, so nothing is added to it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one call sealed. `head` is the newest head, if there is any; `anchored` whether all hold it."""

    entries: int
    head: Head | None
    anchored: bool


def seal_and_anchor(at_once: int = AT_ONCE) -> Done:
    """Seal all that waits, with a head for each `at_once` entries, and give the heads to the anchors.

    May run any number of times, side by side. Raises `TreeBroken`, `AnchorFault` for a wrong setting.
    """
    to, entries = anchors(), 0
    while some := seal(at_once):
        entries += some
    crashpoint("audit.sealed")
    return Done(entries, newest_head(), hand_over(to))


def seal(most: int = AT_ONCE) -> int:
    """Seal up to `most` entries under one head. Returns how many there were."""
    with as_sealer():
        ask("SELECT pg_advisory_xact_lock(hashtext('tutela audit seal'))")
        waiting = unsealed(most)
        if waiting:
            _append(waiting)
    return len(waiting)


def _append(waiting: list[tuple[int, bytes]]) -> None:
    before = newest_head()
    growing = _goes_on_from(before)
    hashes = [tree.leaf_hash(data) for _entry_id, data in waiting]
    nodes = [node for one in hashes for node in growing.append(one)]
    key = signing_key(settings.AUDIT_KEY_FILE)
    head = signed_head(key, growing.size, growing.root(), before, timezone.now())
    ask(
        "SELECT tutela.audit_append(%s::bigint[], %s::bytea[], %s::smallint[], %s::bigint[], %s::bytea[],"
        " %s, %s, %s)",
        [entry_id for entry_id, _data in waiting],
        hashes,
        [level for level, _number, _hash in nodes],
        [number for _level, number, _hash in nodes],
        [one for _level, _number, one in nodes],
        head.number,
        head.size,
        head.text,
    )


def _goes_on_from(before: Head | None) -> tree.Growing:
    """The tree as it stands. A tampered one is not signed anew."""
    size = before.size if before else 0
    hashes = edge(size)
    growing = tree.Growing(size, hashes or [])
    if hashes is None or (before and growing.root().hex() != before.root):
        raise TreeBroken("The audit log was changed since its last head: run `tutela audit verify`.")
    return growing


def newest_head() -> Head | None:
    """The last head in the database."""
    row = HeadRow.objects.order_by("-number").first()
    return parse(row.text) if row else None
