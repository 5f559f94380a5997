"""The pages of one's own account: second factors and the passphrase. allauth's views, our look."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from tutela.core.people.models import Staff
from tutela.surfaces.desk.page import to_sign_in, zone_of

from . import entrance, gate
from .adapter import keys_work_here
from .doors import doors

View = Callable[..., HttpResponseBase]


def own_page(view: View, *, gated: bool = False) -> View:
    """Make a page of one's own account: for signed-in people, in their language and time zone.

    A `gated` one is only for those who need not set up a second factor first.
    """

    @wraps(view)
    @never_cache
    @sensitive_post_parameters()
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        staff = request.user
        if not isinstance(staff, Staff) or staff.is_system:
            return to_sign_in(request)
        if gate.is_over(request):
            entrance.end_session(request)
            return to_sign_in(request)
        if gated and (elsewhere := gate.stop(request, staff)):
            return elsewhere
        with translation.override(staff.language), timezone.override(zone_of(staff)):
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.render()
            return response

    return page


class Factors(mfa.IndexView):
    """The second factors of a person, and what they can add."""

    template_name = "desk/account/factors.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What there is, and whether the desk waits for it."""
        found = super().get_context_data(**kwargs)
        own = found["authenticators"]
        return {
            **found,
            "app": own.get(Authenticator.Type.TOTP),
            "keys": own.get(Authenticator.Type.WEBAUTHN, []),
            "codes": own.get(Authenticator.Type.RECOVERY_CODES),
            "must": settings.SECOND_FACTOR == "required" and self.request.user.second_factor_since is None,
            "keys_work": keys_work_here(self.request),
            "doors": doors(),
            "has_passphrase": self.request.user.has_usable_password(),
        }


class AddKey(webauthn.AddWebAuthnView):
    """Add a security key, where browsers let one be used."""

    template_name = "desk/account/add_key.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Back to the list where it cannot work."""
        if not keys_work_here(request):
            return HttpResponseRedirect(reverse("mfa_index"))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class Passphrase(account.PasswordChangeView):
    """Change the passphrase. It is first chosen by invitation."""

    template_name = "desk/account/passphrase.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Back to the list for those who sign in without one."""
        if not request.user.has_usable_password():  # type: ignore[union-attr]  # by own_page
            return HttpResponseRedirect(reverse("mfa_index"))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


def _template(view: Any, name: str) -> View:
    made: View = view.as_view(template_name=f"desk/account/{name}.html")
    return made


factors = own_page(Factors.as_view())
add_key = own_page(AddKey.as_view())
remove_key = own_page(_template(webauthn.RemoveWebAuthnView, "remove"))
add_app = own_page(_template(totp.ActivateTOTPView, "add_app"))
remove_app = own_page(_template(totp.DeactivateTOTPView, "remove"))
recovery_codes = own_page(_template(codes.ViewRecoveryCodesView, "codes"))
new_codes = own_page(_template(codes.GenerateRecoveryCodesView, "new_codes"))
passphrase = own_page(Passphrase.as_view(), gated=True)
confirm_passphrase = own_page(_template(account.ReauthenticateView, "confirm"))
confirm_code = own_page(_template(mfa.ReauthenticateView, "confirm"))
confirm_key = own_page(_template(webauthn.ReauthenticateWebAuthnView, "confirm"))
#: Between the passphrase and the desk: nobody is signed in yet.
second_factor = sensitive_post_parameters()(_template(mfa.AuthenticateView, "second_factor"))
