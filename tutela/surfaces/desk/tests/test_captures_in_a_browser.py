"""What a wiki showed stands on the case; a person asks for more by one button."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import make_cast, report_emergency
from tutela.connectors.mediawiki.fake import FakePages
from tutela.core.outbox.courier import Courier
from tutela.programs.wikis.captures import Capturer
from tutela.programs.wikis.capturing import CONNECTOR
from tutela.surfaces.desk.tests.test_in_a_browser import at_desk  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
ADDRESS = "https://en.wiki.example/wiki/User_talk:ExampleMoss"


def test_captures_on_the_case_their_form_and_an_exhibit(at_desk, tmp_path: Path, settings):  # noqa: F811
    path = tmp_path / "wikis.toml"
    path.write_text('[[wiki]]\nname = "examplewiki"\napi = "https://en.wiki.example/w/api.php"\n')
    settings.WIKIS_FILE = str(path)
    cast, pages = make_cast(), FakePages()
    pages.hide(pages.add("Talk:Fair", "x"), "text")
    pages.add("User talk:ExampleMoss", "سأقف عند المرفأ.\nThey wrote goodbye.", user="مستخدم مثال")
    words = f"See {ADDRESS} and https://en.wiki.example/wiki/Talk:Fair"
    reference = report_emergency(text=words, fields={"where": ""})
    Courier({CONNECTOR: Capturer(lambda _wiki: pages)}, None).run_once()
    analyst = at_desk(cast.juniper)
    analyst.go(f"/desk/case/{reference}/")
    analyst.page.get_by_role("link", name="Capture a page").first.click()
    analyst.page.get_by_label("Address").fill("https://evil.example/")
    analyst.press(".form button[type=submit], form button[type=submit]:not([form])")
    assert "no address of a wiki that we know" in analyst.page.content()
    analyst.check_everywhere("capture-form")
    analyst.page.get_by_label("Address").fill(ADDRESS)
    analyst.press(".form button[type=submit], form button[type=submit]:not([form])")
    analyst.go(f"/desk/case/{reference}/")
    assert "Juniper asked for the capture of a page" in analyst.page.inner_text("body")
    assert "Hidden in part: a revision on examplewiki" in analyst.page.inner_text("body")
    analyst.check_everywhere("case-with-captures")
    analyst.go(f"/desk/case/{reference}/exhibits/1/")
    analyst.check_everywhere("capture")
