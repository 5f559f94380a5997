"""Slows floods down, without keeping out anybody who reports an emergency.

Counters lie in the database, so that they are shared between processes and survive a restart. They
are kept under keyed hashes of addresses, never under addresses.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import Enum, auto

from django.conf import settings
from django.http import HttpRequest

from tutela.surfaces.visitor import network_of

from . import store, tokens

WINDOW = 600
LOOK_UPS = 40


@dataclass(frozen=True)
class Brake:
    """How many reports of one kind an address may send in ten minutes.

    Over `freely`, each needs a short wait and a second press. Over `most`, none is taken; None is no end.
    """

    kind: str
    freely: int
    most: int | None


# A school or a whole village may share one address, and an emergency there has many witnesses.
EMERGENCY = Brake("emergency", freely=30, most=None)
OTHER = Brake("other", freely=10, most=60)
# A wiki sends for all its users from few addresses, and cannot wait and try again. One that shows its secret
# stops only where it runs in circles.
STRANGE_WIKI, KNOWN_WIKI = 120, 6000


class TooFast(Exception):
    """A wiki sent more than it may within `WINDOW` (HTTP 429)."""


class Verdict(Enum):
    """What happens to a report now."""

    GO = auto()
    WAIT = auto()
    STOP = auto()


def weigh(brake: Brake, request: HttpRequest, content: bytes, patience: str) -> Verdict:
    """Count a report and say whether it goes through. Raises Unreachable."""
    if store.take(_bucket(f"report {brake.kind}", network_of(request)), brake.freely, WINDOW):
        return Verdict.GO
    if not tokens.has_waited(patience, content):
        return Verdict.WAIT
    if brake.most is None:
        return Verdict.GO
    slow = store.take(_bucket(f"slow {brake.kind}", network_of(request)), brake.most - brake.freely, WINDOW)
    return Verdict.GO if slow else Verdict.STOP


def hold_wiki(request: HttpRequest, wiki: str) -> None:
    """Count a report of a wiki: of one that we know by its name, else by its network.

    Raises TooFast, Unreachable.
    """
    who, most = (wiki, KNOWN_WIKI) if wiki else (network_of(request), STRANGE_WIKI)
    if not store.take(_bucket("report known-wiki" if wiki else "report wiki", who), most, WINDOW):
        raise TooFast


def may_look_up(request: HttpRequest, code_hash: bytes) -> bool:
    """Count a look-up of a code, for the address and for the code. Raises Unreachable.

    Both are counted each time, so that a right code and a wrong one take equally long.
    """
    by_address = store.take(_bucket("look-up", network_of(request)), LOOK_UPS, WINDOW)
    by_code = store.take(_bucket("code", code_hash.hex()), LOOK_UPS, WINDOW)
    return by_address and by_code


def _bucket(kind: str, what: str) -> bytes:
    said = f"portal {kind}\0{what}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).digest()
