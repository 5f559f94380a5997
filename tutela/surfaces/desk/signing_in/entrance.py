"""Coming in: by name and passphrase, by a one-time link, by an invitation; and going out."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound, TooMany, TutelaError
from tutela.core.people import sessions
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import SignInLink, Staff
from tutela.core.people.sign_in import look_at_link, use_link
from tutela.surfaces.visitor import network_of

from .doors import doors
from .forms import ChoosePassphrase
from .records import said

NEXT = "tutela-next"
INVITATION = SignInLink.Kind.INVITATION


class SignIn(LoginView):
    """Ask for name and passphrase, and remember for a quarter of an hour where the person was going."""

    template_name = "desk/sign_in.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send on whoever is signed in; begin anew where somebody left the second factor half way."""
        if isinstance(request.user, Staff):
            return HttpResponseRedirect(safe(request, request.GET.get("next", "")))
        if request.method == "GET":
            clear_login(request)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        if wanted := request.GET.get("next", ""):
            _remember(request, response, wanted)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the page offers beside the form."""
        return {**super().get_context_data(**kwargs), "public_url": settings.PUBLIC_URL, "doors": doors()}

    def get_success_url(self) -> str:
        """Where they were going."""
        return safe(self.request, self.request.COOKIES.get(NEXT, ""))

    def form_valid(self, form: Any) -> HttpResponse:
        """Go on to the second factor, or to the desk."""
        response: HttpResponse = super().form_valid(form)
        response.delete_cookie(NEXT, path=reverse("desk:sign-in"))
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """The same page, with what is wrong."""
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 429 if form.has_error("__all__", "too_many_login_attempts") else 422
        return response


sign_in = never_cache(SignIn.as_view())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show whom the link signs in; pressing the button does it. Looking uses nothing up."""
    address = network_of(request)
    try:
        if request.method != "POST":
            return render(request, "desk/sign_in_link.html", {"staff": look_at_link(secret, address)})
        staff = use_link(secret, address)
    except (NotFound, TooMany) as error:
        return _refused(request, error)
    return _come_in(request, staff, "link")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Let somebody who was invited choose a passphrase, and sign them in."""
    address = network_of(request)
    try:
        staff = look_at_link(secret, address, INVITATION)
        form = ChoosePassphrase(staff, request.POST if request.method == "POST" else None)
        if not form.is_valid():
            status = 422 if form.is_bound else 200
            return render(request, "desk/invitation.html", {"staff": staff, "form": form}, status=status)
        with transaction.atomic():
            use_link(secret, address, INVITATION)
            form.save()
            said(Act.PASSPHRASE_CHANGED, staff, how="invitation")
    except (NotFound, TooMany) as error:
        return _refused(request, error)
    return _come_in(request, staff, "invitation")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, and what its pages hear."""
    if isinstance(request.user, Staff):
        with acting_as(Actor.of(request.user, "desk")) as actor:
            record(Act.SIGNED_OUT, actor)
            end_session(request)
    response = HttpResponseRedirect(reverse("desk:sign-in"))
    # Pages that the browser kept. Not "storage": there lie the person's own keys; drafts go by a script.
    response["Clear-Site-Data"] = '"cache"'
    return response


def end_session(request: HttpRequest) -> None:
    """Forget the session; what listened with it hears of that in the same commit."""
    key = request.session.session_key
    with transaction.atomic():
        logout(request)
        if key:
            sessions.ended(key)


def safe(request: HttpRequest, wanted: str) -> str:
    """Where to go on: only to a page of the desk on this host."""
    if wanted.startswith("/desk/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}
    ):
        return wanted
    return reverse("desk:my-day")


def _come_in(request: HttpRequest, staff: Staff, how: str) -> HttpResponse:
    """Go on to the second factor of the person, or to the desk where they have none."""
    end_session(request)  # whoever was signed in here before is not any more
    record_authentication(request, staff, how, reauthenticated=True)
    login = Login(user=staff, redirect_url=safe(request, request.COOKIES.get(NEXT, "")))
    response: HttpResponse = perform_login(request, login)
    response.delete_cookie(NEXT, path=reverse("desk:sign-in"))
    return response


def _remember(request: HttpRequest, response: HttpResponseBase, wanted: str) -> None:
    response.set_cookie(
        NEXT,
        safe(request, wanted),
        max_age=900,
        path=reverse("desk:sign-in"),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _refused(request: HttpRequest, error: TutelaError) -> HttpResponse:
    return render(
        request,
        "desk/sign_in_refused.html",
        {"error": error},
        status=429 if isinstance(error, TooMany) else 410,
    )
