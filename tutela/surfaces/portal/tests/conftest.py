"""What the stories of the portal share: a visitor without scripts or cookies, and a browser with scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client, override_settings
from pytest_django.live_server_helper import LiveServer

from tests.apps import portal_settings
from tutela.core.cases.models import Report
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

WORDS = "They wrote goodbye on their talk page and named a station in Sample City."
LINK = "https://wiki.example/wiki/User_talk:ExampleMoss"
STRAIGHT_FROM_FOLDERS = "django.contrib.staticfiles.storage.StaticFilesStorage"
NOBODYS_CODE = "0000 0000 0000 0000"


@pytest.fixture(scope="module", autouse=True)
def portal_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The settings of the portal in the place of the desk's: its addresses, its middleware, its secret.

    The files of the pages come straight from their folders, whether or not they were collected before.
    """
    own = portal_settings()
    of_tests = {
        "STORAGES": {**own["STORAGES"], "staticfiles": {"BACKEND": STRAIGHT_FROM_FOLDERS}},
        "STATIC_ROOT": tmp_path_factory.mktemp("static"),
    }
    with override_settings(**{**own, **of_tests}):
        yield


@pytest.fixture(scope="module")
def live_server(portal_app: None) -> Iterator[LiveServer]:
    """The portal on a port of its own: pytest-django's would serve the desk."""
    server = LiveServer("localhost")
    yield server
    server.stop()


class Visitor:
    """Somebody whose browser runs no scripts and keeps no cookies.

    A request of theirs that uses the desk's login fails the test.
    """

    def __init__(self) -> None:
        self._client = Client(enforce_csrf_checks=True, raise_request_exception=False)

    def get(self, path: str, **headers: str) -> HttpResponse:
        with connections["default"].execute_wrapper(_refuse):
            return self._client.get(path, headers=_named(headers))

    def post(self, path: str, fields: dict[str, str] | bytes, **headers: str) -> HttpResponse:
        """Send a form as browsers do."""
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        return self.send("POST", path, body, "application/x-www-form-urlencoded", **headers)

    def send(self, method: str, path: str, body: bytes, content_type: str, **headers: str) -> HttpResponse:
        with connections["default"].execute_wrapper(_refuse):
            return self._client.generic(method, path, body, content_type, headers=_named(headers))

    def key(self, path: str = "/en/emergency/") -> str:
        """Open a form and take the key that lies in it."""
        return hidden(self.get(path), "key")

    def report(self, path: str = "/en/emergency/", **fields: str) -> HttpResponse:
        """Open a form and send it, filled in."""
        return self.post(path, {"key": self.key(path), "what": WORDS, "answer": "here", **fields})

    @property
    def cookies(self) -> list[str]:
        return list(self._client.cookies)


def _refuse(_execute, statement, *_more):
    pytest.fail(f"The portal used the desk's login: {statement}")


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def hidden(response: HttpResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no field {name} in {response.content.decode()[:2000]}"
    return unescape(found[1])


def code_of(response: HttpResponse) -> str:
    """The receipt code on a page."""
    return hidden(response, "code")


def typed(response: HttpResponse, name: str = "what") -> str:
    """What stands in a text field of a page."""
    page = response.content.decode()
    found = re.search(rf'<textarea name="{name}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    found = found or re.search(rf'<input [^>]*name="{name}" [^>]*value="([^"]*)"', page)
    assert found, f"no field {name} in {page[:2000]}"
    return unescape(found[1])


def words_of(response: HttpResponse) -> str:
    """A page as it reads: no markup, one space between words."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


@pytest.fixture
def reports(superuser):
    """Rows of all reports: row security lets nobody but the superuser read them outside a case."""

    def read(columns: str = "text") -> list:
        rows = superuser.execute(f"select {columns} from cases_report order by id").fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    return read


@pytest.fixture
def opened():
    """One sealed column of all reports, as the worker opens it."""

    def read(column: str) -> list:
        with acting_as(system_actor(SystemActor.INTAKE)):
            return [getattr(one, column) for one in Report.objects.order_by("id")]

    return read


@pytest.fixture
def database_away():
    """Lets the portal's login find no server, until it is called again."""
    portal = connections["portal"]
    host = portal.settings_dict["HOST"]

    def go() -> None:
        portal.close()
        portal.settings_dict["HOST"] = "/nowhere"

    def come_back() -> None:
        portal.close()
        portal.settings_dict["HOST"] = host

    go.come_back = come_back
    yield go
    come_back()
