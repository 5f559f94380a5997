"""The pages in a real browser, under the strict policy: seen, measured by axe, worked by keys."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

PAGES = [
    "desk/elements",
    "pages/portal_home",
    "pages/portal_emergency",
    "pages/portal_receipt",
    "pages/portal_status",
    "pages/queue",
    "pages/case",
    "pages/approval",
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CONTRAST = {"runOnly": ["color-contrast"]}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing(site: str, page: Page, path: str, language: str) -> None:
    page.goto(f"{site}/{language}/{path}")
    for colours, rules in (("light", RULES), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        found = Axe().run(page, options=rules)
        assert found.violations_count == 0, f"{colours}: {found.generate_report()}"


def test_axe_finds_nothing_in_what_opens(site: str, page: Page) -> None:
    found_here = {
        "groups": [{"title": "Cases", "items": [{"label": "LP-2026-0028", "url": "#x", "icon": "tray"}]}]
    }
    page.route("**/desk/jump?q=*", lambda route: route.fulfill(json=found_here))
    page.goto(f"{site}/en/pages/queue")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Scroll the preview")
    assert Axe().run(page, options=RULES).violations_count == 0
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    page.locator(".rail__me summary").click()
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_runs_out_of_a_screen_of_320_pixels(site: str, page: Page, path: str, language: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{site}/{language}/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("path", ["pages/portal_emergency", "pages/queue", "pages/case"])
def test_targets_on_a_phone_are_large_enough(site: str, page: Page, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}/en/{path}")
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, .button, select, .choice, .rail-menu summary')]
            .map((e) => [e.getBoundingClientRect(), e.className]).filter(([r]) => r.width && r.height < 24)
            .map(([, name]) => name)"""
    )
    assert small == []


def test_a_pinned_theme_wins_over_the_system(site: str, page: Page) -> None:
    page.goto(f"{site}/en/pages/queue")
    light = page.evaluate("getComputedStyle(document.body).color")
    page.locator(".rail__me summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).color") != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_theme_can_be_chosen_without_scripts(site: str, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}/en/pages/queue")
        page.locator(".rail__me summary").click()
        page.get_by_role("button", name="Dark").click()
        expect(page).to_have_url(f"{site}/en/pages/queue")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


class TestLeaving:
    NEUTRAL = re.compile(r".*/neutral$")

    @pytest.fixture(autouse=True)
    def _neutral(self, site: str, settings: object, page: Page) -> None:
        settings.LEAVE_URL = f"{site}/neutral"
        page.route(
            self.NEUTRAL, lambda route: route.fulfill(body="<title>Weather</title>", content_type="text/html")
        )
        page.goto(f"{site}/en/pages/portal_home")
        page.goto(f"{site}/en/pages/portal_emergency")

    def test_three_presses_of_escape_leave_and_take_the_place_in_the_history(
        self, site: str, page: Page
    ) -> None:
        for _press in range(3):
            page.keyboard.press("Escape")
        page.wait_for_url(self.NEUTRAL)
        page.go_back()
        assert page.url == f"{site}/en/pages/portal_home"

    def test_two_presses_do_not(self, site: str, page: Page) -> None:
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        assert page.url == f"{site}/en/pages/portal_emergency"

    def test_the_button_leaves(self, page: Page) -> None:
        page.get_by_role("link", name="Leave this page now").click()
        page.wait_for_url(self.NEUTRAL)


