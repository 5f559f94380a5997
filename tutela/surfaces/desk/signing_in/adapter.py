"""Our rules for django-allauth: nobody signs up, everybody is slowed down alike, factors are kept sealed."""

from __future__ import annotations

import ipaddress
from typing import Any, ClassVar

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathFillImage

from tutela.core.people.models import Staff
from tutela.core.people.sign_in import may_try_passphrase
from tutela.surfaces.visitor import address_of, network_of

from . import secrets
from .records import failed

CODE = {"mfa_reauthenticate", "mfa_reauthenticate:webauthn"}


class AccountAdapter(DefaultAccountAdapter):
    """Staff sign in; nobody makes an account for themselves."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("The name or the passphrase is not right."),
        "incorrect_password": _("The passphrase is not right."),
        "enter_current_password": _("The passphrase is not right."),
        "too_many_login_attempts": _("Too many tries. Wait a quarter of an hour and try again."),
        "rate_limited": _("Too many tries. Wait a quarter of an hour and try again."),
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Never: people are invited."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try before anything is looked at, for names that nobody has too."""
        if not may_try_passphrase(str(credentials.get("username", "")), network_of(request)):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Staff | None:
        """The person, if they may come in. Those who left get the same words as those who never were."""
        found = super().authenticate(request, **credentials)
        return found if isinstance(found, Staff) and found.is_active and not found.is_system else None

    def authentication_failed(self, _request: HttpRequest, **credentials: Any) -> None:
        """Put it on the record, whether or not anybody has the name."""
        failed(str(credentials.get("username", "")), "passphrase")

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has a second factor confirms with it: a passphrase alone adds and removes none."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        strong = [one for one in methods if one["id"] in CODE]
        words = {
            "mfa_reauthenticate": _("Use a code"),
            "mfa_reauthenticate:webauthn": _("Use a security key"),
        }
        return [{**one, "description": words.get(one["id"], one["description"])} for one in strong or methods]

    def get_login_redirect_url(self, _request: HttpRequest) -> str:
        """My day, where nobody said where they were going."""
        return reverse("desk:my-day")

    def get_password_change_redirect_url(self, _request: HttpRequest) -> str:
        """To the page from which they came."""
        return reverse("mfa_index")

    def get_client_ip(self, request: HttpRequest) -> str:
        """As everywhere: what our outermost proxy wrote down."""
        return address_of(request)

    def add_message(self, *_about: Any, **_more: Any) -> None:
        """Say nothing beside the page: our pages show what is."""


class FactorAdapter(DefaultMFAAdapter):
    """Second factors: sealed secrets, our names, and the last one stays where one is required."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("The code is not right, or it was used already. Wait for the next one."),
        "cannot_delete_authenticator": _("This is your only second factor. Add another one first."),
    }

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return secrets.seal_text(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret that was stored."""
        return secrets.open_text(encrypted_text)

    def get_totp_label(self, user: Any) -> str:
        """The name under which the person signs in."""
        return str(user.username)

    def get_totp_issuer(self) -> str:
        """Where one signs in with it."""
        return f"{settings.ORGANISATION}, Tutela"

    def build_totp_svg(self, url: str) -> str:
        """The key as a picture, dark on light in every look: no phone reads another one."""
        picture: bytes = qrcode.make(url, image_factory=SvgPathFillImage).to_string()
        return picture.decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last factor stays where one is required."""
        others = Authenticator.objects.filter(user_id=authenticator.user_id)
        others = others.exclude(type=Authenticator.Type.RECOVERY_CODES).exclude(pk=authenticator.pk)
        return settings.SECOND_FACTOR != "required" or others.exists()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002  allauth's name
        """What a key is called that got no name."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Security key %(number)s") % {"number": number}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """What a security key is told: the working name, never an address."""
        return {**super().get_public_key_credential_user_entity(user), "name": user.username}


def keys_work_here(request: HttpRequest) -> bool:
    """Whether browsers let security keys be used at this address: not by number, and not without TLS."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return request.is_secure() or host == "localhost"
    return False
