"""What all web processes share for a short time: limits of tries, and codes that were used.

A cache of Django's in the database. Values are JSON, never pickles: whoever can write a row must not be able
to run code in a web process.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

LONGEST = 250
FOR_EVER = 10 * 366 * 24 * 3600


class SharedCache(BaseCache):
    """Keeps values in `people_kept`."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """The value, or `default` where there is none or its time is over."""
        found = self._ask(
            "SELECT value FROM people_kept WHERE key = %s AND until > clock_timestamp()",
            self._name(key, version),
        )
        return default if found is None else json.loads(found[0])

    def set(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Keep a value that JSON can say."""
        self._ask(
            "INSERT INTO people_kept (key, value, until) VALUES (%s, %s::jsonb, %s) ON CONFLICT (key)"
            " DO UPDATE SET value = excluded.value, until = excluded.until RETURNING 1",
            self._name(key, version),
            json.dumps(value),
            self._until(timeout),
        )

    def add(
        self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Keep a value unless there is one. Of two processes at once, one wins."""
        found = self._ask(
            "INSERT INTO people_kept AS kept (key, value, until) VALUES (%s, %s::jsonb, %s) ON CONFLICT (key)"
            " DO UPDATE SET value = excluded.value, until = excluded.until"
            " WHERE kept.until <= clock_timestamp() RETURNING 1",
            self._name(key, version),
            json.dumps(value),
            self._until(timeout),
        )
        return found is not None

    def touch(self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep what is there for longer."""
        found = self._ask(
            "UPDATE people_kept SET until = %s WHERE key = %s AND until > clock_timestamp() RETURNING 1",
            self._until(timeout),
            self._name(key, version),
        )
        return found is not None

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget a value."""
        return (
            self._ask("DELETE FROM people_kept WHERE key = %s RETURNING 1", self._name(key, version))
            is not None
        )

    def clear(self) -> None:
        """Forget everything."""
        self._ask("DELETE FROM people_kept WHERE true RETURNING 1")

    def _name(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)[:LONGEST]

    def _until(self, timeout: Any) -> datetime:
        at = self.get_backend_timeout(timeout)
        return datetime.fromtimestamp(time.time() + FOR_EVER if at is None else at, UTC)

    def _ask(self, statement: str, *values: str | datetime) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()


def forget_old() -> None:
    """Remove what is over."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_kept WHERE until <= clock_timestamp()")
