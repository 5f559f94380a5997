"""Everything that is stored, against itself and against the heads that the anchors hold.

The rules, in the order in which they name a fault: an anchor's list of leaves is what the entries must be;
without it, the stored leaves are. The tree that results must have, at the size of every head, its root.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import itemgetter

from django.conf import settings
from django.db import transaction

from tutela.core.errors import NotFound

from . import tree
from .anchors import Anchor, Leaf
from .heads import NONE, BadHead, Head, parse, public_text, signing_key
from .models import Anchored, HeadRow
from .sealed import Sealed, as_sealer, ask, edge, heads_since, of_case, sealed_since, subtrees

#: Faults beyond this many are counted and not told.
TOLD = 20


class What(StrEnum):
    """What happened to an entry, or to what proves it."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    #: Somewhere between two heads; which entry cannot be told from heads alone.
    REWRITTEN = "rewritten"
    TREE = "tree"
    HEAD = "head"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `number` is the place of the entry in the log, counted from 0."""

    what: What
    sentence: str
    entry: int | None = None
    number: int | None = None


@dataclass(slots=True)
class Report:
    """What was looked at and what is wrong. `anchored` says up to which head each anchor goes."""

    entries: int = 0
    heads: int = 0
    unsealed: int = 0
    anchored: dict[str, int] = field(default_factory=dict)
    #: Up to which head each anchor was served that only its owner can read.
    handed: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def fault(self, what: What, sentence: str, entry: int | None = None, number: int | None = None) -> None:
        """Add a fault."""
        if len(self.faults) < TOLD:
            self.faults.append(Fault(what, sentence, entry, number))
        else:
            self.more_faults += 1


def verify(to: Sequence[Anchor], since: int = 0, keys: Collection[str] = ()) -> Report:
    """Verify the whole log, or what came after the anchored head `since`.

    `keys` are the public keys that may have signed; without, the log's own. Raises `NotFound` when no
    anchor holds `since`. Not within another transaction: it looks at one state of the database.
    """
    trusted = frozenset(keys) or {public_text(signing_key(settings.AUDIT_KEY_FILE))}
    read = [one for one in to if one.reads_back]
    # The anchors first: what they hold by now, the database must hold when we look at it.
    newest = {one.name: head for one in read if (head := one.newest())}
    with transaction.atomic():
        ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with as_sealer():
            report = _Verification(read, newest, since, trusted).run()
            given = Anchored.objects.filter(name__in=[one.name for one in to if not one.reads_back])
            report.handed = dict(given.values_list("name", "upto"))
            return report


class _Verification:
    def __init__(
        self, to: Sequence[Anchor], newest: dict[str, Head], since: int, trusted: Collection[str]
    ) -> None:
        self._anchors = to
        self._of_all = {one.name for one in to if not one.every}
        self._newest = newest
        self._trusted = trusted
        self._since = since
        self.report = Report(anchored={one.name: 0 for one in to} | {n: h.number for n, h in newest.items()})
        self._before: Head | None = self._start() if since else None
        self._leaves = _Leaves(
            to, self.report, self._before, max((h.size for h in newest.values()), default=0)
        )

    def _start(self) -> Head:
        for anchor in self._anchors:
            for head in anchor.heads():
                if head.number == self._since:
                    return head
        raise NotFound(f"No anchor holds head {self._since}.")

    def run(self) -> Report:
        if self._before:
            self._trust(self._before, "an anchor")
        everywhere = heapq.merge(self._stored(), *map(self._held, self._anchors), key=itemgetter(0))
        for number, some in groupby(everywhere, key=itemgetter(0)):
            if number > self._since:
                self._look_at(number, {where: head for _number, where, head in some})
        self._leaves.go_on(None)
        self._strays()
        self.report.faults.sort(key=lambda one: one.number is None and one.entry is None)  # entries first
        return self.report

    def _stored(self) -> Iterator[tuple[int, str, Head | None]]:
        for row in heads_since(self._since + 1):
            yield row.number, "", _read(row)

    def _held(self, anchor: Anchor) -> Iterator[tuple[int, str, Head | None]]:
        last = self._newest.get(anchor.name)
        number = 0
        for head in anchor.heads() if last else ():
            if head.number <= number:
                self.report.fault(
                    What.ANCHOR, f"{anchor.name} holds head {head.number} after head {number}: two histories."
                )
                continue
            number = head.number
            yield number, anchor.name, head
            if head == last:
                return

    def _look_at(self, number: int, found: dict[str, Head | None]) -> None:
        """One head, as the database ("") and the anchors have it. An anchor's word counts for more."""
        self.report.heads += 1
        held = {where: head for where, head in found.items() if where and head}
        stored = found.get("")
        if stored is None:
            said = "is not in the database" if "" not in found else "is unreadable in the database"
            also = f", and {next(iter(held))} holds it" if held else ""
            self.report.fault(What.HEAD, f"Head {number} {said}{also}.")
        for where, head in held.items():
            if stored and head != stored:
                self.report.fault(
                    What.HEAD, f"Head {number} in the database is not the one that {where} holds."
                )
        for name, newest in self._newest.items():
            if number <= newest.number and name not in held and name in self._of_all:
                self.report.fault(What.ANCHOR, f"{name} holds later heads, and not head {number}.")
        heads = [*held.items(), *([("the database", stored)] if stored else [])]
        if heads:
            self._follow(*heads[0])

    def _follow(self, where: str, head: Head) -> None:
        self._trust(head, where)
        before = self._before
        if head.previous != (before.digest if before else NONE) or head.size <= (
            before.size if before else 0
        ):
            self.report.fault(What.HEAD, f"Head {head.number} does not follow the one before it.")
        self._before = head
        self._leaves.go_on(head)

    def _trust(self, head: Head, where: str) -> None:
        if head.key not in self._trusted:
            self.report.fault(What.HEAD, f"Head {head.number} of {where} names a key that is not ours.")
        elif not head.is_signed_by_its_key():
            self.report.fault(What.HEAD, f"The signature of head {head.number} of {where} is not right.")

    def _strays(self) -> None:
        report = self.report
        for row in ask("SELECT * FROM tutela.audit_strays() ORDER BY is_there DESC, entry_id"):
            if row["is_there"]:
                report.fault(What.INSERTED, "It was put in past the log's own door.", row["entry_id"])
            else:
                report.fault(What.REMOVED, "It went before it was sealed.", row["entry_id"])
        report.unsealed = ask("SELECT entries_unsealed FROM tutela.audit_figures()")[0]["entries_unsealed"]
        last = HeadRow.objects.order_by("-number").first()
        upto = dict(Anchored.objects.values_list("name", "upto"))
        for anchor in self._anchors:
            if upto.get(anchor.name, 0) > report.anchored[anchor.name]:
                newest = anchor.newest()  # again: one may have come since we began
                held, once = newest.number if newest else 0, upto[anchor.name]
                if held < once:
                    report.fault(
                        What.ANCHOR, f"{anchor.name} held head {once} once; it goes up to {held} now."
                    )
        if last is None and report.entries:
            report.fault(What.HEAD, "There are sealed entries, and no head in the database.")


