"""What both apps do against the usual attacks, beside what each surface and connector tests of its own."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.uploadhandler import FileUploadHandler
from django.test import Client, override_settings
from django.urls import reverse

from tests.apps import portal_settings
from tutela.config.headers import HEADERS, NoBombs
from tutela.config.logs import INDENT, OneLine
from tutela.core.people.models import Staff

ROOT = Path(__file__).parent.parent
FORGED = "2026-01-01 00:00:00,000 INFO root Juniper approved everything"

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])


@pytest.fixture(params=["desk", "portal"])
def app(request):
    """Asks one app as a browser does, with the check against forged posts on."""
    overrides = portal_settings() if request.param == "portal" else {}
    with override_settings(**overrides):
        client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        client.app = request.param
        yield client


def answers(client: Client):
    """Answers of every kind that an app gives to somebody who is not signed in."""
    yield "health", client.get("/healthz")
    yield "root", client.get("/")
    yield "file of the look", client.get(staticfiles_storage.url("ui/css/base.css"))
    yield "no such file", client.get("/static/ui/nothing.css")
    yield "404", client.get("/nothing-here")
    yield "405", client.put("/healthz" if client.app == "desk" else "/en/", b"")
    yield "another host", client.get("/", headers={"Host": "evil.example"})
    yield "forged post", client.post("/desk/sign-out/" if client.app == "desk" else "/en/emergency/", {})
    yield "too large", client.post("/", b"", "text/plain", CONTENT_LENGTH=str(NoBombs.MOST + 1))
    if client.app == "desk":
        yield "sign in", client.get("/desk/sign-in/")
        yield "a page of the desk", client.get("/desk/search/?q=words")
        yield "API", client.get("/api/v1/openapi.json")
        yield "API, refused", client.get("/api/v1/cases")
        yield "readiness", client.get("/readyz")


def test_every_answer_of_both_apps_has_strict_headers(app):
    for name, answer in answers(app):
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "frame-ancestors 'none'" in policy, name
        assert "unsafe" not in policy, name
        assert "*" not in policy, name
        for header in HEADERS:
            assert headers[header], (name, header)
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp", name
        assert headers["Referrer-Policy"] in {"no-referrer", "same-origin"}, name
        assert "Access-Control-Allow-Origin" not in headers or name == "file of the look", name
        if headers.get("Content-Type", "").startswith("text/html"):
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        if name != "file of the look":
            assert "no-store" in headers["Cache-Control"], name
        answer.close()


def test_error_pages_tell_nothing_of_the_inside(app, monkeypatch):
    monkeypatch.setattr("tutela.config.alive.JsonResponse", lambda *_a: 1 / 0)
    answer = app.get("/healthz")
    assert answer.status_code == 500
    said = answer.content.decode()
    for word in ("Traceback", "ZeroDivisionError", "alive.py", str(ROOT), "Django", "psycopg"):
        assert word not in said


@pytest.mark.parametrize("module", ["tutela.config.settings", "tutela.config.portal.settings"])
def test_behind_tls_the_browser_is_told_to_stay_there(module):
    script = """
from django.conf import settings
for name in dir(settings):
    if name.startswith(("SECURE_HSTS", "SESSION_COOKIE", "CSRF_COOKIE")):
        print(name, getattr(settings, name))
