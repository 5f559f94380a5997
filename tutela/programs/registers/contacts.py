"""The register of vexatious contacts: warned, suspended for a time, lifted."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from tutela.core.cases.models import Case
from tutela.core.people.actor import Actor
from tutela.core.vault.blind import plain_address

from .models import ContactRestriction

Act = ContactRestriction.Act


def contact_hash(address: str) -> bytes:
    """The keyed hash of a mail address. Capitals, spaces around it and "+tags" make no difference."""
    plain = plain_address(address).encode()
    return hmac.new(settings.SECRET_KEY.encode(), b"contact " + plain, hashlib.sha256).digest()


def enter(
    act: ContactRestriction.Act,
    address: str,
    case: Case,
    actor: Actor,
    *,
    reason: str,
    until: datetime | None = None,
    weighed: Sequence[str] = (),
) -> ContactRestriction:
    """Add a row about one address. The address itself is not kept."""
    return ContactRestriction.objects.create(
        act=act,
        contact_hash=contact_hash(address),
        until=until,
        reason=reason,
        weighed=list(weighed),
        by_id=actor.id,
        workflow=case.workflow,
        case_id=case.pk,
        case_reference=case.reference,
    )


def was_warned(address: str) -> bool:
    """Whether the address was ever warned."""
    return ContactRestriction.objects.filter(contact_hash=contact_hash(address), act=Act.WARNED).exists()


def suspension(address: str, at: datetime | None = None) -> ContactRestriction | None:
    """The suspension in force for an address at a moment (now, unless told), or None."""
    if not address:
        return None
    rows = ContactRestriction.objects.filter(contact_hash=contact_hash(address)).exclude(act=Act.WARNED)
    last = rows.order_by("-id").first()
    if last is None or last.act == Act.LIFTED:
        return None
    return last if last.until is None or last.until > (at or timezone.now()) else None
