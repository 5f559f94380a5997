"""Rows that are tended one by one, so that a faulty one keeps no other waiting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from django.db import connection

from tutela.core.people.actor import Actor, acting_as

log = logging.getLogger(__name__)


def each_apart(numbers: Iterable[int], actor: Actor, tend: Callable[[int], object]) -> int:
    """Tend each row in a transaction of its own. Returns how many went well.

    A fault is logged without its words, which may hold a person's, and the next row follows. Raises only
    when the database itself is away, which an exception alone does not tell: a limit is one of the same kind.
    """
    done = 0
    for number in numbers:
        try:
            with acting_as(actor):
                tend(number)
            done += 1
        except Exception as error:
            if connection.connection is None or not connection.is_usable():
                raise
            name = getattr(tend, "__qualname__", "")
            log.error("Row %d could not be tended (%s): %s", number, name, type(error).__name__)  # noqa: TRY400
    return done
