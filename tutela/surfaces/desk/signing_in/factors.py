"""What operators do about how others sign in."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import BadData
from tutela.core.people import sessions
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff
from tutela.core.people.sign_in import end_links

from .doors import door


def link(by: Actor, staff: Staff, provider: str, uid: str) -> None:
    """Let an account of elsewhere sign a person in. `uid` is its lasting number there, never a name.

    Raises BadData when no such provider is set up, or when the account is somebody's already.
    """
    if door(provider) is None:
        raise BadData(_("No provider is called %(provider)s here.") % {"provider": provider}, {})
    with transaction.atomic(), acting_as(by):
        made = SocialAccount.objects.filter(provider=provider, uid=uid).exists()
        if made:
            raise BadData(_("This account is linked to somebody already."), {})
        SocialAccount.objects.create(user=staff, provider=provider, uid=uid)
        record(Act.IDENTITY_CHANGED, by, staff=staff.pk, what="linked", provider=provider)


def reset(by: Actor, staff: Staff) -> None:
    """Take passphrase, linked accounts and every second factor away, and end all sessions and links.

    For somebody who lost what they sign in with. They come back by an invitation.
    """
    with transaction.atomic(), acting_as(by):
        Authenticator.objects.filter(user_id=staff.pk).delete()
        SocialAccount.objects.filter(user_id=staff.pk).delete()
        staff.set_unusable_password()
        staff.second_factor_since = None
        staff.save(update_fields=["password", "second_factor_since"])
        sessions.end_all(staff)
        end_links(staff)
        record(Act.FACTOR_CHANGED, by, staff=staff.pk, what="reset")
