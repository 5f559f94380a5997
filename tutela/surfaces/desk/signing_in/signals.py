"""What follows from what allauth tells: the record, the session's place, and since when there is a factor."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest

from tutela.core.audit.models import Act
from tutela.core.people import sessions
from tutela.core.people.models import Staff
from tutela.core.people.sign_in import remember_place
from tutela.surfaces.visitor import address_of, network_of

from . import gate
from .records import said

CODES = Authenticator.Type.RECOVERY_CODES


def connect() -> None:
    """Listen to allauth."""
    account.user_logged_in.connect(_signed_in)
    account.password_changed.connect(_passphrase_changed)
    mfa.authenticator_used.connect(_used)
    mfa.authentication_failed.connect(_failed)
    mfa.authenticator_added.connect(_added)
    mfa.authenticator_removed.connect(_removed)
    mfa.authenticator_reset.connect(_reset)
    social.social_account_added.connect(_linked)
    post_save.connect(_keep_since, sender=Authenticator)
    post_delete.connect(_keep_since, sender=Authenticator)


def _signed_in(request: HttpRequest, user: Staff, **_more: Any) -> None:
    how = [one["method"] for one in request.session.get("account_authentication_methods", [])]
    with transaction.atomic():
        said(Act.SIGNED_IN, user, how=" ".join(dict.fromkeys(how)))
        remember_place(user, network_of(request))
        gate.begin(request.session)
        began(request, user)


def began(request: HttpRequest, user: Staff) -> None:
    """Note the session that just began."""
    if not request.session.session_key:
        request.session.save()
    sessions.began(
        user, request.session.session_key or "", address_of(request), request.headers.get("User-Agent", "")
    )


def _used(request: HttpRequest, user: Staff, **_more: Any) -> None:
    gate.prove(request, user)


def _failed(user: Staff, **_more: Any) -> None:
    said(Act.SIGN_IN_FAILED, None, staff=user.pk, how="second factor")


def _added(request: HttpRequest, user: Staff, authenticator: Authenticator, **_more: Any) -> None:
    said(Act.FACTOR_CHANGED, user, staff=user.pk, what="added", factor=authenticator.type)
    if authenticator.type != CODES:
        gate.prove(request, user)  # adding one shows that one has it
        _other_key(request)


def _removed(request: HttpRequest, user: Staff, authenticator: Authenticator, **_more: Any) -> None:
    said(Act.FACTOR_CHANGED, user, staff=user.pk, what="removed", factor=authenticator.type)
    _other_key(request)


def _reset(user: Staff, authenticator: Authenticator, **_more: Any) -> None:
    said(Act.FACTOR_CHANGED, user, staff=user.pk, what="renewed", factor=authenticator.type)


def _passphrase_changed(request: HttpRequest, user: Staff, **_more: Any) -> None:
    said(Act.PASSPHRASE_CHANGED, user)
    # Django gave this session a new key; all others of the person end.
    sessions.end_all(user)
    began(request, user)


def _linked(sociallogin: Any, **_more: Any) -> None:
    staff, account = sociallogin.user, sociallogin.account
    said(Act.IDENTITY_CHANGED, staff, staff=staff.pk, what="linked", provider=account.provider)


def _other_key(request: HttpRequest) -> None:
    """Give the session another key, as its standing changed."""
    before = request.session.session_key or ""
    request.session.cycle_key()
    sessions.moved(before, request.session.session_key or "")


def _keep_since(instance: Authenticator, **_more: Any) -> None:
    """Keep since when a person has a second factor, in the same transaction: the core knows no factors."""
    factors = Authenticator.objects.filter(user_id=instance.user_id).exclude(type=CODES)
    since = factors.order_by("created_at").values_list("created_at", flat=True).first()
    Staff.objects.filter(pk=instance.user_id).exclude(second_factor_since=since).update(
        second_factor_since=since
    )
