"""Signing in with a real browser: a security key that Chromium plays, an app, every page in every look."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as configured
from playwright.sync_api import Page, expect

from tests.chromium import look_over
from tutela.core.people.actor import system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.core.people.sign_in import invite
from tutela.surfaces.desk.tests.factors import PASSPHRASE, code_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
#: What the browser says of pages that answer 4xx on purpose, and of the live updates, which do not run here.
EXPECTED = re.compile(r"responded with a status of|net::ERR_FAILED")
SHOTS = os.environ.get("DESK_SHOTS", "")
KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(autouse=True)
def required(settings) -> None:
    settings.SECOND_FACTOR = "required"


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A browser with a security key in it, that may complain of nothing."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1440, "height": 900})
    context.route(re.compile(r"/live\?ticket="), lambda route: route.abort())
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type in {"error", "warning"} and not EXPECTED.search(said.text)
            else None
        ),
    )
    yield page
    assert complaints == []
    context.close()


def put_key_in(page: Page):
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return devtools, added["authenticatorId"]


def check(page: Page, name: str) -> None:
    def shoot(look: str) -> None:
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{look}.png", full_page=True)

    look_over(page, name, shoot)


def press(page: Page, words: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=words, exact=True).click()


def accept(page: Page, url: str, staff: Staff) -> None:
    path = invite(system_actor(SystemActor.OPERATOR), staff)
    page.goto(path.replace(configured.DESK_URL, url))
    check(page, f"invitation-{staff.language}")
    page.fill("[name=new_password1]", PASSPHRASE)
    page.fill("[name=new_password2]", PASSPHRASE)
    with page.expect_navigation():
        page.click("button[type=submit]")


def test_a_security_key_is_added_signs_in_and_is_not_fooled(cast, live_server, page):
    url = live_server.url
    juniper = Staff.objects.get(pk=cast.juniper.id)
    devtools, key = put_key_in(page)
    accept(page, url, juniper)
    expect(page.get_by_text("Set up a second factor to go on.")).to_be_visible()
    check(page, "must set up a factor")
    page.get_by_role("link", name="Add a security key").click()
    check(page, "add a key")
    page.fill("[name=name]", "Blue key")
    press(page, "Touch the key")
    check(page, "recovery codes")
    page.get_by_role("link", name="I have kept them: go on to the desk").click()
    expect(page).to_have_url(f"{url}/desk/")
    page.goto(f"{url}/desk/account/factors/")
    expect(page.get_by_text("Blue key").first).to_be_visible()
    check(page, "factors")

    page.context.clear_cookies()
    page.goto(f"{url}/desk/queue/emergency/")
    check(page, "sign in")
    page.fill("[name=login]", "juniper")
    page.fill("[name=password]", PASSPHRASE)
    press(page, "Sign in")
    check(page, "second factor")
    press(page, "Use a security key")
    expect(page).to_have_url(f"{url}/desk/queue/emergency/")

    page.goto(f"{url}/desk/account/factors/codes/new/")
    check(page, "confirm with a code")
    page.get_by_role("link", name="Use a security key").click()
    check(page, "confirm with a key")
    press(page, "Use a security key")
    check(page, "new codes")

    # Another key in the same browser is not this person's.
    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    page.context.clear_cookies()
    page.goto(f"{url}/desk/sign-in/")
    page.fill("[name=login]", "juniper")
    page.fill("[name=password]", PASSPHRASE)
    press(page, "Sign in")
    page.get_by_role("button", name="Use a security key", exact=True).click()
    expect(page.get_by_text("The key did not answer.")).to_be_visible()
    page.goto(f"{url}/desk/")
    expect(page).to_have_url(f"{url}/desk/sign-in/?next=%2Fdesk%2F")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_an_app_is_set_up_and_every_page_is_for_everybody(cast, live_server, page, language):
    url = live_server.url
    juniper = Staff.objects.get(pk=cast.juniper.id)
    juniper.language = language
    juniper.save()
    accept(page, url, juniper)
    page.goto(f"{url}/desk/account/factors/app/")
    check(page, f"set up an app-{language}")
    secret = page.locator("#secret").inner_text()
    page.fill("[name=code]", code_of(secret))
    with page.expect_navigation():
        page.click("form:has([name=code]) button[type=submit]")
    page.goto(f"{url}/desk/")
    expect(page).to_have_url(f"{url}/desk/")
    page.goto(f"{url}/desk/account/passphrase/")
    check(page, f"passphrase-{language}")
    page.goto(f"{url}/desk/account/confirm/code/?next=/desk/account/factors/app/remove/")
    check(page, f"confirm-{language}")
    page.fill("[name=code]", code_of(secret))
    with page.expect_navigation():
        page.click("form:has([name=code]) button[type=submit]")
    check(page, f"remove-{language}")
