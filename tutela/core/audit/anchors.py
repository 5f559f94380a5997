"""Places outside the database that keep heads. One small port; a folder is the first of its kind.

The others are services, each behind a connector (`settings.ANCHOR_SERVICES`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from tutela.core.crashpoint import crashpoint
from tutela.core.errors import ConnectorError, TutelaError

from .heads import BadHead, Head, heads_in, parse
from .models import Anchored, HeadRow
from .sealed import as_sealer, ask, heads_since, sealed_since

log = logging.getLogger(__name__)


class AnchorFault(TutelaError):
    """An anchor could not be used; the sentence says why."""


class Leaf(NamedTuple):
    """What an anchor keeps of an entry, so that it can be named when it was tampered with."""

    number: int
    entry_id: int
    hash: bytes


class Anchor(Protocol):
    """Keeps heads in their order, with the leaves that each added. Raises `AnchorFault` or OSError.

    Putting the same head twice must do no harm: a crash may come before we know that it is kept.
    """

    name: str
    #: The least time between two heads that it takes: with none it takes each, with its leaves.
    every: timedelta
    #: Whether we can read back what it holds. What it was given is remembered, where we cannot.
    reads_back: bool

    def newest(self) -> Head | None:
        """The last head that it holds."""
        ...

    def put(self, head: Head, leaves: Iterable[Leaf]) -> None:
        """Keep a head for good: it must survive a power cut before this returns."""
        ...

    def heads(self) -> Iterator[Head]:
        """Every head, in the order of putting."""
        ...

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf, in the order of putting; nothing, if it keeps heads only."""
        ...


class FolderAnchor:
    """Two files for each day in a folder, to which lines are added: heads, and leaves.

    Best on another machine's disk, or on one that can only be added to (`chattr +a`).
    """

    every = timedelta()
    reads_back = True

    def __init__(self, where: str) -> None:
        self.name = f"folder:{where}"
        self._folder = Path(where)

    def newest(self) -> Head | None:
        """The last head of the last file."""
        for path in reversed(self._files("heads")):
            found = list(heads_in(_read(path)))
            if found:
                return found[-1]
        return None

    def put(self, head: Head, leaves: Iterable[Leaf]) -> None:
        """Add the leaves, then the head, each fsynced."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        day = head.time[:10]
        _add(self._folder / f"{day}.leaves", "".join(map(line_of, leaves)))
        crashpoint("audit.half_anchored")
        _add(self._folder / f"{day}.heads", head.text + "\n")

    def heads(self) -> Iterator[Head]:
        """Every head; one that was put twice comes once."""
        before = None
        for path in self._files("heads"):
            for head in heads_in(_read(path)):
                if head != before:
                    yield head
                before = head

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf; those that were put twice come once. A line that was cut short is left out."""
        following = 0
        for path in self._files("leaves"):
            with path.open(encoding="ascii", errors="replace") as lines:
                for line in lines:
                    leaf = leaf_of(line)
                    if leaf and leaf.number >= following:
                        following = leaf.number + 1
                        yield leaf

    def _files(self, kind: str) -> list[Path]:
        return sorted(self._folder.glob(f"????-??-??.{kind}"))


def line_of(leaf: Leaf) -> str:
    """A leaf as anchors write it down."""
    return f"{leaf.number} {leaf.entry_id} {leaf.hash.hex()}\n"


def leaf_of(line: str) -> Leaf | None:
    """A leaf that was written down; None for a line that was cut short."""
    parts = line.split()
    try:
        number, entry_id, digest = int(parts[0]), int(parts[1]), bytes.fromhex(parts[2])
    except (ValueError, IndexError):
        return None
    return Leaf(number, entry_id, digest) if len(digest) == 32 else None


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace")


def _add(path: Path, text: str) -> None:
    """Append to a file and wait until it is on the disk, with its name where it is new."""
    is_new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        # A power cut may have left half a line. What follows must not become a part of it.
        if size and os.pread(file, 1, size - 1) != b"\n":
            text = "\n" + text
        rest = text.encode()
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Keeper(Protocol):
    """An anchor as connectors know it: it keeps numbered texts. Raises ConnectorError or OSError."""

    name: str
    every: timedelta
    reads_back: bool

    def newest(self) -> str | None:
        """The last text that it holds."""
        ...

    def put(self, number: int, day: str, text: str, lines: Iterable[str]) -> None:
        """Keep a text of a day (YYYY-MM-DD) for good, with lines that belong to it. Twice does no harm."""
        ...

    def texts(self) -> Iterator[str]:
        """Every text, in the order of numbers."""
        ...

    def lines(self) -> Iterator[str]:
        """Every line, in the order of numbers."""
        ...