class TestQueue:
    @pytest.fixture(autouse=True)
    def _queue(self, site: str, page: Page) -> None:
        page.goto(f"{site}/en/pages/queue")

    def test_j_and_k_move_and_show_the_preview(self, page: Page) -> None:
        with page.expect_response("**/preview"):
            page.keyboard.press("j")
        expect(page.locator(".row.is-open .ref")).to_have_text("EM-2026-0043")
        page.keyboard.press("k")
        expect(page.locator(".row.is-open .ref")).to_have_text("EM-2026-0042")

    def test_x_selects_and_shift_j_extends(self, page: Page) -> None:
        bar = page.locator("[data-bulk]")
        page.keyboard.press("Escape")
        expect(bar).to_be_hidden()
        page.keyboard.press("x")
        page.keyboard.press("Shift+J")
        page.keyboard.press("Shift+J")
        expect(bar).to_be_visible()
        expect(bar.locator("[data-words]")).to_have_text("3 selected")

    def test_p_hides_the_preview_and_enter_opens(self, page: Page) -> None:
        page.keyboard.press("p")
        expect(page.locator(".preview")).to_be_hidden()
        page.keyboard.press("Enter")
        page.wait_for_url("**/pages/case")

    def test_a_press_shows_and_a_second_opens(self, page: Page) -> None:
        title = page.get_by_text("Appeal of an event ban")
        title.click()
        expect(page.locator(".row.is-open .ref")).to_have_text("AP-2026-0006")
        title.click()
        page.wait_for_url("**/pages/case")

    def test_space_scrolls_the_preview(self, page: Page) -> None:
        page.set_viewport_size({"width": 1440, "height": 500})
        with page.expect_response("**/preview"):
            page.keyboard.press("j")
        expect(page.locator("[data-preview-here]")).not_to_have_attribute("aria-busy", "true")
        page.keyboard.press("Space")
        expect(page.get_by_role("heading", name="Latest 11 events")).to_be_in_viewport()


class TestKeys:
    @pytest.fixture(autouse=True)
    def _case(self, site: str, page: Page) -> None:
        page.goto(f"{site}/en/pages/case")

    def test_press_what_can_be_seen(self, page: Page) -> None:
        page.keyboard.press("2")
        page.wait_for_url("**/case#assess")

    def test_are_off_while_typing(self, page: Page) -> None:
        page.keyboard.press("n")
        page.keyboard.type("2 people saw it")
        expect(page.get_by_label("Write a note for the record")).to_have_value("2 people saw it")
        assert "#assess" not in page.url

    def test_go_places_after_g(self, page: Page) -> None:
        page.keyboard.press("g")
        page.keyboard.press("a")
        page.wait_for_url("**/pages/approval")

    def test_are_listed_and_can_be_turned_off(self, page: Page) -> None:
        page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keys")
        expect(keys).to_contain_text("Assess again")
        keys.get_by_label("Use single keys").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("2")
        assert "#assess" not in page.url

    def test_do_not_fire_through_a_dialog(self, page: Page) -> None:
        page.keyboard.press("?")
        page.keyboard.press("2")
        assert "#assess" not in page.url

    def test_work_on_a_keyboard_that_is_not_latin(self, page: Page) -> None:
        page.evaluate(
            "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'س', code: 'KeyS', bubbles: true}))"
        )
        page.wait_for_url("**/case#verify")

    def test_the_rail_narrows_and_stays_so(self, page: Page) -> None:
        page.keyboard.press("[")
        expect(page.locator("body")).not_to_have_class(re.compile("desk--slim"))
        page.reload()
        expect(page.locator("body")).not_to_have_class(re.compile("desk--slim"))


def test_a_fold_hides_again_when_the_page_is_left(site: str, page: Page) -> None:
    page.goto(f"{site}/en/pages/case")
    page.keyboard.press("w")
    expect(page.get_by_text("Folded words.")).to_be_visible()
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    expect(page.get_by_text("Folded words.")).to_be_hidden()


def test_the_palette_finds_steps_on_the_page_and_what_the_server_knows(site: str, page: Page) -> None:
    found = {"label": "LP-2026-0028 <b>", "url": "#found", "icon": "tray"}
    answer = {"groups": [{"title": "Cases", "items": [found]}]}
    page.route("**/desk/jump?q=*", lambda route: route.fulfill(json=answer))
    page.goto(f"{site}/en/pages/case")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or jump")
    expect(box).to_be_focused()
    box.fill("disclose now")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("Disclose now, on the urgent path")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(options.nth(1)).to_contain_text("LP-2026-0028 <b>")
    page.keyboard.press("Enter")
    page.wait_for_url("**/case#found")


def test_a_form_is_sent_once_and_says_so(site: str, page: Page) -> None:
    sent = []

    def stay(route: Route) -> None:
        sent.append(route.request.method)
        route.fulfill(status=204)  # the browser stays on the page, as while it waits

    page.goto(f"{site}/en/pages/portal_emergency")
    page.route("**/portal_emergency", stay)
    page.get_by_role("button", name="Send report").click()
    button = page.locator("[aria-busy=true]")
    expect(button).to_have_text("Sending")
    button.dispatch_event("click")
    assert sent == ["POST"]


