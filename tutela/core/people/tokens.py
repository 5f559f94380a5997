"""Bearer tokens: made once, kept only as a keyed hash, and looked up quickly.

A token that was found is remembered by this process for `REMEMBERED` seconds, so that a busy
integration costs no query per request. Revoking a token, ending it, or making its holder inactive
takes effect everywhere within that time; grants are read by the database at every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from tutela.core.audit.models import Act
from tutela.core.audit.record import record

from .actor import Actor, acting_as
from .models import Staff, Token

PREFIX = "tutela_"
REMEMBERED = 30.0
MOST_REMEMBERED = 1000
LAST_USE_KEPT_EVERY = timedelta(minutes=1)
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a token, and what the token is for."""

    token_id: int
    staff_id: int
    name: str
    is_system: bool
    scope: str
    expires_at: datetime

    def actor(self, request_id: str) -> Actor:
        """The holder at work through the API."""
        grave = self.scope == Token.Scope.GRAVE
        return Actor(self.staff_id, self.name, self.is_system, "api", request_id, excused=grave)


_remembered: dict[bytes, tuple[float, Holder]] = {}


def make_token(
    staff: Staff, name: str, scope: str, valid_for: timedelta, made_by: Actor
) -> tuple[str, Token]:
    """A new token and its row. The text is not kept: whoever gets it must keep it.

    Raises ValueError for a life that is over `LONGEST` or not ahead of us.
    """
    if not timedelta() < valid_for <= LONGEST:
        raise ValueError(f"A token lives for at least a moment and at most {LONGEST.days} days.")
    text = PREFIX + secrets.token_urlsafe(32)
    with acting_as(made_by):
        token = Token.objects.create(
            staff=staff,
            name=name,
            scope=Token.Scope(scope),
            secret_hash=token_hash(text),
            expires_at=timezone.now() + valid_for,
        )
        record(Act.TOKEN_MADE, made_by, token=token.pk, holder=staff.pk, scope=scope)
    return text, token


def revoke_token(token: Token, by: Actor) -> bool:
    """End a token now. Returns False when it was revoked before."""
    with acting_as(by):
        ended = Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if ended:
            record(Act.TOKEN_REVOKED, by, token=token.pk, holder=token.staff_id)
    forget_tokens()
    return bool(ended)


def holder_of(text: str) -> Holder | None:
    """The holder of a token, or None for one that is unknown, revoked, over, or of an inactive person."""
    digest = token_hash(text)
    seen, holder = _remembered.get(digest, (0.0, None))
    if holder is None or time.monotonic() - seen >= REMEMBERED:
        holder = _look_up(digest)
    if holder is None or holder.expires_at <= timezone.now():
        return None
    return holder


def token_hash(text: str) -> bytes:
    """What is kept of a token."""
    said = b"token " + text.encode("utf-8", "surrogatepass")
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).digest()


def forget_tokens() -> None:
    """Let this process ask the database again for every token."""
    _remembered.clear()


def _look_up(digest: bytes) -> Holder | None:
    _remembered.pop(digest, None)
    row = (
        Token.objects.filter(secret_hash=digest, revoked_at=None, staff__is_active=True)
        .values_list("pk", "staff_id", "staff__working_name", "staff__kind", "scope", "expires_at")
        .first()
    )
    if row is None:
        return None
    token_id, staff_id, name, kind, scope, expires_at = row
    holder = Holder(token_id, staff_id, name, kind == Staff.Kind.SYSTEM, scope, expires_at)
    _keep_last_use(token_id)
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    _remembered[digest] = (time.monotonic(), holder)
    return holder


def _keep_last_use(token_id: int) -> None:
    now = timezone.now()
    earlier = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USE_KEPT_EVERY)
    Token.objects.filter(earlier, pk=token_id).update(last_used_at=now)
