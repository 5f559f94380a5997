"""Chromium for the tests that need a real browser.

It is started for one module and ended with it: while Playwright runs, its event loop stands in the
thread of the tests, and a test that runs a loop of its own, or a second Playwright, would be refused.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@contextmanager
def running() -> Iterator[Browser]:
    """Chromium of this machine, or the one that `TUTELA_CHROMIUM` names; skips where there is none."""
    program = os.environ.get("TUTELA_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Django refuses the database in a thread in which a loop stands, as Playwright's does.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


def strangers(context: BrowserContext, *homes: str) -> list[str]:
    """What the pages of a context will have asked of anybody but the homes, or been refused by their policy.

    Where a person presses a link that leads away is no matter of the page.
    """
    found: list[str] = []

    def look(request: Request) -> None:
        asks_elsewhere = not request.url.startswith((*homes, "data:", "blob:", "about:"))
        if asks_elsewhere and not request.is_navigation_request():
            found.append(f"{request.method} {request.url}")

    def listen(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            found.append(said.text)

    context.on("request", look)
    context.on("console", listen)
    return found


RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CONTRAST, SIZES = ["color-contrast"], ["target-size", "scrollable-region-focusable"]
LOOKS = {
    "wide": (1440, 900, "light", RULES["runOnly"]),
    "dark": (1440, 900, "dark", CONTRAST),
    "phone": (390, 844, "light", SIZES),
    "narrow and dark": (320, 640, "dark", [*CONTRAST, *SIZES]),
    "at 200 %": (720, 450, "light", SIZES),
}


def look_over(page: Page, name: str, shoot: Callable[[str], None]) -> None:
    """Look at a loaded page as everybody may see it: no fault that axe or a ruler can find in any look.

    Of axe's rules only some depend on colours and sizes; the others are asked once.
    """
    for look, (width, height, scheme, rules) in LOOKS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        shoot(f"{look}-{name}".replace(" ", "-").replace("%", "").replace("/", "-"))
        found = Axe().run(page, options={"runOnly": rules})
        assert found.violations_count == 0, f"{name}, {look}: {found.generate_report()}"
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, f"{name}, {look}: {too_wide} pixels too wide"
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
