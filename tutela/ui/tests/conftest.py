"""Pages of the elements alone: no database, the strict policy of the product, a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from playwright.sync_api import Browser, ConsoleMessage, Page

from tutela.ui import assets
from tutela.ui.tests import settings as look_settings

TAKEN = ("ROOT_URLCONF", "TEMPLATES", "MIDDLEWARE", "STORAGES", "ALLOWED_HOSTS", "ORGANISATION")


@pytest.fixture(scope="session")
def built() -> None:
    """The tokens and the sprite, made from the Codex packages."""
    assets.build()


@pytest.fixture
def look(built: None) -> Iterator[None]:
    """The settings of `settings.py` beside this file, whatever the project's are."""
    with override_settings(**{name: getattr(look_settings, name) for name in TAKEN}):
        yield


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None: ...


@pytest.fixture
def site(look: None) -> Iterator[str]:
    """The address of a server of the test pages, on this machine only."""
    server = make_server("127.0.0.1", 0, StaticFilesHandler(WSGIHandler()), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _note(said: ConsoleMessage, complaints: list[str]) -> None:
    """Keep a complaint, with the address that it is about."""
    if said.type in {"error", "warning"}:
        complaints.append(f"{said.text} {said.location.get('url', '')}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of 1440 by 900 that fails the test when the browser complains of anything."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page, complaints = context.new_page(), []
    page.on("console", lambda said: _note(said, complaints))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
