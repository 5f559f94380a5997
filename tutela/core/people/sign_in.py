"""One-time links: those that sign a person in, and invitations, with which somebody chooses a passphrase.

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

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound, TooMany

from .actor import Actor, acting_as
from .models import KnownPlace, SignInLink, Staff

PATH = "/desk/sign-in/"
INVITATION_PATH = "/desk/invitation/"
VALID_FOR = timedelta(hours=1)
INVITATION_VALID_FOR = timedelta(hours=72)
#: How often one network address may try a link, and in how many seconds.
TRIES, WINDOW = 30, 600
#: How often a passphrase may be tried within `PASSPHRASE_WINDOW` seconds: for one name from one network, and
#: for one name from all networks from which that person never signed in. Strangers can use up the second
#: limit only, so that nobody is locked out of the place where they work.
PASSPHRASE_TRIES, STRANGERS_TRIES, PASSPHRASE_WINDOW = 10, 30, 900
KNOWN_FOR = timedelta(days=60)


def make_sign_in_link(staff: Staff, valid_for: timedelta = VALID_FOR) -> str:
    """A new address that signs one person in once. It cannot be shown again."""
    return f"{settings.DESK_URL}{PATH}{_new(staff, SignInLink.Kind.SIGN_IN, valid_for)}/"


def invite(by: Actor, staff: Staff) -> str:
    """A new address with which a person chooses their passphrase, once. Earlier invitations end."""
    with acting_as(by):
        end_links(staff, SignInLink.Kind.INVITATION)
        secret = _new(staff, SignInLink.Kind.INVITATION, INVITATION_VALID_FOR)
        record(Act.STAFF_CHANGED, by, staff=staff.pk, what="invited")
    return f"{settings.DESK_URL}{INVITATION_PATH}{secret}/"


def end_links(staff: Staff, kind: SignInLink.Kind | None = None) -> int:
    """End the links of a person that were not used, or those of one kind. Returns how many."""
    links = SignInLink.objects.filter(staff=staff, used_at=None, expires_at__gt=timezone.now())
    if kind:
        links = links.filter(kind=kind)
    return links.update(used_at=timezone.now())


def look_at_link(secret: str, address: str, kind: SignInLink.Kind = SignInLink.Kind.SIGN_IN) -> Staff:
    """Whom a link would let in. Uses nothing up. Raises NotFound, TooMany."""
    _count_try(address)
    return _open_link(secret, kind).staff


def use_link(secret: str, address: str, kind: SignInLink.Kind = SignInLink.Kind.SIGN_IN) -> Staff:
    """Use a link up and name its person. Of two uses at once, one wins. Raises NotFound, TooMany."""
    _count_try(address)
    link = _open_link(secret, kind)
    used = SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now())
    if not used:
        raise _gone()
    return link.staff


def may_try_passphrase(username: str, network: str) -> bool:
    """Count a try of a passphrase; whether it may be looked at. Costs the same for a name that nobody has."""
    name = username.strip().casefold()
    known = KnownPlace.objects.filter(
        staff__username__iexact=name, network=network, seen_at__gt=timezone.now() - KNOWN_FOR
    ).exists()
    here = take(f"passphrase of {name} from {network}", PASSPHRASE_TRIES, PASSPHRASE_WINDOW)
    place = network if known else "strangers"
    most = PASSPHRASE_TRIES if known else STRANGERS_TRIES
    anywhere = take(f"passphrase of {name} by {place}", most, PASSPHRASE_WINDOW)
    return take(f"passphrases from {network}", TRIES, WINDOW) and here and anywhere


def remember_place(staff: Staff, network: str) -> None:
    """Note that a person signed in from a network."""
    KnownPlace.objects.update_or_create(staff=staff, network=network, defaults={"seen_at": timezone.now()})


def take(bucket: str, most: int, seconds: int) -> bool:
    """Count a try in a bucket; whether it is still within `most` of the running window of `seconds`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tutela.take(%s, %s, %s)", [_hash(bucket), most, seconds])
        return bool(cursor.fetchone()[0])


def _new(staff: Staff, kind: SignInLink.Kind, valid_for: timedelta) -> str:
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        staff=staff, kind=kind, secret_hash=_hash(secret), expires_at=timezone.now() + valid_for
    )
    return secret


def _open_link(secret: str, kind: SignInLink.Kind) -> SignInLink:
    link = SignInLink.objects.filter(
        secret_hash=_hash(secret),
        kind=kind,
        used_at=None,
        expires_at__gt=timezone.now(),
        staff__is_active=True,
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
