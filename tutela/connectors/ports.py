"""What the rest of Tutela may ask of an outside system, in our words.

`core.outbox` delivers effects through these. It does not import this module: it is handed the registry
and relies on the shapes below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class OnDoubt(StrEnum):
    """What to do when nobody can tell whether an act already happened."""

    # Doing it twice does no harm that matters more than not doing it at all.
    REPEAT = "repeat"
    # Doing it twice does harm: a person must find out first.
    ASK = "ask"


@dataclass(frozen=True)
class Verb:
    """One thing that a connector can do outside."""

    name: str
    on_doubt: OnDoubt


@dataclass(frozen=True)
class Receipt:
    """The other side's word that it is done.

    `reference` finds the act again over there (a Message-ID, a log id). `at` is aware, in UTC.
    `detail` holds what can be written as JSON.
    """

    reference: str
    at: datetime
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadBack:
    """The answer to "did this already happen?".

    `done` is True (then `receipt` says so), False (surely not) or None (nobody can tell).
    """

    done: bool | None
    receipt: Receipt | None = None


class Connector(Protocol):
    """One outside system.

    An implementation raises `TryLater`, `Rejected` or `NotConfigured` from `core.errors` and nothing
    else, never returns a receipt for something that is not done, keeps no state that it needs after a
    restart, and may be called from several threads.
    """

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What this connector can do, by name."""

    def deliver(self, verb: str, payload: Mapping[str, Any], key: str) -> Receipt:
        """Do it now, and return when it is done. `key` is the same at every attempt at the same act."""

    def already_done(self, verb: str, payload: Mapping[str, Any], key: str) -> ReadBack:
        """Whether the act with this key already happened. Changes nothing outside."""

    def describe(self, verb: str, payload: Mapping[str, Any]) -> str:
        """What `deliver` would do, in one sentence for a person. Reaches for nothing outside."""


@dataclass(frozen=True)
class PageCopy:
    """What a wiki showed of one address, at one moment.

    `text` is None where the wiki shows none, and `missing` says whether that is because there is no such page
    or revision (any more). `hidden` names the parts that somebody hid: text, user, comment. `call` is the
    request that was made, and `at` when it was answered.
    """

    call: str
    at: datetime
    missing: bool = False
    title: str = ""
    page: int = 0
    revision: int = 0
    parent: int = 0
    user: str = ""
    written_at: str = ""
    comment: str = ""
    hidden: tuple[str, ...] = ()
    text: str | None = None


class PageReader(Protocol):
    """What reads pages of one wiki. Raises `TryLater`, `Rejected`, `NotConfigured`."""

    def read(self, address: str) -> PageCopy:
        """What the wiki shows of an address of its own."""
