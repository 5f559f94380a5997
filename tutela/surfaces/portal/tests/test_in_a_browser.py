"""The portal in a real browser: light and dark, left and right, wide and narrow, with scripts and without."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import make_cast
from tests.chromium import look_over, strangers
from tutela.core.cases.models import Case, Report
from tutela.core.cases.opening import open_waiting
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.programs.directory.files import load_sample

from .conftest import LINK, NOBODYS_CODE, WORDS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "portal"]),
    pytest.mark.browser,
]
#: Where pictures of the pages go, for people to look at; none are taken without it.
SHOTS = os.environ.get("PORTAL_SHOTS", "")
PAGES = [
    "",
    "emergency/",
    "other/",
    "other/child/",
    "other/appeal/",
    "back/",
    "done/",
    "numbers/",
    "numbers/?country=ZE",
    "help/?country=ZE",
    "about/who-sees/",
    "about/other-ways/",
    "nothing/",
]


class Reader:
    """One person at one browser, who notices every complaint of it."""

    def __init__(self, context, url: str, language: str = "en") -> None:
        self.page = context.new_page()
        self.context = context
        self.url = f"{url}/{language}/"
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._complain(said.type, said.text))
        self.page.on("pageerror", lambda error: self._complain("error", str(error)))

    def _complain(self, kind: str, text: str) -> None:
        # A status of 4xx is said on the console as well; the pages mean it.
        if kind in {"error", "warning"} and "the server responded with a status of" not in text:
            self.complaints.append(text)

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def press(self, selector: str) -> None:
        """Press what leads to another page, and wait for that page."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def send_report(self, what: str = WORDS) -> str:
        """Fill in the emergency form as it should be and return the code."""
        self.go("emergency/")
        self.page.check("[name=who][value=me]")
        self.page.fill("[name=where]", LINK)
        self.page.fill("[name=what]", what)
        self.press("#report .button--act")
        return self.page.input_value("#again [name=code]")

    def check_everywhere(self, name: str) -> None:
        """The page has no fault in any look of it."""
        look_over(self.page, name, self.shoot)
        assert self.complaints == [], name

    def shoot(self, name: str) -> None:
        if SHOTS:
            path = Path(SHOTS) / f"{name}.png"
            self.page.screenshot(path=path, full_page=False)


@pytest.fixture
def read(browser, live_server) -> Iterator[object]:
    """Makes readers."""
    contexts, asked = [], []

    def reader(language: str = "en", scheme: str = "light", width: int = 1440, height: int = 900, **more):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, locale=language, **more
        )
        contexts.append(context)
        asked.append(strangers(context, live_server.url))
        return Reader(context, live_server.url, language)

    yield reader
    for context in contexts:
        context.close()
    assert not any(asked), "a page asked somebody else, or did what its policy forbids"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_can_be_used_by_everybody(read, language):
    load_sample()
    reader = read(language)
    for path in PAGES:
        reader.go(path)
        reader.check_everywhere(f"{path} {language}")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_the_way_can_be_used_by_everybody(read, language):
    reader = read(language)
    reader.go("emergency/")
    reader.page.check("[name=answer][value=mail]")
    reader.press("#report .button--act")
    reader.check_everywhere(f"error {language}")
    reader.send_report()
    reader.check_everywhere(f"receipt {language}")
    reader.press("#again .button:not(.button--act)")
    reader.page.fill("[name=what]", "They just wrote again. " + "x" * 200)
    reader.press("#add .button--act")
    reader.check_everywhere(f"status {language}")
    reader.go("back/")
    reader.page.fill("[name=code]", NOBODYS_CODE)
    reader.press(".form__end .button")
    reader.check_everywhere(f"wrong code {language}")


