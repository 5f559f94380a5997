"""The moment by the database's clock, which is one for all machines.

What two machines must agree on (whose claim has ended, which clock has lapsed) is decided by it: a worker
whose own clock is an hour ahead would otherwise take over what another one still has in hand.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """The time of the statement, in UTC. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now.astimezone(UTC)
