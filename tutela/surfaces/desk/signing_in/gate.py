"""What stands before every page of the desk: limits of the session, and a second factor where required."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from tutela.core.people import sessions
from tutela.surfaces.visitor import address_of

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from tutela.core.people.models import Staff

#: In the session: who proved a second factor in it, and when; since when it is, and when it was last used.
PROVED: Final = "second_factor"
LIMITS: Final = "limits"
#: Seconds after which it is noted again that a session is used: so often a page writes, and no more often.
NOTED_EVERY: Final = 60


def begin(session: SessionBase) -> None:
    """Start the time of a session in which somebody just signed in."""
    session[LIMITS] = {"began": time.time(), "seen": 0}


def is_over(request: HttpRequest) -> bool:
    """Whether the session was idle for too long or is too old; else note, once in a while, that it is used.

    What a script fetches by itself is no use: an open page alone keeps nobody signed in.
    """
    now, kept = time.time(), request.session.get(LIMITS) or {"began": 0, "seen": 0}
    left = kept["began"] + settings.SESSION_COOKIE_AGE - now
    idle = now - kept["seen"] if kept["seen"] else 0
    if left <= 0 or idle > settings.SESSION_IDLE:
        return True
    if now - kept["seen"] >= NOTED_EVERY and request.headers.get("X-Requested-With") != "fetch":
        request.session[LIMITS] = {"began": kept["began"], "seen": now}
        # The database ends it too, for whoever asks there: the live updates do.
        request.session.set_expiry(int(min(left, settings.SESSION_IDLE)))
        sessions.seen(request.session.session_key or "", address_of(request))
    return False


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
