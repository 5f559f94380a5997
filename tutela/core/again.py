"""Doing a transaction again when PostgreSQL ended it so that another could go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError

Result = TypeVar("Result")
TRIES = 3
#: Two transactions waited for each other, or each changed what the other had read.
_GAVE_WAY = {"40P01", "40001"}
_HELD_BY_ANOTHER = "55P03"


def again_if_it_gave_way(do: Callable[[], Result]) -> Result:
    """Run `do`, which is one whole transaction, up to `TRIES` times. Raises what the last try raises."""
    for _more in range(TRIES - 1):
        try:
            return do()
        except OperationalError as error:
            if _state(error) not in _GAVE_WAY:
                raise
    return do()


def is_held_by_another(error: OperationalError) -> bool:
    """Whether somebody else holds a row that was asked for without waiting."""
    return _state(error) == _HELD_BY_ANOTHER


def _state(error: OperationalError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
