"""Two analysts on one case, in two browsers, with the process that tells of changes running as it does."""

from __future__ import annotations

import copy
import socket
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.cast import case_of
from tutela.core.people.models import Staff
from tutela.server import live
from tutela.server.processes import wait_until
from tutela.surfaces.desk.tests.scene import report
from tutela.surfaces.desk.tests.test_in_a_browser import Analyst

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SIZE = {"width": 1440, "height": 900}


@pytest.fixture
def live_updates(database, live_server, settings) -> Iterator[str]:
    """The process for live updates in a thread, where the pages look for it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app = live.Live(database.url("desk"), live_server.url)
    server = live.Server(app, host="127.0.0.1", port=port, log_level="error", ws="none")
    thread = threading.Thread(target=server.run)
    settings.LIVE_URL = f"http://127.0.0.1:{port}"
    policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
    policy["DIRECTIVES"]["connect-src"] = ["'self'", settings.LIVE_URL]
    settings.CONTENT_SECURITY_POLICY = policy
    thread.start()
    try:
        assert wait_until(lambda: app.hears, 20)
        yield settings.LIVE_URL
    finally:
        app.end_all()
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def signed_in(browser, live_server, live_updates) -> Iterator[object]:
    """Makes analysts who signed in by their link and listen for changes."""
    contexts = []

    def analyst(actor, language: str) -> Analyst:
        Staff.objects.filter(pk=actor.id).update(language=language)
        contexts.append(browser.new_context(viewport=SIZE, reduced_motion="reduce"))
        return Analyst(contexts[-1], live_server.url, Staff.objects.get(pk=actor.id), live=True)

    yield analyst
    for context in contexts:
        context.close()


def open_and_listen(analyst: Analyst, address: str, origin: str) -> None:
    """Open a page and wait until its stream is open."""
    with analyst.page.expect_response(lambda answer: answer.url.startswith(f"{origin}/live?")) as answer:
        analyst.go(address)
    assert answer.value.status == 200


def places(analyst: Analyst, *selectors: str) -> list[object]:
    """Where the first of each stands on the screen."""
    return [analyst.page.locator(one).first.bounding_box() for one in selectors]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_one_acts_and_the_other_is_told_and_sees_it_when_they_ask(cast, signed_in, live_updates, language):
    reference = report()
    address = f"/desk/case/{reference}/"
    juniper, heron = signed_in(cast.juniper, language), signed_in(cast.heron, language)
    juniper.page.clock.install()
    open_and_listen(juniper, address, live_updates)
    open_and_listen(heron, address, live_updates)
    expect(heron.page.locator("[data-presence]")).to_contain_text("Juniper")
    juniper.page.clock.run_for(21_000)
    expect(juniper.page.locator("[data-presence]")).to_contain_text("Heron")

    read = (".timeline .event", ".next__head", ".known", "h1")
    before = places(juniper, *read)
    heron.page.fill(".compose-note textarea", "Called the helpline.")
    heron.press(".compose-note .button")
    bar = juniper.page.locator("[data-live-bar]")
    expect(bar).to_be_visible()
    assert places(juniper, *read) == before, "nothing moves under the hand"
    expect(juniper.page.locator(".timeline")).not_to_contain_text("Called the helpline.")
    juniper.shoot(f"live-{language}-told")

    juniper.press("[data-live-bar]")
    expect(juniper.page.locator(".timeline")).to_contain_text("Called the helpline.")
    expect(bar).to_be_hidden()
    assert case_of(reference, cast.juniper).version > 1
    assert juniper.complaints == heron.complaints == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_list_counts_what_is_new_and_waits(cast, signed_in, live_updates, language):
    report()
    juniper = signed_in(cast.juniper, language)
    open_and_listen(juniper, "/desk/queue/emergency/", live_updates)
    rows = juniper.page.locator(".row")
    expect(rows).to_have_count(1)
    before = places(juniper, ".row", ".queue__bar")
    report()
    bar = juniper.page.locator("[data-changes]")
    expect(bar).to_contain_text("1")
    expect(rows).to_have_count(1)
    assert places(juniper, ".row", ".queue__bar") == before
    juniper.shoot(f"live-{language}-list")
    expect(juniper.page.locator("[data-counts-here=queues] .count").first).to_have_text("2")
    juniper.press("[data-changes]")
    expect(rows).to_have_count(2)
    assert juniper.complaints == []
