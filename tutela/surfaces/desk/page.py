"""What every page of the desk does first and last.

`desk_page` asks who it is, names that person to the database for the whole of the page, speaks their
language and their time zone, and turns the errors of the core into pages. A case that is not theirs
to see, a reference that nobody has and an address that leads nowhere give the same page: the same
bytes after the same number of queries.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from tutela.core.again import again_if_it_gave_way
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, KeyReused, NotAllowed, NotFound, StepClosed, TooMany, TutelaError
from tutela.core.kept import kept
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff
from tutela.core.records.tombstones import find_tombstone
from tutela.ui.templatetags.ui import rail_is_slim

from .rail import rail_of
from .signing_in import entrance, fresh, gate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http.response import HttpResponseBase

    View = Callable[..., HttpResponseBase]

#: A reference that no case gets: numbers begin with one.
NOBODYS = "EM-2000-0000"

STATUS: dict[type[TutelaError], int] = {
    NotAllowed: 403,
    StepClosed: 409,
    KeyReused: 409,
    BadData: 422,
    TooMany: 429,
}


class DeskRequest(HttpRequest):
    """A request from somebody who is signed in."""

    user: Staff
    actor: Actor


def desk_page(view: View) -> View:
    """Make a view of the desk: for signed-in people, in one transaction, with errors as pages."""

    @wraps(view)
    @never_cache
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, Staff) or request.user.is_system:
            return to_sign_in(request)
        if gate.is_over(request):
            entrance.end_session(request)
            return to_sign_in(request)
        if elsewhere := gate.stop(request, request.user):
            return elsewhere
        asked = cast("DeskRequest", request)
        if fresh.SUBJECT in request.POST:
            fresh.show(asked, asked.user)  # before the transaction: what was used up stays so
        asked.actor = replace(Actor.of(asked.user, "desk"), proof=fresh.proof_of(asked, asked.user))
        with translation.override(asked.user.language), timezone.override(zone_of(asked.user)):
            response = _answer(view, asked, *args, **kwargs)
            response.headers["Content-Language"] = translation.get_language() or ""
        return response

    return page


def _answer(view: View, request: DeskRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    def whole_page() -> HttpResponseBase:
        with acting_as(request.actor):
            return view(request, *args, **kwargs)

    try:
        return again_if_it_gave_way(whole_page)
    except NotFound:
        return render(request, "desk/not_found.html", status=404)
    except TutelaError as error:
        # The transaction of the page was rolled back; the rail of the error page needs its own.
        with acting_as(request.actor):
            return wrong(request, error)


def show(
    request: DeskRequest, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A whole page, with the rail."""
    said, rail = dict(context or {}), rail_of(request)
    rail.slim = rail_is_slim({"request": request, **said})
    return render(request, template, {**said, "rail": rail}, status=status)


def wrong(request: DeskRequest, error: TutelaError) -> HttpResponse:
    """A page that says what happened, what is safe and what to do."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    return show(request, "desk/wrong.html", {"error": error, "status": status}, status)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a visitor to the sign-in page, and a script that fetches a fragment away."""
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=401)
    return HttpResponseRedirect(f"{reverse('desk:sign-in')}?{urlencode({'next': request.get_full_path()})}")


def zone_of(staff: Staff) -> ZoneInfo:
    """The time zone of a person; UTC where theirs is not known to this machine."""
    try:
        return ZoneInfo(staff.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def case_or_not_found(reference: str) -> Case:
    """The case, if the person sees it. Raises NotFound, as for a reference that nobody has."""
    for case in _called(reference):
        return case
    raise NotFound


@kept
def _called(reference: str) -> QuerySet[Case]:
    return Case.objects.select_related("team", "assignee").filter(reference=reference)


@desk_page
def nowhere(_request: DeskRequest, **_address: str) -> HttpResponse:
    """An address that leads nowhere: asks and answers as for a case that nobody has and that never was."""
    with suppress(NotFound):
        case_or_not_found(NOBODYS)
    find_tombstone(NOBODYS)
    raise NotFound
