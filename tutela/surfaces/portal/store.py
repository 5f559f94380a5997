"""Everything that the portal asks of the database, through a login that may run five functions.

That login holds no right on any table of a case: whoever takes over the portal's part of the process
with it can add reports, and read what belongs to a code they have; and no more.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg
from django.db import Error, connections
from django.utils.translation import gettext as _

from tutela.core.cases import receive as intake
from tutela.core.vault.receipt_keys import open_with
from tutela.core.vault.seals import VaultError

DATABASE = "portal"
#: Seconds; more than the limits that the server keeps by itself (see `environment.LIMITS`).
CUT_OFF_AFTER = 6.0
logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class Unreachable(Exception):
    """The database did not answer, or nothing can be sealed: nothing was stored or read (HTTP 503)."""


@dataclass(frozen=True)
class Status:
    """When a report came, and where it stands. `state` is "" while it has no case yet."""

    received_at: datetime
    language: str
    workflow: str
    state: str
    closed_at: datetime | None


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation; `direction` is "in" or "out"."""

    direction: str
    at: datetime
    language: str
    text: str

    @property
    def is_ours(self) -> bool:
        """Whether the team wrote it."""
        return self.direction == "out"


@contextmanager
def reachable() -> Iterator[None]:
    """Turn any fault of the database into `Unreachable`.

    Only the kind of fault is logged: its text may hold what the reporter wrote.
    """
    try:
        with _not_for_ever():
            yield
    except Error as error:
        logger.error("The database did not answer the portal: %s", type(error).__name__)  # noqa: TRY400
        raise Unreachable from None
    except VaultError as error:
        logger.error("A report cannot be sealed or opened: %s", error)  # noqa: TRY400
        raise Unreachable from None


@contextmanager
def _not_for_ever() -> Iterator[None]:
    """Hang up on a server that says nothing at all.

    One that is stopped, or whose disk is, keeps none of its own limits, and its end of the line stays open.
    """
    over, connection = threading.Event(), connections[DATABASE]

    def watch() -> None:
        while not over.wait(CUT_OFF_AFTER):
            raw = connection.connection
            if raw is not None:  # else it is being made, and has a limit of its own
                _hang_up(raw)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _hang_up(raw: psycopg.Connection) -> None:
    """End both directions of a connection, so that whoever waits for it hears of an error."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(raw.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def guarded(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function raise `Unreachable` for any fault of the database."""

    @wraps(function)
    def safe(*args: P.args, **kwargs: P.kwargs) -> T:
        with reachable():
            return function(*args, **kwargs)

    return safe


@guarded
def send(incoming: intake.Incoming) -> intake.Received:
    """Store a report. Raises NotFound where it adds to an unknown code, BadData, Unreachable."""
    return intake.receive(incoming, using=DATABASE)


@guarded
def status(code_hash: bytes) -> Status | None:
    """Where the report with this code stands, or None. Raises Unreachable."""
    with connections[DATABASE].cursor() as cursor:
        cursor.execute(
            "SELECT received_at, language, workflow, state, closed_at FROM tutela.receipt_status(%s)",
            [code_hash],
        )
        row = cursor.fetchone()
    return Status(*row) if row else None


@guarded
def conversation(code_hash: bytes, code: str) -> list[Turn]:
    """What was said about the report with this code, the oldest first. Raises Unreachable.

    What we wrote opens with the code itself.
    """
    with connections[DATABASE].cursor() as cursor:
        cursor.execute(
            "SELECT direction, at, language, text, sealed FROM tutela.receipt_conversation(%s)", [code_hash]
        )
        rows = cursor.fetchall()
    letters = intake.receipt_letters(code)
    return [
        Turn(direction, at, language, open_with(letters, bytes(sealed)) if sealed else text or _("(erased)"))
        for direction, at, language, text, sealed in rows
    ]


@guarded
def take(bucket: bytes, most: int, seconds: int) -> bool:
    """Count one try and say whether it is within the limit. Raises Unreachable."""
    with connections[DATABASE].cursor() as cursor:
        cursor.execute("SELECT tutela.take(%s, %s, %s)", [bucket, most, seconds])
        return bool(cursor.fetchone()[0])
