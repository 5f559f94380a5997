"""Where somebody is signed in: a list of browsers, each of which can be ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tutela.core.audit.models import Act
from tutela.core.people import sessions
from tutela.core.people.listening import hash_of_session
from tutela.core.people.models import StaffSession
from tutela.surfaces.desk.faces import moment

from .account import own_page
from .records import said

if TYPE_CHECKING:
    from tutela.core.people.models import Staff


@require_http_methods(["GET", "HEAD", "POST"])
def _places(request: HttpRequest) -> HttpResponse:
    staff, here = cast("Staff", request.user), request.session.session_key or ""
    own = StaffSession.objects.filter(staff=staff)
    if request.method == "POST":
        _end(request.POST.get("end", ""), staff, here)
        return HttpResponseRedirect(reverse("account_places"))
    digest = hash_of_session(here)
    rows = [_row(one, digest) for one in own.order_by("-seen_at", "-id")]
    rows.sort(key=lambda row: not row["here"])
    return render(request, "desk/account/places.html", {"rows": rows})


def _row(session: StaffSession, here: str) -> dict[str, Any]:
    return {
        "id": session.pk,
        "here": session.key_hash == here,
        "address": session.address,
        "agent": session.agent,
        "began": moment(session.made_at),
        "seen": moment(session.seen_at),
    }


def _end(which: str, staff: Staff, here: str) -> None:
    """End one session of a person, or with `others` all but this one."""
    if which == "others":
        said(Act.SESSIONS_ENDED, staff, staff=staff.pk, count=sessions.end_all(staff, but=here))
    elif which.isascii() and which.isdigit() and len(which) < 19:
        found = StaffSession.objects.filter(staff=staff, pk=int(which)).first()
        if found:
            sessions.end(found)
            said(Act.SESSIONS_ENDED, staff, staff=staff.pk, count=1)


places = own_page(_places, gated=True)
