"""One-time links that sign a person in, made on the command line or by a colleague.

A link holds 256 random bits; only a keyed hash of them is kept. It is used by pressing a button, not
by opening it, so that a mail program that looks at links does not use it up.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.errors import NotFound, TooMany

from .models import SignInLink, Staff

PATH = "/desk/sign-in/"
VALID_FOR = timedelta(hours=1)
#: How often one network address may try a link, and in how many seconds.
TRIES, WINDOW = 30, 600


def make_sign_in_link(staff: Staff, valid_for: timedelta = VALID_FOR) -> str:
    """A new address that signs one person in once. It cannot be shown again."""
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(staff=staff, secret_hash=_hash(secret), expires_at=timezone.now() + valid_for)
    return f"{settings.DESK_URL}{PATH}{secret}/"


def look_at_link(secret: str, address: str) -> Staff:
    """Whom a link would sign in. Uses nothing up. Raises NotFound, TooMany."""
    _count_try(address)
    return _open_link(secret).staff


def use_link(secret: str, address: str) -> Staff:
    """Use a link up and name its person. Of two uses at once, one wins. Raises NotFound, TooMany."""
    _count_try(address)
    link = _open_link(secret)
    used = SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now())
    if not used:
        raise _gone()
    return link.staff


def take(bucket: str, most: int, seconds: int) -> bool:
    """Count a try in a bucket; whether it is still within `most` of the running window of `seconds`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tutela.take(%s, %s, %s)", [_hash(bucket), most, seconds])
        return bool(cursor.fetchone()[0])


def _open_link(secret: str) -> SignInLink:
    link = SignInLink.objects.filter(
        secret_hash=_hash(secret), used_at=None, expires_at__gt=timezone.now(), staff__is_active=True
    ).select_related("staff")
    found = link.first()
    if found is None or found.staff.is_system:
        raise _gone()
    return found


def _gone() -> NotFound:
    return NotFound(_("This link was used, has expired, or is not complete. Ask for a new one."))


def _count_try(address: str) -> None:
    if not take(f"sign-in from {address}", TRIES, WINDOW):
        raise TooMany(_("Too many tries from your network. Wait ten minutes and try again."))


def _hash(secret: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"sign-in {secret}".encode(), hashlib.sha256).digest()
