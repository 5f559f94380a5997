"""A Merkle tree as in RFC 9162, section 2.1, over numbered leaves. Pure functions; nothing is stored here.

Subtrees that are full never change once they are there. Each has a coordinate `(level, number)`: it
covers the leaves `number * 2**level` up to, not including, `(number + 1) * 2**level`. Every hash that a
head or a proof needs is made of a few of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce

Coordinate = tuple[int, int]
Range = tuple[int, int]

#: The root of a tree without leaves.
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; the first byte keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """The right edge of a tree: what it takes to append, which is one hash per level at most."""

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        """Go on from `size` leaves; `edge` has the hashes of `full_subtrees(0, size)`."""
        self.size = size
        self._edge = list(edge)

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add the hash of a leaf. Yields level, number and hash of each subtree that this fills."""
        number, level = self.size, 0
        self.size += 1
        while number & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            number >>= 1
            level += 1
            yield level, number, leaf
        self._edge.append(leaf)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return join(self._edge) if self._edge else EMPTY


def full_subtrees(start: int, end: int) -> list[Coordinate]:
    """The fewest full subtrees that cover the leaves from `start` up to `end`, from left to right."""
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append((level, start >> level))
        start += 1 << level
    return found


def join(hashes: Sequence[bytes]) -> bytes:
    """The root over neighbouring full subtrees, given from left to right."""
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes[:-1]), hashes[-1])


def inclusion_ranges(leaf: int, size: int) -> list[Range]:
    """The ranges of leaves whose roots prove that `leaf` is in a tree of `size`, from the leaf upwards."""
    start, end, found = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if leaf < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """The ranges whose roots prove that the first `old` leaves (at least one) are unchanged at `size`."""
    start, end, found = 0, size, []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    if start:
        found.append((start, end))
    return found[::-1]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def coordinates(ranges: Iterable[Range]) -> set[Coordinate]:
    """Every full subtree that a proof of these ranges is made of."""
    return {one for start, end in ranges for one in full_subtrees(start, end)}


def proof(ranges: Iterable[Range], known: Mapping[Coordinate, bytes]) -> list[bytes]:
    """The hashes of a proof. Raises KeyError when a subtree is not among those that are known."""
    return [join([known[one] for one in full_subtrees(*each)]) for each in ranges]


def includes(root: bytes, size: int, leaf: int, data_hash: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path proves that the leaf has this hash in the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= leaf < size:
        return False
    first, last, found = leaf, size - 1, data_hash
    for one in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            found = node_hash(one, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, one)
        first, last = first >> 1, last >> 1
    return last == 0 and found == root


def extends(old_root: bytes, old: int, root: bytes, size: int, path: Sequence[bytes]) -> bool:
    """Whether the path proves that the old tree is the beginning of the new one (RFC 9162, 2.1.4.2)."""
    if old == size:
        return not path and old_root == root
    if not 0 < old < size:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        return False
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = steps[0]
    for one in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            before, after = node_hash(one, before), node_hash(one, after)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            after = node_hash(after, one)
        first, last = first >> 1, last >> 1
    return last == 0 and before == old_root and after == root
