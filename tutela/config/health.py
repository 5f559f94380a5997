"""The address that says whether the platform can do its work."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse

from tutela.connectors import FACTORIES
from tutela.connectors.imap.accounts import sources
from tutela.core.errors import NotConfigured
from tutela.core.health import beats
from tutela.core.health.report import Health, Part, look
from tutela.core.people.models import Staff, Token
from tutela.core.people.tokens import holder_of


def readyz(request: HttpRequest) -> JsonResponse:
    """Answers 200 when the platform can do its work, else 503; says of each part whether it is well.

    Figures and sentences are for people who are signed in and for tokens that read: how many reports wait,
    or which connector is refused, is nobody else's to know.
    """
    health = whole_platform()
    said: dict[str, Any] = {
        "status": "ready" if health.ready else "not ready",
        "parts": {part: "ok" if well else "not ok" for part, well in health.parts.items()},
    }
    if _is_ours(request):
        said |= {
            "faults": health.faults,
            "attention": health.attention,
            "loops": health.loops,
            "figures": health.figures,
        }
    response = JsonResponse(said, status=200 if health.ready else 503)
    response["Cache-Control"] = "no-store"
    return response


def _is_ours(request: HttpRequest) -> bool:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if kind.lower() == "bearer":
            holder = holder_of(token)
            return holder is not None and holder.scope != Token.Scope.INTAKE
        return isinstance(request.user, Staff)
    except DatabaseError:
        return False


def whole_platform() -> Health:
    """The health of the database and of every loop that this installation should run."""
    try:
        fetched = [one.name for one in sources(settings.IMAP, frozenset(settings.MAILBOXES))]
    except NotConfigured as error:
        health = look(loops())
        health.look_at(Part.MAIL, str(error))
        return health
    return look(loops(), fetched)


def loops() -> list[str]:
    """The names of the loops that `tutela worker` runs."""
    return [beats.INTAKE, beats.CLOCKS, beats.PAGES, beats.CHORES, *map(beats.effects_of, FACTORIES)]