class ServiceAnchor:
    """A service that keeps heads, behind a connector."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.name, self.every, self.reads_back = keeper.name, keeper.every, keeper.reads_back

    def newest(self) -> Head | None:
        """The last head. Raises `AnchorFault` when what it holds is none."""
        text = self._keeper.newest()
        return None if text is None else self._head(text)

    def put(self, head: Head, leaves: Iterable[Leaf]) -> None:
        """Hand a head over."""
        self._keeper.put(head.number, head.time[:10], head.text, map(line_of, leaves))

    def heads(self) -> Iterator[Head]:
        """Every head."""
        return map(self._head, self._keeper.texts())

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf."""
        return filter(None, map(leaf_of, self._keeper.lines()))

    def _head(self, text: str) -> Head:
        try:
            return parse(text)
        except BadHead:
            raise AnchorFault(f"{self.name} holds something that is no head.") from None


def anchors() -> list[Anchor]:
    """The anchors of the setting: `kind:where`, parted by semicolons. Raises `AnchorFault`."""
    return [_anchor(one) for one in filter(None, map(str.strip, settings.ANCHORS.split(";")))]


def _anchor(said: str) -> Anchor:
    kind, _colon, where = said.partition(":")
    if kind == "folder" and where:
        return FolderAnchor(where)
    if where and (path := settings.ANCHOR_SERVICES.get(kind)):
        return ServiceAnchor(cast("Keeper", import_string(path)(where)))
    kinds = ", ".join(f"{one}:…" for one in ("folder", *settings.ANCHOR_SERVICES))
    raise AnchorFault(f"TUTELA_ANCHORS: “{said}” is no anchor. There are: {kinds}")


def hand_over(to: Sequence[Anchor]) -> bool:
    """Give each anchor the heads that it does not hold. Returns whether each holds all of them now.

    A failure is kept with the anchor, for `tutela doctor`, and the next call tries again.
    """
    Anchored.objects.exclude(name__in=[one.name for one in to]).delete()
    outcomes = list(map(_bring_up, to))  # all of them, whatever the first one said
    return all(outcomes)


def _bring_up(anchor: Anchor) -> bool:
    state, _made = Anchored.objects.get_or_create(name=anchor.name)
    try:
        # Only one process at a time puts heads, so that they stand in their order.
        with as_sealer():
            ask("SELECT pg_advisory_xact_lock(hashtext('tutela audit anchors'))")
            (_put_newest if anchor.every else _put_missing)(anchor)
    except (AnchorFault, ConnectorError, OSError) as error:
        log.warning("The anchor %s could not be used: %s", anchor.name, error)
        Anchored.objects.filter(name=anchor.name).update(
            error=str(error)[:300], failing_since=state.failing_since or timezone.now()
        )
        return False
    return True


def _put_newest(anchor: Anchor) -> None:
    """For an anchor of few heads: the newest one, unless it got one a short while ago."""
    before = _given(anchor)
    row = HeadRow.objects.order_by("-number").first()
    if row is None or (before and before.number >= row.number):
        return _reached(anchor, before.number if before else 0)
    head = parse(row.text)
    if before and datetime.fromisoformat(head.time) - datetime.fromisoformat(before.time) < anchor.every:
        return _reached(anchor, before.number)
    anchor.put(head, ())
    crashpoint("audit.anchored")
    return _reached(anchor, head.number)


def _given(anchor: Anchor) -> Head | None:
    """The newest head that an anchor holds; what we remember, where it cannot be read back."""
    if anchor.reads_back:
        return _ours(anchor.newest())
    upto = Anchored.objects.values_list("upto", flat=True).get(name=anchor.name)
    row = HeadRow.objects.filter(number=upto).first()
    try:
        return parse(row.text) if row else None
    except BadHead:
        return None


def _reached(anchor: Anchor, upto: int) -> None:
    Anchored.objects.filter(name=anchor.name).update(upto=upto, error="", failing_since=None)


def _ours(newest: Head | None) -> Head | None:
    """The same head. Raises `AnchorFault` when the database does not have it."""
    if newest and not HeadRow.objects.filter(number=newest.number, text=newest.text).exists():
        raise AnchorFault(
            f"It holds head {newest.number}, which the database does not have: "
            "the database was changed, or an older backup was restored. Run `tutela audit verify`."
        )
    return newest


def _put_missing(anchor: Anchor) -> None:
    newest = _ours(anchor.newest())
    upto = newest.number if newest else 0
    size = newest.size if newest else 0
    for row in heads_since(upto + 1):
        head = next(heads_in(row.text), None)
        if head is None:
            raise AnchorFault(f"Head {row.number} of the database is not a head. Run `tutela audit verify`.")
        anchor.put(head, _leaves(size, head.size))
        crashpoint("audit.anchored")
        upto, size = head.number, head.size
    _reached(anchor, upto)


def _leaves(start: int, end: int) -> Iterator[Leaf]:
    for some in sealed_since(start):
        for one in some:
            if one.number >= end:
                return
            yield Leaf(one.number, one.entry_id, one.hash)
