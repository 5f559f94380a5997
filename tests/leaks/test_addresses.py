"""Every address of the desk's app, of the API and of the portal × every kind of person × every method.

The addresses are read from the routes: a new one is walked on the day it is added, and fails here until
each part of it is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from tests.cast import first
from tests.signed_in import sign_in
from tutela.core.people.actor import Actor, system_actor
from tutela.core.people.models import Staff, Token
from tutela.core.people.roles import SystemActor
from tutela.core.people.tokens import forget_tokens, make_token

from .scene import (
    ABSENT,
    LIKE_IT,
    MARKER,
    NONE,
    REDACTED,
    Hidden,
    hide,
    leave,
    outsiders,
    reads_of_openings,
    traces,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DESK, PORTAL = "tutela.config.urls", "tutela.config.portal.urls"
#: Asked of everybody; the others of one kind of person are enough, since Django refuses them before a view.
METHODS, RARE_METHODS = ("GET", "POST"), ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Addresses that are no route but a pattern, each with one that it takes.
PATTERNS = {
    r"^(?P<address>.+)/$": "nothing/here/",
    r"^/?api/v2/requests\.json$": "api/v2/requests.json",
    r"^wiki/(?P<secret>[\w-]{16,200})//?api/v2/requests\.json$": "wiki/nobodys-secret/api/v2/requests.json",
}
#: What `elements` shows are made-up cases, which look like those of tests.
MADE_UP = {"desk/elements", "desk/elements/"}


@dataclass(frozen=True)
class Address:
    """One route, as Django knows it, from its root."""

    route: str
    name: str

    @property
    def of_a_case(self) -> bool:
        """Whether it names a case."""
        return "reference>" in self.route

    def filled(self, numbers: dict[str, str]) -> str:
        """With its parts put in. A part that nobody named fails the test."""
        where = self.route
        for part, value in numbers.items():
            where = where.replace(part, value)
        assert "<" not in where, f"{self.route}: name its parts in `parts()`"
        return f"/{where}"


def addresses(urlconf: str) -> list[Address]:
    """Every route of an app."""
    return list(_below(get_resolver(urlconf).url_patterns, ""))


def _below(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[Address]:
    for one in patterns:
        text = str(one.pattern)
        route = before + (text if isinstance(one.pattern, RoutePattern) else PATTERNS.get(text, text))
        if isinstance(one, URLResolver):
            yield from _below(one.url_patterns, route)
        else:
            yield Address(route, one.name or "")


def parts(where: Address, hidden: Hidden, *, there: bool = True) -> dict[str, str]:
    """The parts of an address, with the numbers of the hidden case, or of none."""
    numbered = {
        "glass": hidden.opening,
        "conflict": hidden.conflict,
        "slice": hidden.waiting_slice,
        "slice-read": hidden.slice,
        "report": hidden.report,
        "exhibit": hidden.exhibit,
        "words": hidden.report,
    }
    number = numbered.get(
        where.name, next((value for name, value in numbered.items() if where.name.startswith(name)), 1)
    )
    named = hidden.hold if where.name.startswith("hold") else hidden.release
    return {
        "<str:reference>": hidden.reference if there else ABSENT,
        "<reference>": hidden.reference if there else ABSENT,
        "<str:step>": "note",
        "<verb>": "note",
        "<slug:workflow>": "emergency",
        "<slug>": "emergency",
        "<slug:rota>": "emergencies",
        "<rota>": "emergencies",
        "<offer>": "1",
        "<slug:provider_id>": "nobody",
        "<str:secret>": "unknown",
        "<int:event>": str(hidden.event),
        "<int:line>": "1",
        "<review>": "1",
        "<line>": "1",
        "<int:file>": "1",
        "<int:pk>": "1",
        "<int:number>": str(number if there else NONE),
        "<str:number>": named if there else "RL-2026-9999",
        "<hold>": hidden.hold if there else "LH-2026-9999",
        "<run>": first("DR"),
        "<certificate>": first("DC"),
        "<number>": hidden.release if there else "RL-2026-9999",
        "<opening>": str(hidden.opening if there else NONE),
        "<slice_id>": str(hidden.slice if there else NONE),
        "<conflict>": str(hidden.conflict if there else NONE),
    }


class Visitor:
    """Somebody at a browser who has a token as well."""

    def __init__(self, actor: Actor | None) -> None:
        self._client = Client(raise_request_exception=False)
        self._token = ""
        if actor:
            staff = Staff.objects.get(pk=actor.id)
            sign_in(self._client, staff)
            operator = system_actor(SystemActor.OPERATOR)
            self._token, _row = make_token(staff, "leaks", Token.Scope.WRITE, DAY, operator)

    def ask(self, method: str, where: str, look: Callable[[], None] = lambda: None) -> HttpResponse:
        """What comes back. Whatever it changed is taken back after a last look."""
        of_api = where.startswith("/api/")
        headers = {"Authorization": f"Bearer {self._token}"} if of_api and self._token else {}
        query = f"?q={LIKE_IT}&recipient={LIKE_IT}&person=juniper&username=juniper"
        body = '{"text": "a note"}' if of_api else ""
        kind = "application/json" if of_api else "application/x-www-form-urlencoded"
        cookies = deepcopy(self._client.cookies)
        with transaction.atomic():
            answer = self._client.generic(method, where + query, body, kind, headers=headers)
            look()
            transaction.set_rollback(True)
        self._client.cookies = cookies  # signing out is taken back as well
        return answer


def said(answer: HttpResponse) -> str:
    """All of an answer: headers, title, body. Without what differs by the second and by chance."""
    lines = [
        f"{name}: {sorted(value.split('; '))}"
        for name, value in answer.headers.items()
        if name not in {"Expires", "X-Request-Id"}
    ]
    body = answer.getvalue() if answer.streaming else answer.content
    return "\n".join([*lines, body.decode("utf-8", "replace")])


def without(answer: HttpResponse, asked: str) -> str:
    """An answer without the address that was asked for, as which it may come back."""
    return said(answer).replace(asked, "").replace(quote(asked, safe=""), "")


@pytest.fixture
def hidden(cast, settings) -> Hidden:
    settings.API_REQUESTS_PER_MINUTE = 10**6  # an answer that one asks too much would hide every other
    forget_tokens()
    return hide(cast)


@pytest.fixture
def people(cast, hidden) -> dict[str, Visitor]:
    """One of each kind, at their browsers."""
    actors = outsiders(cast, hidden)
    visitors = {kind: Visitor(actor) for kind, actor in actors.items()}
    leave(actors["somebody who left"])
    return {"nobody": Visitor(None), **visitors}


WALKED = [one for one in addresses(DESK) if one.route not in MADE_UP]


def test_every_pattern_has_an_address_that_it_takes():
    for urlconf in (DESK, PORTAL):
        for one in addresses(urlconf):
            assert "(?P" not in one.route, f"{one.route}: name it in PATTERNS"


def test_no_address_tells_anybody_of_the_case_and_none_changes_it(hidden, people):
    found = []
    for where in WALKED:
        there, absent = where.filled(parts(where, hidden)), where.filled(parts(where, hidden, there=False))
        for kind, visitor in people.items():
            for method in METHODS:
                found += faults(visitor, kind, method, there, absent if where.of_a_case else "", hidden)
        for method in RARE_METHODS:
            found += faults(people["outside the team"], "outside the team", method, there, "", hidden)
    assert found == [], Counter((there, what) for _kind, _method, there, _status, what in found)


def faults(
    visitor: Visitor, kind: str, method: str, there: str, absent: str, hidden: Hidden
) -> list[tuple[str, ...]]:
    """Ask, and look for what should not be there."""
    wrong = []
    before = traces(hidden) if method == "POST" else ()

    def look() -> None:
        if before and traces(hidden) != before and not reads_of_openings(kind):
            wrong.append("changes something")

    answer = visitor.ask(method, there, look)
    text = without(answer, there)
    if answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        wrong.append("broke")
    if MARKER in text:
        wrong.append("holds the marker")
    if hidden.reference in text and not reads_of_openings(kind):
        wrong.append("names the case")
    if absent:
        other = visitor.ask(method, absent)
        if (answer.status_code, text) != (other.status_code, without(other, absent)):
            wrong.append("differs from a case that is not there")
    return [(kind, method, there, str(answer.status_code), what) for what in wrong]


def test_who_may_see_it_does(cast, hidden):
    """The walk above would pass on a desk that answers nobody: somebody must get the markers."""
    juniper = Visitor(cast.juniper)
    for where in (
        f"/desk/case/{hidden.reference}/",
        "/desk/search/",
        "/desk/releases/",
        "/desk/releases/export/",
        "/desk/records/holds/",
        f"/desk/records/holds/{hidden.hold}/",
        f"/api/v1/cases/{hidden.reference}/timeline",
        "/api/v1/search",
        "/api/v1/releases.csv",
    ):
        assert MARKER in said(juniper.ask("GET", where)), where


def test_a_partner_reads_the_slice_and_nothing_else(hidden, people):
    for kind, visitor in people.items():
        for where in (f"/desk/slices/{hidden.slice}/", f"/api/v1/slices/{hidden.slice}", "/api/v1/slices"):
            answer = visitor.ask("GET", where)
            assert (REDACTED in said(answer)) == (kind == "a partner with a slice"), (kind, where)
        for where in (f"/desk/slices/{hidden.waiting_slice}/", f"/api/v1/slices/{hidden.waiting_slice}"):
            assert REDACTED not in said(visitor.ask("GET", where)), (kind, where)


def test_a_glass_leads_to_the_case_everywhere_and_to_no_change(cast, hidden):
    """An open break-glass shows the case on each page that would find it, and takes no step."""
    rowan = Visitor(Actor.of(Staff.objects.get(username="rowan"), "desk"))
    for where in (
        f"/desk/case/{hidden.reference}/",
        "/desk/search/",
        "/desk/releases/",
        f"/desk/releases/{hidden.release}/",
        "/api/v1/search",
        f"/api/v1/releases/{hidden.release}",
    ):
        assert MARKER in said(rowan.ask("GET", where)), where
    before = traces(hidden)

    def look() -> None:
        assert traces(hidden) == before

    for where in WALKED:
        if where.of_a_case:
            rowan.ask("POST", where.filled(parts(where, hidden)), look)
