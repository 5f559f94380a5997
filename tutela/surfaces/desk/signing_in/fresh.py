"""Showing a second factor for one grave step, on a page that says what it is for.

The page asks when the engine refused for the lack of it, and sends on what was answered, so that nothing is
typed twice. What is shown counts for that step, on that case, with those answers, for five minutes.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.core.exceptions import NON_FIELD_ERRORS
from django.shortcuts import render

from tutela.core.flow.fresh import FRESH_FOR
from tutela.core.people.actor import Proof

from .forms import CodeAgain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from tutela.core.errors import FreshFactorNeeded
    from tutela.core.people.models import Staff
    from tutela.surfaces.desk.page import DeskRequest

PREFIX: Final = "factor"
SUBJECT, CODE, KEY = (f"{PREFIX}-{name}" for name in ("subject", "code", "credential"))
#: What the page adds to the answers of the step.
FIELDS: Final = (SUBJECT, CODE, KEY)
#: In the session: what the page last asked for, and what was last shown.
ASKED, SHOWN = "fresh_factor_asked", "fresh_factor"


def show(request: HttpRequest, staff: Staff) -> None:
    """Look at the factor that came with a form. A right one is kept in the session, for what was asked."""
    asked = request.session.get(ASKED) or {}
    subject = request.POST[SUBJECT]
    if asked.get("subject") != subject or time.time() - asked["at"] > FRESH_FOR.total_seconds():
        return  # the page asks again, for what it is about now
    form = _form(request, staff)
    request.factor_form = form  # type: ignore[attr-defined]  # ours, for this request
    if not form.is_valid():
        return
    key = form.cleaned_data.get("credential")
    authenticator: Authenticator = key if isinstance(form, ReauthenticateWebAuthnForm) else form.authenticator
    post_authentication(request, authenticator, reauthenticated=True)
    request.session[SHOWN] = {
        "staff": staff.pk,
        "subject": subject,
        "at": time.time(),
        "how": str(authenticator.type),
    }


def proof_of(request: HttpRequest, staff: Staff) -> Proof | None:
    """What this person last showed in this session."""
    shown = request.session.get(SHOWN) or {}
    if shown.get("staff") != staff.pk:
        return None
    return Proof(shown["subject"], datetime.fromtimestamp(shown["at"], UTC), shown["how"])


def ask(request: DeskRequest, error: FreshFactorNeeded, context: Mapping[str, Any]) -> HttpResponse:
    """The page that asks, and sends the same form again with what is shown (HTTP 403)."""
    from tutela.surfaces.desk.rail import rail_of

    subject = error.facts["subject"]
    request.session[ASKED] = {"subject": subject, "at": time.time()}
    owned = set(Authenticator.objects.filter(user_id=request.user.pk).values_list("type", flat=True))
    form = getattr(request, "factor_form", None) or CodeAgain(user=request.user, prefix=PREFIX)
    page = {
        **context,
        "slim": True,
        "rail": rail_of(request),
        "subject": subject,
        "answers": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in {"csrfmiddlewaretoken", *FIELDS}
            for value in values
        ],
        "code": form if isinstance(form, CodeAgain) else CodeAgain(user=request.user, prefix=PREFIX),
        "errors": [said for name in ("credential", NON_FIELD_ERRORS) for said in form.errors.get(name, [])],
        "options": begin_authentication(request.user) if Authenticator.Type.WEBAUTHN in owned else None,
    }
    return render(request, "desk/fresh_factor.html", page, status=403)


def _form(request: HttpRequest, staff: Staff) -> Any:
    if request.POST.get(KEY):
        return ReauthenticateWebAuthnForm(request.POST, user=staff, prefix=PREFIX)
    return CodeAgain(request.POST, user=staff, prefix=PREFIX)