def _read(row: HeadRow) -> Head | None:
    try:
        head = parse(row.text)
    except BadHead:
        return None
    return head if (head.number, head.size) == (row.number, row.size) else None


class _Leaves:
    """Walks the leaves once, from the beginning or from a head, beside what an anchor knows of them."""

    def __init__(self, to: Sequence[Anchor], report: Report, start: Head | None, anchored: int) -> None:
        self._report = report
        self._known = _Known(to, anchored)
        self._anchored = anchored
        self._since = start.size if start else 0
        hashes = edge(self._since)
        self._tree = tree.Growing(self._since, hashes or [])
        self._broken = False  # places no longer agree, so that no root can
        if start and (hashes is None or self._tree.root().hex() != start.root):
            self._broken = True
            report.fault(
                What.REWRITTEN, f"Before head {start.number} the log is another one. Verify all of it."
            )
        self._rows = (row for some in sealed_since(self._since) for row in self._with_nodes(some))

    def go_on(self, head: Head | None) -> None:
        """Walk up to the size of the head and compare the root; without a head, to the end."""
        start = self._tree.size
        while not self._broken and (head is None or self._tree.size < head.size):
            row = next(self._rows, None)
            if row is None:
                if head or self._tree.size < self._anchored:
                    self._end(head)
                return
            self._look_at(row)
        if head and not self._broken and self._tree.root().hex() != head.root:
            self._broken = True
            self._report.fault(
                What.REWRITTEN,
                f"The entries do not give the root of head {head.number}: one of those numbered "
                f"{start} to {head.size - 1} was changed, or their order was.",
                None,
                start,
            )

    def _look_at(self, row: Sealed) -> None:
        number = self._tree.size
        known = self._known.at(number)
        if row.number != number or (known and known.entry_id != row.entry_id):
            self._other(number, known, row)
            return
        self._report.entries += 1
        right = known.hash if known else row.hash
        if row.data is None:
            self._report.fault(What.REMOVED, "The entry is gone.", row.entry_id, number)
        elif tree.leaf_hash(row.data) != right:
            self._report.fault(What.CHANGED, "The entry is not what was sealed.", row.entry_id, number)
        elif row.hash != right:
            self._report.fault(What.TREE, "The stored hash is another one.", row.entry_id, number)
        for _node in self._tree.append(right):
            pass

    def _other(self, number: int, known: Leaf | None, row: Sealed) -> None:
        """Another entry stands at this place than an anchor knows, or none at all."""
        self._broken = True
        if known is None:
            sentence = f"No entry has this number; the next one is {row.number} (entry {row.entry_id})."
            self._report.fault(What.REMOVED, sentence, None, number)
            return
        place = ask("SELECT tutela.audit_place(%s) AS place", known.entry_id)[0]["place"]
        if place is None:
            sentence = f"The entry is gone; entry {row.entry_id} has its number or the next one."
            self._report.fault(What.REMOVED, sentence, known.entry_id, number)
        elif self._known.has(row.entry_id):
            sentence = f"It has number {place} now, and entry {row.entry_id} stands in its place."
            self._report.fault(What.REORDERED, sentence, known.entry_id, number)
        else:
            sentence = f"It stands before entry {known.entry_id}, and no anchor knows it."
            self._report.fault(What.INSERTED, sentence, row.entry_id, number)

    def _end(self, head: Head | None) -> None:
        self._broken = True
        number = self._tree.size
        known = self._known.at(number)
        size = max(self._anchored, head.size if head else 0)
        sentence = f"The log ends before it; {size - number} entries are missing at the end."
        self._report.fault(What.TRUNCATED, sentence, known.entry_id if known else None, number)

    def _with_nodes(self, some: list[Sealed]) -> list[Sealed]:
        """The same rows, after a look at the stored nodes over them; proofs are made of these."""
        start, end = some[0].number, some[-1].number + 1
        if end - start != len(some):  # a leaf is missing; the walk says which
            return some
        wanted = [
            (level, number)
            for level in range(1, end.bit_length())
            for number in range(start >> level, end >> level)
        ]
        stored = subtrees(wanted)
        hashes = {(0, one.number): one.hash for one in some}
        for level, number in wanted:
            below = [(level - 1, 2 * number), (level - 1, 2 * number + 1)]
            left, right = (hashes.get(one) or stored.get(one) for one in below)
            if left is None or right is None:
                early = [one for one in below if one not in hashes and one not in stored]
                more = subtrees(early)
                left, right = left or more.get(below[0]), right or more.get(below[1])
            is_right = left and right and stored.get((level, number)) == tree.node_hash(left, right)
            if not is_right:
                self._report.fault(
                    What.TREE,
                    f"The stored hash at level {level}, number {number}, is not that of its leaves.",
                )
                break
        return some