def test_a_report_without_a_line_is_not_sent_and_not_lost(site: str, page: Page) -> None:
    page.goto(f"{site}/en/pages/portal_emergency")
    page.get_by_label("What did you see?").fill("They wrote goodbye.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_text("Not sent.")).to_be_visible()
    expect(page.get_by_label("What did you see?")).to_have_value("They wrote goodbye.")
    page.context.set_offline(False)
    expect(page.get_by_text("Not sent.")).to_be_hidden()


def test_control_and_enter_send_the_answer(site: str, page: Page) -> None:
    page.goto(f"{site}/en/pages/case")
    page.get_by_label("Answer the reporter").fill("Thank you.")
    page.route("**/pages/case", lambda route: route.fulfill(status=204))
    with page.expect_request("**/pages/case") as sent:
        page.keyboard.press("Control+Enter")
    assert "Thank+you." in (sent.value.post_data or "")


def test_a_note_that_was_not_sent_is_still_there(site: str, page: Page) -> None:
    page.goto(f"{site}/en/pages/case")
    note = page.get_by_label("Write a note for the record")
    note.fill("Asked the volunteers.")
    page.goto(f"{site}/en/pages/queue")
    page.goto(f"{site}/en/pages/case")
    expect(note).to_have_value("Asked the volunteers.")


def test_clocks_tick_with_the_words_of_the_page(site: str, page: Page) -> None:
    page.clock.install(time="2026-03-12T14:44:00Z")
    page.goto(f"{site}/en/pages/case")
    page.evaluate(
        """() => Object.assign(document.querySelector('.clock-cell').dataset,
            {due: '2026-03-12T15:22:00Z', seconds: 10800, soon: 3600, now: 1350})"""
    )
    words = page.locator(".clock-cell .clock__text").first
    page.clock.run_for(60_000)
    expect(words).to_have_text("37 min left")
    page.clock.run_for(20 * 60_000)
    expect(page.locator(".clock-cell").first).to_have_class(re.compile("is-now"))
    page.clock.run_for(20 * 60_000)
    expect(words).to_have_text(re.compile("over$"))


def test_a_toast_goes_after_ten_seconds_but_not_while_it_has_the_focus(site: str, page: Page) -> None:
    page.clock.install()
    page.goto(f"{site}/en/pages/case")
    page.evaluate(
        """() => document.getElementById('toasts').insertAdjacentHTML('beforeend',
            '<div class="toast" data-toast role="status">Assigned <button>Undo</button></div>')"""
    )
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    page.clock.run_for(30_000)
    expect(undo).to_be_visible()
    undo.blur()
    page.clock.run_for(11_000)
    expect(undo).to_have_count(0)


def test_what_is_new_waits_for_a_press(site: str, page: Page) -> None:
    page.add_init_script(
        """window.EventSource = class { constructor() { window.stream = this; } close() {} };
           new MutationObserver(() => { if (document.body) document.body.dataset.live = '/live'; })
               .observe(document, {childList: true, subtree: true});"""
    )
    page.goto(f"{site}/en/pages/queue")
    bar = page.locator("[data-live-bar]")
    expect(bar).to_be_hidden()
    first = page.locator(".row .ref").first.text_content()
    for reference in ("EM-2026-0050", "EM-2026-0051", "EM-2026-0050"):
        page.evaluate("ref => window.stream.onmessage({data: JSON.stringify({reference: ref})})", reference)
    expect(bar).to_have_text("2 new, show")
    assert page.locator(".row .ref").first.text_content() == first


@pytest.mark.parametrize("path", ["pages/portal_home", "pages/portal_emergency", "pages/queue", "pages/case"])
def test_pages_can_be_read_without_scripts(site: str, browser: Browser, path: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}/en/{path}")
        expect(page.locator("main h1, main h2").first).to_be_visible()


def test_the_first_page_of_the_portal_is_light(site: str, page: Page) -> None:
    sizes = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(f"{site}/en/pages/portal_home", wait_until="networkidle")
    assert sum(sizes) < 150_000
