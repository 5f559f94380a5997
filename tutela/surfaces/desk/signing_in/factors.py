"""What operators do about the second factors of others."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.people import sessions
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff
from tutela.core.people.sign_in import end_links


def reset(by: Actor, staff: Staff) -> None:
    """Take the passphrase and every second factor away, and end all sessions and links, at once.

    For somebody who lost what they sign in with. They come back by an invitation.
    """
    with transaction.atomic(), acting_as(by):
        Authenticator.objects.filter(user_id=staff.pk).delete()
        staff.set_unusable_password()
        staff.second_factor_since = None
        staff.save(update_fields=["password", "second_factor_since"])
        sessions.end_all(staff)
        end_links(staff)
        record(Act.FACTOR_CHANGED, by, staff=staff.pk, what="reset")
