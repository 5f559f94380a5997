"""Chromium for the tests that need a real browser.

It is started for one module and ended with it: while Playwright runs, its event loop stands in the
thread of the tests, and a test that runs a loop of its own, or a second Playwright, would be refused.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

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
