"""What the stories of the portal share: a visitor without scripts, and a browser with them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

# Playwright runs an event loop in the thread of the test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = shutil.which("chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
WORDS = "They wrote goodbye on their talk page and named a station in Sample City."
LINK = "https://wiki.example/wiki/User_talk:ExampleMoss"


@pytest.fixture(scope="session", autouse=True)
def static_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The files of the pages straight from their folders, whether or not they were collected before."""
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    default = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    with override_settings(
        STORAGES={"default": default, "staticfiles": storage}, STATIC_ROOT=tmp_path_factory.mktemp("static")
    ):
        yield


class Visitor:
    """Somebody with a browser that runs no scripts and keeps no cookies."""

    def __init__(self, **headers: str) -> None:
        self._client = Client(enforce_csrf_checks=True, headers=headers, raise_request_exception=False)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self._client.get(path, headers=headers)

    def post(self, path: str, fields: dict[str, str] | bytes, **headers: str) -> HttpResponse:
        """Send a form as browsers do."""
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        return self._client.post(
            path, body, content_type="application/x-www-form-urlencoded", headers=headers
        )

    def key(self, path: str) -> str:
        """Open a form and take the key that lies in it."""
        return hidden(self.get(path), "key")

    def report(self, path: str = "/en/emergency/", **fields: str) -> HttpResponse:
        """Open a form and send it, filled in."""
        return self.post(path, {"key": self.key(path), "what": WORDS, "answer": "here", **fields})

    def cookies(self) -> list[str]:
        return list(self._client.cookies)


def hidden(response: HttpResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no field {name} in {response.content.decode()[:2000]}"
    return found[1]


def code_of(response: HttpResponse) -> str:
    """The receipt code on a page."""
    return hidden(response, "code")


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


@pytest.fixture
def reports(owner):
    """The rows of all reports, as the owner of the tables sees them.

    Row security binds the owner as well, so they are read in the name of the intake job.
    """

    def read(columns: str = "id, text") -> list[tuple]:
        return owner.execute(f"select {columns} from cases_report order by id").fetchall()

    return read


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def shots() -> Path | None:
    """The folder for pictures of the pages, where `TUTELA_SHOTS` names one."""
    folder = os.environ.get("TUTELA_SHOTS_FOLDER", "")
    return Path(folder) if folder else None
