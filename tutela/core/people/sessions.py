"""The browsers in which somebody is signed in. Only hashes of the sessions' keys are kept here."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone

from .listening import hash_of_session, tell_session_ended
from .models import Staff, StaffSession

LONGEST_AGENT = 300


def began(staff: Staff, key: str, address: str, agent: str) -> None:
    """Note a session that just began, or that got this key."""
    StaffSession.objects.update_or_create(
        key_hash=hash_of_session(key),
        defaults={
            "staff": staff,
            "address": address[:60],
            "agent": agent[:LONGEST_AGENT],
            "seen_at": timezone.now(),
        },
    )


def seen(key: str, address: str) -> None:
    """A session was used just now, from an address."""
    StaffSession.objects.filter(key_hash=hash_of_session(key)).update(
        seen_at=timezone.now(), address=address[:60]
    )


def moved(before: str, after: str) -> None:
    """A session got another key. What listens with the old one ends."""
    StaffSession.objects.filter(key_hash=hash_of_session(before)).update(key_hash=hash_of_session(after))
    tell_session_ended(hash_of_session(before))


def ended(key: str) -> None:
    """A session is over: forget it, and end what listens with it."""
    digest = hash_of_session(key)
    StaffSession.objects.filter(key_hash=digest).delete()
    tell_session_ended(digest)


def end(session: StaffSession) -> None:
    """End a session somewhere else, at once."""
    _end([session.key_hash])


def end_all(staff: Staff, but: str = "") -> int:
    """End the sessions of a person at once, but for the one with the key `but`. Returns how many."""
    rows = StaffSession.objects.filter(staff=staff)
    if but:
        rows = rows.exclude(key_hash=hash_of_session(but))
    return _end(list(rows.values_list("key_hash", flat=True)))


def _end(hashes: list[str]) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A few hundred rows: no index is needed for the hash of their keys.
            cursor.execute(
                "DELETE FROM django_session"
                " WHERE encode(sha256(convert_to(session_key, 'UTF8')), 'hex') = ANY(%s)",
                [hashes],
            )
        StaffSession.objects.filter(key_hash__in=hashes).delete()
        for one in hashes:
            tell_session_ended(one)
    return len(hashes)
