"""What stands before every page of the desk: a second factor, where one is required."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

if TYPE_CHECKING:
    from tutela.core.people.models import Staff

#: In the session: who proved a second factor in it, and when.
PROVED: Final = "second_factor"


def stop(request: HttpRequest, staff: Staff) -> HttpResponse | None:
    """Where somebody must go before the desk, or None."""
    if settings.SECOND_FACTOR != "required" or has_proved(request, staff):
        return None
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=401)
    if staff.second_factor_since is None:
        return HttpResponseRedirect(reverse("mfa_index"))
    return HttpResponseRedirect(
        f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"
    )


def prove(request: HttpRequest, staff: Staff) -> None:
    """Note that a second factor was just shown in this session."""
    request.session[PROVED] = {"staff": staff.pk, "at": time.time()}


def has_proved(request: HttpRequest, staff: Staff) -> bool:
    """Whether this person showed a second factor in this session."""
    proved = request.session.get(PROVED) or {}
    return bool(proved.get("staff") == staff.pk)