"""
    environ = os.environ | {"TUTELA_SECURE": "1", "DJANGO_SETTINGS_MODULE": module}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert int(said["SECURE_HSTS_SECONDS"]) >= 31_536_000
    assert said["SECURE_HSTS_INCLUDE_SUBDOMAINS"] == "True"
    if module == "tutela.config.settings":
        assert said["SESSION_COOKIE_NAME"].startswith("__Host-")
        assert said["CSRF_COOKIE_NAME"].startswith("__Host-")
        for flag in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY"):
            assert said[flag] == "True", flag
        assert said["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_signing_out_clears_what_the_browser_kept(cast):
    client = Client()
    client.force_login(Staff.objects.get(pk=cast.juniper.id))
    answer = client.post(reverse("desk:sign-out"))
    assert '"cache"' in answer.headers["Clear-Site-Data"]
    assert client.get("/desk/").status_code == 302


class TestBombs:
    def test_a_body_that_is_announced_as_huge_is_not_read(self, app, monkeypatch):
        def read(*_args):
            pytest.fail("somebody reads it")

        monkeypatch.setattr("django.http.request.HttpRequest.read", read)
        monkeypatch.setattr(FileUploadHandler, "new_file", read)
        path = "/desk/sign-in/" if app.app == "desk" else "/en/emergency/"
        kind = "multipart/form-data; boundary=x"
        answer = app.generic("POST", path, b"", kind, CONTENT_LENGTH=str(10 * 1024**3))
        assert answer.status_code == 413

    def test_files_in_a_form_of_the_portal_count_too(self):
        from django.core.files.uploadedfile import SimpleUploadedFile

        with override_settings(**portal_settings()):
            large = SimpleUploadedFile("large.bin", bytes(17 * 1024 * 1024))
            answer = Client().post("/en/emergency/", {"what": "x", "file": large})
        assert answer.status_code == 413

    def test_more_fields_than_a_form_has_are_refused(self, app):
        many = "&".join(f"f{number}=x" for number in range(1_000))
        path = "/desk/sign-in/" if app.app == "desk" else "/en/emergency/"
        answer = app.post(path, many, "application/x-www-form-urlencoded")
        assert answer.status_code in {400, 403, 405}


class TestLog:
    def written(self, message: str, *values: object, error: Exception | None = None) -> str:
        what = (type(error), error, None) if error else None
        record = logging.LogRecord("tests", logging.ERROR, "", 0, message, values, what)
        return OneLine("{levelname} {name} {message}", style="{").format(record)

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\x0b"])
    def test_nobody_begins_a_line_of_their_own(self, end):
        said = self.written("Not found: %s", f"/x{end}{FORGED}")
        assert len(said.splitlines()) == 1

    def test_nobody_steers_the_terminal_or_turns_a_line_around(self):
        said = self.written("Not found: %s", "/\x1b[2J\u202egnorw")
        assert "\x1b" not in said
        assert "\u202e" not in said

    def test_a_trace_cannot_look_like_an_entry(self):
        said = self.written("It broke", error=ValueError(f"what\n{FORGED}"))
        lines = said.splitlines()
        assert lines[0] == "ERROR tests It broke"
        assert all(line.startswith(INDENT) for line in lines[1:])

    def test_times_are_those_of_the_world_and_say_so(self):
        record = logging.LogRecord("tests", logging.INFO, "", 0, "done", (), None)
        record.created, record.msecs = 1_767_225_600.25, 250
        assert OneLine("{asctime} {message}", style="{").format(record) == "2026-01-01T00:00:00.250Z done"

    def test_both_apps_write_so(self):
        from tutela.config.common import LOGGING

        (handler,) = LOGGING["root"]["handlers"]
        formatter = LOGGING["formatters"][LOGGING["handlers"][handler]["formatter"]]
        assert formatter["()"] == "tutela.config.logs.OneLine"


class TestPins:
    def test_every_package_is_pinned_to_what_was_reviewed(self):
        lock = tomllib.loads((ROOT / "uv.lock").read_text())
        for package in lock["package"]:
            if package["source"].keys() & {"editable", "virtual"}:
                continue  # this repository
            found = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
            assert found, package["name"]
            assert all(one["hash"].startswith("sha256:") for one in found), package["name"]

    def test_every_package_of_the_pages_is_pinned_too(self):
        import json

        lock = json.loads((ROOT / "package-lock.json").read_text())
        for name, package in lock["packages"].items():
            assert not name or package["integrity"].startswith("sha512-"), name

    def test_set_up_installs_the_lock_and_nothing_else(self):
        script = (ROOT / "bin" / "set-up").read_text()
        assert re.findall(r"uv sync\b", script)
        assert all("--frozen" in line for line in script.splitlines() if re.search(r"\buv sync\b", line))
        assert " ci --ignore-scripts" in script
        environment = (ROOT / "bin" / "environment.py").read_text()
        assert environment.count('"pip", "install"') == environment.count('"--require-hashes"') == 1
        assert "pip install" not in script


def test_one_collecting_finds_the_files_of_both_apps(tmp_path):
    environ = os.environ | {
        "TUTELA_STATIC": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tutela.config.settings",
    }
    collect = [sys.executable, "-m", "django", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, env=environ, cwd=ROOT, check=True)
    for file in ("portal/portal.css", "desk/css/desk.css", "ui/css/base.css"):
        assert (tmp_path / file).exists(), file
