"""Tickets with which a page listens to live updates: bound to one person and to one session.

A ticket shows in addresses, so it names a hash of the session's key, never the key. It ends with the session:
when somebody signs out, is deactivated, or the session expires.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from django.core import signing
from django.db import connection

from tutela.core.errors import NotAllowed

#: Where listeners hear what changed, and which sessions ended.
CHANNEL: Final = "tutela_live"
SALT: Final = "live"
#: Seconds; a session lasts as long.
TICKET_AGE: Final = 12 * 3600


@dataclass(frozen=True)
class Listener:
    """Whose ticket it is, and the hash of the session that it was made in."""

    staff: int
    session: str


def make_ticket(staff_id: int, session_key: str) -> str:
    """A signed word that lets one person listen to changes while the session lasts."""
    return signing.dumps({"staff": staff_id, "session": hash_of_session(session_key)}, salt=SALT)


def read_ticket(ticket: str) -> Listener:
    """Who listens with it. Whether the session still stands only the database knows. Raises NotAllowed."""
    try:
        said = signing.loads(ticket, salt=SALT, max_age=TICKET_AGE)
        return Listener(int(said["staff"]), str(said["session"]))
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        raise NotAllowed from None


def tell_session_ended(key_hash: str) -> None:
    """Have the streams of a session closed after commit. Takes the hash of its key."""
    with connection.cursor() as cursor:
        told = json.dumps({"session": key_hash})
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, told])


def hash_of_session(session_key: str) -> str:
    """SHA-256 in hex, as PostgreSQL computes it too. Keys are random: nobody guesses one from its hash."""
    return hashlib.sha256(session_key.encode()).hexdigest()