def test_the_whole_way_without_scripts(read):
    """Report, be answered, come back, answer: nothing on the way needs a script."""
    cast = make_cast()
    reader = read(java_script_enabled=False, width=390)
    code = reader.send_report()
    assert reader.page.locator(".code").inner_text().split() == code.split()
    assert reader.page.locator("[data-copy], [data-print], [data-save]").filter(visible=True).count() == 0
    open_waiting()
    with acting_as(cast.juniper):
        case, report = Case.objects.get(), Report.objects.defer("raw").get()
    perform(case.reference, "acknowledge", cast.juniper, {})
    question = "Do you know which station?"
    perform(case.reference, "answer", cast.juniper, {"report": report.pk, "text": question})
    reader.press("#again .button--act")
    reader.press(".top__brand")
    reader.page.fill("[name=code]", code.lower().replace(" ", ""))
    reader.press(".back .button")
    assert question in reader.page.inner_text("main")
    assert "A trained person is reading your report." in reader.page.inner_text("main")
    reader.page.fill("[name=what]", "The one by the river.")
    reader.press("#add .button--act")
    assert "Thank you. We have your words." in reader.page.inner_text("main")
    open_waiting()
    with acting_as(cast.juniper):
        assert Case.objects.get().unread == 1


def test_nothing_is_kept_on_the_device(read):
    reader = read()
    reader.send_report()
    reader.press("#again .button:not(.button--act)")
    assert reader.context.cookies() == []
    kept = reader.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    assert reader.page.evaluate("indexedDB.databases().then(all => all.length)") == 0


def test_the_first_field_that_is_wrong_has_the_focus(read):
    reader = read()
    reader.go("emergency/")
    reader.press("#report .button--act")
    assert reader.page.evaluate("document.activeElement.name") == "what"
    assert "Write a few words" in reader.page.inner_text("#id_what-error")


def test_the_address_is_asked_for_only_where_it_is_needed(read):
    reader = read()
    reader.go("emergency/")
    assert not reader.page.is_visible("[name=address]")
    reader.page.check("[name=answer][value=mail]")
    assert reader.page.is_visible("[name=address]")


def test_another_language_keeps_what_was_typed(read, reports):
    reader = read()
    reader.go("emergency/")
    reader.page.fill("[name=what]", WORDS)
    reader.page.click(".top summary")
    reader.press("button[lang=ar]")
    assert reader.page.get_attribute("html", "dir") == "rtl"
    assert reader.page.input_value("[name=what]") == WORDS
    assert reports() == []


def test_from_the_receipt_another_language_leads_to_the_report(read):
    reader = read()
    reader.send_report()
    reader.page.click(".top summary")
    reader.press("button[lang=ar]")
    assert reader.page.get_attribute("html", "lang") == "ar"
    assert reader.page.locator(".said__text").count() == 1


@pytest.mark.parametrize("way", ["button", "escape"])
def test_leaving_takes_the_page_out_of_the_history(read, way):
    reader = read()
    reader.context.route("https://www.wikipedia.org/**", lambda route: route.fulfill(body="An encyclopedia."))
    reader.go("")
    reader.go("emergency/")
    before = reader.page.evaluate("history.length")
    if way == "button":
        reader.page.click("[data-leave]")
    else:
        for _press in range(3):
            reader.page.keyboard.press("Escape")
    reader.page.wait_for_url("https://www.wikipedia.org/")
    assert reader.page.evaluate("history.length") == before
    reader.page.go_back()
    assert reader.page.url.endswith("/en/"), "the form is not behind"


def test_buttons_on_a_phone_are_large_enough_for_a_thumb(read):
    load_sample()
    reader = read(width=390)
    for path in ("", "emergency/", "back/", "numbers/?country=ZE", "nothing/"):
        reader.go(path)
        for button in reader.page.locator(".button, .input, .choice, .numbers a").filter(visible=True).all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= 44, (path, button.inner_text(), box)


def test_the_keyboard_alone_is_enough(read):
    reader = read()
    reader.go("emergency/")
    keys = reader.page.keyboard
    keys.press("Tab")
    assert reader.page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    reader.page.focus("[name=what]")
    keys.type("They wrote goodbye.")
    keys.press("Tab")
    keys.press("ArrowDown")
    assert reader.page.is_checked("[name=answer][value=mail]")
    keys.press("ArrowUp")
    keys.press("Tab")
    with reader.page.expect_navigation():
        keys.press("Enter")
    assert "Thank you. We have your report." in reader.page.inner_text("main")


def test_no_page_tells_another_where_the_reader_was(read):
    reader = read()
    told = []
    reader.page.on("request", lambda asked: told.append(asked.headers.get("referer")))
    reader.send_report()
    reader.press("#again .button:not(.button--act)")
    assert len(told) > 3
    assert not any(told)
