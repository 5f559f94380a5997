"""Signing in with an account of elsewhere: a wiki (OAuth 2) or a provider of OpenID Connect.

Such an account opens the desk only for a person to whom it was linked: by an operator, or by the person while
signed in. An address of mail that a provider claims links nobody. Where a group is required, the provider is
asked for it at every sign-in; an answer that does not say it is a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.mediawiki.views import MediaWikiOAuth2Adapter
from allauth.socialaccount.providers.oauth2 import views as oauth2
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tutela.core.audit.models import Act
from tutela.core.people.models import Staff

from .account import own_page
from .doors import Door, door, doors
from .entrance import NEXT, safe
from .records import said

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT = "connect"


class WikiAdapter(MediaWikiOAuth2Adapter):
    """Reads the profile of a wiki's account, with its groups as they are now."""

    def complete_login(self, request: HttpRequest, _app: Any, token: Any, **_more: Any) -> Any:
        """Who it is, by the wiki. Keeps nothing but their name there."""
        headers = {"Authorization": f"Bearer {token.token}", **self.headers}
        with ElsewhereAdapter(request).get_requests_session() as session:
            answer = session.get(self.profile_url, headers=headers)
            answer.raise_for_status()
            profile = answer.json()
        login = self.get_provider().sociallogin_from_response(request, profile)
        return _plain(login, profile.get("username"), profile.get("groups"))


class OidcAdapter(OpenIDConnectOAuth2Adapter):
    """Reads the claims of a provider, with the groups as they are now."""

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Who it is, by the provider. Keeps nothing but their name there."""
        login = super().complete_login(request, app, token, **kwargs)
        claims = {
            **login.account.extra_data.get("id_token", {}),
            **login.account.extra_data.get("userinfo", {}),
        }
        return _plain(login, claims.get("preferred_username"), claims.get("groups"))


def _plain(login: Any, name: Any, groups: Any) -> Any:
    login.account.extra_data = {"name": str(name or "")[:200]}
    login.email_addresses = []
    login.groups = groups
    return login


class ElsewhereAdapter(DefaultSocialAccountAdapter):
    """Our rules: nobody signs up, links are made here only, groups are asked each time."""

    def is_open_for_signup(self, _request: HttpRequest, _login: Any) -> bool:
        """Never."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Let nobody on whom we do not know, or whose provider does not confirm the group."""
        by = door(sociallogin.account.provider)
        if by is None:
            raise Http404
        connecting = sociallogin.state.get("process") == CONNECT
        if why := _why_not(by, sociallogin, connecting=connecting):
            staff = sociallogin.user if sociallogin.is_existing else None
            said(Act.SIGN_IN_FAILED, None, staff=staff.pk if staff else None, how=by.provider)
            raise ImmediateHttpResponse(refused(request, why, 403))
        if connecting:
            sociallogin.state["next"] = reverse("socialaccount_connections")
        else:
            sociallogin.state["next"] = safe(request, request.COOKIES.get(NEXT, ""))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, *_about: Any, **_more: Any
    ) -> None:
        """Say that the provider could not be asked."""
        said(Act.SIGN_IN_FAILED, None, how=provider.sub_id)
        raise ImmediateHttpResponse(_unasked(request, provider.name))


def _why_not(by: Door, login: Any, *, connecting: bool) -> str:
    groups: Any = getattr(login, "groups", None)
    if by.group and not isinstance(groups, list):
        return _(
            "%(provider)s did not say to which groups this account belongs, so nobody can be let in with it."
        ) % {"provider": by.name}
    if by.group and by.group not in groups:
        return _("This account of %(provider)s is not in the group %(group)s.") % {
            "provider": by.name,
            "group": by.group,
        }
    known = login.is_existing and login.user.is_active and not login.user.is_system
    if not known and not connecting:
        return _(
            "This account of %(provider)s is linked to nobody here. Sign in with your passphrase and "
            "link it, or ask whoever runs this desk."
        ) % {"provider": by.name}
    return ""


def refused(request: HttpRequest, why: str, status: int) -> HttpResponse:
    """The page that says why not, with the way back."""
    return render(request, "desk/sign_in_refused.html", {"error": why}, status=status)


def _unasked(request: HttpRequest, name: str) -> HttpResponse:
    why = _("%(provider)s could not be asked who you are. Try again later, or sign in with your passphrase.")
    return refused(request, why % {"provider": name}, 503)


def _begin(request: HttpRequest, provider: str, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Send somebody to a provider, by a page of ours: a form may lead to no other site."""
    by = door(provider)
    if by is None:
        raise Http404
    if request.POST.get("process") == CONNECT:
        if is_reauthentication_required(request, app="allauth.mfa"):
            return HttpResponseRedirect(reverse("socialaccount_connections"))
    elif isinstance(request.user, Staff):
        return HttpResponseRedirect(reverse("desk:my-day"))
    try:
        response = view(request)
    except (oauth2.RequestException, oauth2.OAuth2Error, ValueError, KeyError):
        return _unasked(request, by.name)
    target = response.headers.get("Location", "")
    page = render(request, "desk/account/leave.html", {"name": by.name, "target": target})
    page.headers["Refresh"] = f"0; url={target}"
    return page


@never_cache
@require_POST
def begin_wiki(request: HttpRequest) -> HttpResponse:
    """Go to the wiki."""
    return _begin(request, "mediawiki", oauth2.OAuth2LoginView.adapter_view(WikiAdapter))


@never_cache
@require_POST
def begin_oidc(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to the provider."""
    view = oauth2.OAuth2LoginView.adapter_view(OidcAdapter(request, provider_id))
    return _begin(request, provider_id, view)


@never_cache
@require_safe
def back_from_wiki(request: HttpRequest) -> HttpResponse:
    """Come back from the wiki."""
    return _back(request, oauth2.OAuth2CallbackView.adapter_view(WikiAdapter))


@never_cache
@require_safe
def back_from_oidc(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Come back from the provider."""
    return _back(request, oauth2.OAuth2CallbackView.adapter_view(OidcAdapter(request, provider_id)))


def _back(request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    try:
        return view(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]  # allauth has no types
def _linked(request: HttpRequest) -> HttpResponse:
    """The accounts of elsewhere with which one signs in: to add one, and to take one away."""
    own = SocialAccount.objects.filter(user_id=request.user.pk)
    if request.method == "POST":
        number = request.POST.get("unlink", "")
        found = own.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
        if found:
            unlink(found)
        return HttpResponseRedirect(reverse("socialaccount_connections"))
    rows = [
        {"id": one.pk, "name": one.extra_data.get("name") or one.uid, "by": by.name}
        for one in own.order_by("pk")
        if (by := door(one.provider))
    ]
    return render(request, "desk/account/linked.html", {"rows": rows, "doors": doors()})


@transaction.atomic
def unlink(found: SocialAccount) -> None:
    """Take an account away from its person."""
    staff = Staff.objects.get(pk=found.user_id)
    said(Act.IDENTITY_CHANGED, staff, staff=staff.pk, what="unlinked", provider=found.provider)
    found.delete()


linked = own_page(_linked, gated=True)
