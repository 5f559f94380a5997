"""Signing in by a one-time link, and out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound, TooMany, TutelaError
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.listening import tell_session_ended
from tutela.core.people.models import Staff
from tutela.core.people.sign_in import look_at_link, use_link
from tutela.surfaces.visitor import network_of

BACKEND = "django.contrib.auth.backends.ModelBackend"
NEXT = "tutela-next"


@never_cache
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """Say how to sign in, and remember for a quarter of an hour where the person was going."""
    if isinstance(request.user, Staff):
        return HttpResponseRedirect(_safe(request, request.GET.get("next", "")))
    response = render(request, "desk/sign_in.html")
    if wanted := request.GET.get("next", ""):
        response.set_cookie(
            NEXT,
            _safe(request, wanted),
            max_age=900,
            path=reverse("desk:sign-in"),
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show whom the link signs in; pressing the button does it. Looking uses nothing up."""
    address = network_of(request)
    try:
        if request.method != "POST":
            return render(request, "desk/sign_in_link.html", {"staff": look_at_link(secret, address)})
        staff = use_link(secret, address)
    except NotFound as error:
        return _refused(request, error, 410)
    except TooMany as error:
        return _refused(request, error, 429)
    return _signed_in(request, staff)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, and what its pages hear."""
    if isinstance(request.user, Staff):
        with acting_as(Actor.of(request.user, "desk")) as actor:
            record(Act.SIGNED_OUT, actor)
            _end_session(request)
    response = HttpResponseRedirect(reverse("desk:sign-in"))
    # Pages that the browser kept. Not "storage": there lie the person's own keys; drafts go by a script.
    response["Clear-Site-Data"] = '"cache"'
    return response


def _signed_in(request: HttpRequest, staff: Staff) -> HttpResponse:
    _end_session(request)  # whoever was signed in here before is not any more
    login(request, staff, backend=BACKEND)
    with acting_as(Actor.of(staff, "desk")) as actor:
        record(Act.SIGNED_IN, actor)
    response = HttpResponseRedirect(_safe(request, request.COOKIES.get(NEXT, "")))
    response.delete_cookie(NEXT, path=reverse("desk:sign-in"))
    return response


def _end_session(request: HttpRequest) -> None:
    """Forget the session; what listened with it hears of that in the same commit."""
    key = request.session.session_key
    with transaction.atomic():
        logout(request)
        if key:
            tell_session_ended(key)


def _refused(request: HttpRequest, error: TutelaError, status: int) -> HttpResponse:
    return render(request, "desk/sign_in.html", {"error": error}, status=status)


def _safe(request: HttpRequest, wanted: str) -> str:
    """Where to go on: only to a page of the desk on this host."""
    if wanted.startswith("/desk/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}
    ):
        return wanted
    return reverse("desk:my-day")