class _Known:
    """The leaves as an anchor keeps them, read side by side with the database's."""

    def __init__(self, to: Sequence[Anchor], end: int) -> None:
        self._anchors = to
        self._end = end
        self._leaves = self._from_all()
        self._next: Leaf | None = None

    def _from_all(self) -> Iterator[Leaf]:
        every: Iterable[Leaf] = heapq.merge(*(one.leaves() for one in self._anchors))
        return (leaf for leaf in every if leaf.number < self._end)

    def at(self, number: int) -> Leaf | None:
        """The leaf of this number; None if no anchor keeps it. Numbers must not go back."""
        while self._next is None or self._next.number < number:
            self._next = next(self._leaves, None)
            if self._next is None:
                return None
        return self._next if self._next.number == number else None

    def has(self, entry_id: int) -> bool:
        """Whether any anchor keeps a leaf of this entry."""
        return any(leaf.entry_id == entry_id for leaf in self._from_all())


@dataclass(frozen=True, slots=True)
class Proof:
    """That one entry of a case is the one that was sealed, and is in the tree of a head."""

    entry: int
    number: int
    hash: str
    path: list[str]
    holds: bool


@dataclass(slots=True)
class CaseReport:
    """The proofs of one case against one head, and where the head is held."""

    head: Head
    held_by: str
    proofs: list[Proof]
    unsealed: int

    @property
    def is_sound(self) -> bool:
        """Whether every proof holds."""
        return all(one.holds for one in self.proofs)


def verify_case(case_id: int, to: Sequence[Anchor], keys: Collection[str] = ()) -> CaseReport:
    """Prove each sealed entry of a case against the newest head that an anchor holds, else the newest one.

    Tells nothing of entries that are gone: only the whole log can. Raises `NotFound` without any head.
    """
    trusted = frozenset(keys) or {public_text(signing_key(settings.AUDIT_KEY_FILE))}
    held = max(((h.number, one.name, h) for one in to if (h := one.newest())), default=None)
    with as_sealer():
        row = HeadRow.objects.order_by("-number").first()
        stored = _read(row) if row else None
        head = held[2] if held else stored
        if head is None:
            raise NotFound("Nothing was sealed yet: run `tutela audit seal`.")
        every = of_case(case_id)
        rows = [one for one in every if one and one.number < head.size]
        is_trusted = head.key in trusted and head.is_signed_by_its_key()
        proofs = [_proof(one, head, is_trusted=is_trusted) for one in rows]
    return CaseReport(head, held[1] if held else "", proofs, len(every) - len(rows))


def _proof(row: Sealed, head: Head, *, is_trusted: bool) -> Proof:
    ranges = tree.inclusion_ranges(row.number, head.size)
    known = subtrees(tree.coordinates(ranges))
    digest = tree.leaf_hash(row.data or b"")
    try:
        path = tree.proof(ranges, known)
    except KeyError:  # a part of the tree is gone
        return Proof(row.entry_id, row.number, digest.hex(), [], holds=False)
    holds = is_trusted and tree.includes(bytes.fromhex(head.root), head.size, row.number, digest, path)
    return Proof(row.entry_id, row.number, digest.hex(), [one.hex() for one in path], holds=holds)
