"""The analyst's story in a real browser: by keys, in English and Arabic, light and dark, wide and narrow."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import expect

from tests.cast import case_of, first
from tests.chromium import RULES, look_over, strangers
from tutela.core.access import conflicts, glass, reviews
from tutela.core.access.models import Review
from tutela.core.cases.models import Case
from tutela.core.cases.receive import IncomingFile
from tutela.core.files.models import Scan
from tutela.core.files.tests.places import own_store
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role
from tutela.core.people.sign_in import make_sign_in_link
from tutela.core.records import runs
from tutela.core.records.holds import place_hold
from tutela.core.records.tests.scene import dispose, old
from tutela.core.slices.tests.conftest import partner
from tutela.programs.registers.releases import entries
from tutela.surfaces.desk.tests.scene import do, report, set_scene
from tutela.workflows.emergency.tests import path

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
#: Where pictures of the pages go, for people to look at; none are taken without it.
SHOTS = os.environ.get("DESK_SHOTS", "")
STREAM = "retry: 600000\n\n"


class Analyst:
    """One person at one browser, who notices every complaint of it."""

    def __init__(self, context, url: str, staff: Staff, *, live: bool = False) -> None:
        self.context, self.url = context, url
        self.stream = STREAM
        self.complaints: list[str] = []
        if not live:
            self.context.route(re.compile(r"/live\?ticket="), self._live)
        self.page = context.new_page()
        self.page.on("console", lambda said: self._complain(said.type, said.text))
        self.page.on("pageerror", lambda error: self._complain("error", str(error)))
        self.page.goto(make_sign_in_link(staff).replace(settings.DESK_URL, url))
        self.press("button[type=submit]")

    def _live(self, route) -> None:
        headers = {
            "Content-Type": "text/event-stream",
            "Access-Control-Allow-Origin": self.url,
            "Access-Control-Allow-Credentials": "true",
        }
        route.fulfill(status=200, headers=headers, body=self.stream)

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

    def key(self, name: str) -> None:
        """Press a key that leads to another page, and wait for that page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(name)

    def check(self, name: str) -> None:
        """The page has no fault that axe or a ruler can find."""
        found = Axe().run(self.page, options=RULES)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        too_wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, f"{name} is {too_wide} pixels too wide"
        assert self.complaints == [], name

    def check_everywhere(self, name: str) -> None:
        """The page has no fault in any look of it."""
        look_over(self.page, name, self.shoot)
        assert self.complaints == [], name

    def shoot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png")


@pytest.fixture
def at_desk(browser, live_server) -> Iterator[object]:
    """Makes analysts."""
    contexts, asked = [], []

    def analyst(
        actor, language: str = "en", scheme: str = "light", size: tuple[int, int] = (1440, 900), **more
    ):
        Staff.objects.filter(pk=actor.id).update(language=language)
        width, height = size
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce", **more
        )
        contexts.append(context)
        asked.append(strangers(context, live_server.url, settings.LIVE_URL))
        return Analyst(context, live_server.url, Staff.objects.get(pk=actor.id))

    yield analyst
    for context in contexts:
        context.close()
    assert not any(asked), "a page asked somebody else, or did what its policy forbids"


def addresses(scene, cast) -> dict[str, str]:
    """Every page of the desk, by a short name."""
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=scene.held)
        asked = case.requests.get(state="open").pk
        entry = entries().get(case_reference=scene.released).number
        came = case.reports.order_by("id").values_list("pk", flat=True)[0]
    own = conflicts.declare(
        cast.juniper,
        Staff.objects.get(pk=cast.juniper.id),
        "We wrote an article together.",
        name="ExampleAsh",
    ).pk
    held = f"/desk/case/{scene.held}/"
    return {
        "my day": "/desk/",
        "queue": "/desk/queue/emergency/?q=severity:high+wrong:x",
        "empty": "/desk/?q=lang:zz",
        "case": held,
        "outcomes": f"/desk/case/{scene.assessed}/",
        "looks": f"{held}?show=looks",
        "step": f"/desk/case/{scene.assessed}/steps/assess_imminent/",
        "dry run": f"/desk/case/{scene.new}/steps/acknowledge/",
        "closed step": f"/desk/case/{scene.new}/steps/disclose/",
        "answer": f"{held}steps/answer/",
        "request": f"{held}requests/{asked}/",
        "change of a request": f"{held}requests/{asked}/amend/",
        "approvals": "/desk/approvals/",
        "report": f"{held}reports/{came}/",
        "exhibit": f"{held}exhibits/1/",
        "a file": f"{held}steps/add_file/",
        "replies": "/desk/replies/",
        "on call": "/desk/on-call/",
        "rota": "/desk/on-call/rotas/emergencies/",
        "search": "/desk/search/?q=threat",
        "views": "/desk/views/",
        "release log": "/desk/releases/",
        "release log, filtered": "/desk/releases/?recipient=none&review_open=on",
        "release": f"/desk/releases/{entry}/",
        "break-glass": "/desk/break-glass/",
        "conflicts": "/desk/conflicts/",
        "conflict": f"/desk/conflicts/{own}/",
        "preferences": "/desk/preferences/",
        "elements": "/desk/elements/",
        "nowhere": "/desk/nothing/here/",
    }


LOOKS = {
    "wide": ("en", "light", (1440, 900)),
    "dark": ("en", "dark", (1440, 900)),
    "right to left": ("ar", "light", (1440, 900)),
    "right to left, narrow and dark": ("ar", "dark", (320, 640)),
    "phone": ("en", "light", (390, 844)),
    "at 200 %": ("en", "light", (720, 450)),
}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_can_be_used_by_everybody(cast, at_desk, language):
    scene = set_scene(cast)
    analyst = at_desk(cast.juniper, language)
    for name, address in addresses(scene, cast).items():
        analyst.go(address)
        analyst.check_everywhere(f"{name}-{language}")
    counsel = at_desk(cast.larch, language)
    for name in ("case", "request", "approvals"):
        counsel.go(addresses(scene, cast)[name])
        counsel.check_everywhere(f"{name} of counsel-{language}")


def of_managers(scene, cast) -> dict[str, str]:
    """The pages that only managers and those who answer for an opening see whole."""
    rowan = Staff.objects.create_person("rowan", "Rowan")
    Grant.objects.create(staff=rowan, workflow=PLATFORM, role=Role.SECURITY)
    opened = glass.open_glass(Actor.of(rowan, "desk"), scene.held, "Nobody of the team answers the phone.")
    assert opened is not None
    glass.close_glass(Actor.of(rowan, "desk"), opened.pk)
    heron = Staff.objects.get(pk=cast.heron.id)
    reviews.tend()
    with acting_as(cast.alder):
        roles = Review.objects.get(workflow="emergency").pk
    found = conflicts.declare(cast.alder, heron, "They share a household.", name="~2026-10421-07")
    return {
        "opening": f"/desk/break-glass/{opened.pk}/",
        "access": f"/desk/case/{scene.held}/access/?person=heron",
        "conflicts of others": "/desk/conflicts/",
        "conflict of another": f"/desk/conflicts/{found.pk}/",
        "my day with a review": "/desk/",
        "reviews": "/desk/reviews/",
        "review": f"/desk/reviews/{roles}/",
        "change of a rota": "/desk/on-call/rotas/emergencies/edit/",
    }


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_managers_can_be_used_by_everybody(cast, at_desk, language):
    manager = at_desk(cast.alder, language)
    for name, address in of_managers(set_scene(cast), cast).items():
        manager.go(address)
        manager.check_everywhere(f"{name}-{language}")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_a_slice_can_be_used_by_everybody(cast, at_desk, language):
    laurel, scene = partner("laurel"), set_scene(cast)
    juniper = at_desk(cast.juniper, language)
    juniper.go(f"/desk/case/{scene.held}/slices/")
    juniper.check_everywhere(f"slices, none-{language}")
    for box in juniper.page.locator("[name=part]").all():
        box.check()
    juniper.press("form.form .button--act")
    juniper.check_everywhere(f"slice, composing-{language}")
    juniper.page.fill("[name=purpose]", "An appeal is before the committee.")
    juniper.page.check("[name=readers]")
    juniper.page.fill("[name=words]", "Ciudad Ejemplo\nestacion")
    juniper.press("[name=preview]")
    expect(juniper.page.locator("#preview")).to_be_visible()
    juniper.check_everywhere(f"slice, preview-{language}")
    juniper.press("[name=ask]")
    one = juniper.page.url.removeprefix(juniper.url)
    alder = at_desk(cast.alder, language)
    for name, where in (("approvals with a slice", "/desk/approvals/"), ("slice that waits", one)):
        alder.go(where)
        alder.check_everywhere(f"{name}-{language}")
    alder.press(f'form[action="{one}give/"] .button--act')
    reader = at_desk(laurel, language)
    assert reader.page.url.endswith("/desk/slices/")
    reader.check_everywhere(f"shared-{language}")
    reader.press(".list__title")
    expect(reader.page.locator("main")).to_contain_text("█████")
    expect(reader.page.locator("main")).not_to_contain_text("estación")
    reader.check_everywhere(f"shared slice-{language}")
    juniper.go(one)
    juniper.check_everywhere(f"slice that is given-{language}")
    juniper.page.fill("[name=words]", "The committee decided already.")
    juniper.press(f'form[action="{one}end/"] .button--harm')
    reader.go(reader.page.url.removeprefix(reader.url))
    expect(reader.page.locator("main")).not_to_contain_text("█████")


def of_records(cast) -> dict[str, str]:
    """The pages about records, each with something on it."""
    gone, held, ripe = (old(cast) for _each in range(3))
    done = dispose(cast, gone)
    hold = place_hold(cast.larch, [held], "A preservation demand came in.", "Court of Sample City, 12/26")
    asked = runs.propose(cast.alder, [ripe], "Its time is over.")
    old(cast)
    return {
        "records": "/desk/records/",
        "schedule": "/desk/records/schedule/",
        "due": "/desk/records/due/emergency/",
        "holds": "/desk/records/holds/",
        "hold": f"/desk/records/holds/{hold.number}/",
        "run": f"/desk/records/runs/{asked.number}/",
        "run that is done": f"/desk/records/runs/{done.number}/",
        "certificate": f"/desk/records/certificates/{first('DC')}/",
        "held case": f"/desk/case/{held}/",
        "case that is gone": f"/desk/case/{gone}/",
    }


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_records_can_be_used_by_everybody(cast, at_desk, language):
    counsel = at_desk(cast.larch, language)
    for name, address in of_records(cast).items():
        counsel.go(address)
        counsel.check_everywhere(f"{name}-{language}")


@pytest.mark.parametrize("look", ["wide", "right to left, narrow and dark"])
def test_a_proposal_that_changed_meanwhile_is_shown_beside_what_was_typed(cast, at_desk, look):
    scene = set_scene(cast)
    where = addresses(scene, cast)
    heron, larch = at_desk(cast.heron, *LOOKS[look]), at_desk(cast.larch, *LOOKS[look])
    heron.go(where["change of a request"])
    larch.go(where["request"])
    do(scene.held, "ask_first", cast.linden, reason="Whose account is it?")
    do(scene.held, "amend", cast.juniper, changes={"released": "192.0.2.8 instead"})
    heron.page.fill("[name=released]", "192.0.2.9 instead")
    larch.page.check("[name=verdict][value=agree]")
    larch.page.fill("[name=reason]", "Clear danger.")
    for analyst, name in ((heron, "change"), (larch, "request")):
        analyst.press("form .button--act")
        expect(analyst.page.locator("main")).to_contain_text("192.0.2.8 instead")
        analyst.shoot(f"{look}-{name}-late".replace(" ", "-"))
        analyst.check(f"{name}, too late, {look}")
    expect(heron.page.locator("[name=released]")).to_have_value("192.0.2.9 instead")
    expect(larch.page.locator("[name=reason]")).to_have_value("Clear danger.")
    for analyst, name in ((heron, "not-read"), (larch, "read")):
        analyst.go(where["case"])
        analyst.shoot(f"{look}-{name}".replace(" ", "-"))
        analyst.check(f"privileged, {name}, {look}")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_an_analyst_works_an_emergency_by_keys_alone(cast, at_desk, language):
    path.load_sample()
    reference = report(language="en")
    juniper = at_desk(cast.juniper, language)
    page = juniper.page
    expect(page.locator(".row__title")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("[data-preview-here] .ref").first).to_have_text(reference)
    juniper.shoot(f"story-{language}-preview")
    juniper.key("Enter")
    assert page.url.endswith(f"/desk/case/{reference}/")

    juniper.key("s")  # acknowledge: first one sees the letter
    expect(page.locator(".dry")).to_be_visible()
    juniper.press("form .button--act")
    expect(page.locator("#done")).to_be_focused()
    assert case_of(reference, cast.juniper).state == "acknowledged"
    juniper.shoot(f"story-{language}-acknowledged")

    juniper.key("1")  # credible and imminent
    page.fill("[name=narrative]", "They name a station and a time.")
    juniper.press("form .button--act")
    assert case_of(reference, cast.juniper).state == "locating"
    expect(page.locator("[data-toast]")).to_be_visible()

    page.keyboard.press("n")
    expect(page.locator("textarea[name=text]").first).to_be_focused()
    page.keyboard.type("The station is in Sample City.")
    juniper.press(".compose-note .button")
    expect(page.locator(".timeline")).to_contain_text("The station is in Sample City.")

    ask_to_disclose(juniper)
    assert case_of(reference, cast.juniper).state == "awaiting_approval"
    juniper.shoot(f"story-{language}-held")

    larch = at_desk(cast.larch, language)
    larch.page.keyboard.press("g")
    larch.key("a")
    larch.press(".list__title")
    larch.page.check("[name=verdict][value=agree]")
    larch.page.fill("[name=reason]", "Clear danger.")
    larch.shoot(f"story-{language}-deciding")
    larch.press("form .button--act")
    assert case_of(reference, cast.larch).state == "disclosed"
    expect(larch.page.locator("#done")).to_be_focused()
    assert juniper.complaints == larch.complaints == []


def ask_to_disclose(juniper: Analyst) -> None:
    """From a place to be found to a request that waits for counsel."""
    page = juniper.page
    juniper.key("s")  # the place and the agency
    page.select_option("[name=country]", "ZE")
    page.select_option(
        "[name=agency]", label=page.locator("[name=agency] option", has_text=path.POLICE).first.inner_text()
    )
    juniper.press("form .button--act")
    juniper.key("s")  # the call-back
    page.fill("[name=number_called]", path.NUMBER)
    page.fill("[name=answered_by]", "Duty officer 17")
    juniper.press("form .button--act")
    juniper.key("s")  # the disclosure
    for name in ("recipient_name", "accounts", "description", "released"):
        page.fill(f"[name={name}]", str(path.RELEASE[name]))
    page.check("[name=data_classes][value=ip]")
    juniper.press("form .button--act")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_file_is_added_and_a_harmful_one_leaves_on_purpose_only(cast, at_desk, tmp_path, language):
    reference = report(files=(IncomingFile("notes.txt", "text/plain", b"words"),))
    picture = tmp_path / "screen.png"
    picture.write_bytes(b"a picture " * 500_000)
    with own_store(tmp_path / "files"):
        juniper = at_desk(cast.juniper, language)
        page = juniper.page
        juniper.go(f"/desk/case/{reference}/")
        juniper.press("a[href$='/steps/add_file/']")
        page.set_input_files("[name=file]", picture)
        page.fill("[name=title]", "Talk page")
        juniper.press("form .button--act")
        expect(page.locator(".exhibit")).to_contain_text("Talk page")
        with acting_as(cast.juniper):
            Scan.objects.update(state=Scan.State.FOUND, found="Test.Harmful")
            came = Case.objects.get(reference=reference).reports.values_list("pk", flat=True)[0]
        juniper.go(f"/desk/case/{reference}/reports/{came}/")
        juniper.check_everywhere(f"harmful-file-of-a-report-{language}")
        juniper.go(f"/desk/case/{reference}/exhibits/1/")
        juniper.check_everywhere(f"harmful-exhibit-{language}")
        page.check("[name=sure]")
        with page.expect_download() as download:
            page.click("form .button--harm")
        assert download.value.path().read_bytes() == picture.read_bytes()


def test_undo_by_a_key_right_after(cast, at_desk):
    reference = report()
    juniper = at_desk(cast.juniper)
    juniper.go(f"/desk/case/{reference}/")
    juniper.key("a")
    juniper.page.select_option("[name=assignee]", "heron")
    juniper.press("form .button--act")
    assert case_of(reference, cast.juniper).assignee_id == cast.heron.id
    juniper.key("z")
    assert case_of(reference, cast.juniper).assignee_id is None


def test_single_keys_are_off_while_typing_and_can_be_turned_off(cast, at_desk):
    reference = report()
    juniper = at_desk(cast.juniper)
    page = juniper.page
    juniper.go(f"/desk/case/{reference}/")
    page.locator(".compose-note textarea").click()
    page.keyboard.type("snsn")
    assert page.url.endswith(f"/{reference}/")
    assert page.input_value(".compose-note textarea") == "snsn"
    juniper.go("/desk/preferences/")
    page.get_by_label("Use single keys").first.uncheck()
    juniper.go(f"/desk/case/{reference}/")
    page.keyboard.press("s")
    page.keyboard.press("n")
    expect(page.locator(".compose-note textarea")).not_to_be_focused()
    assert page.url.endswith(f"/{reference}/")


def test_a_key_can_be_exchanged_for_another(cast, at_desk):
    reference = report()
    juniper = at_desk(cast.juniper)
    page = juniper.page
    juniper.go("/desk/preferences/")
    page.get_by_text("Choose other keys").click()
    page.get_by_label("Instead of S").press("d")
    page.get_by_label("Instead of N").press("d")
    assert page.get_by_label("Instead of N").evaluate("field => field.validationMessage") == (
        "Another action has this key."
    )
    expect(page.get_by_label("Instead of N")).to_have_value("")
    page.get_by_label("Instead of J").press("u")
    juniper.check("own keys")
    juniper.shoot("own-keys")
    juniper.go("/desk/")
    page.keyboard.press("j")
    expect(page.locator(".row.is-open")).to_have_count(0)
    page.keyboard.press("u")
    expect(page.locator(".row.is-open")).to_have_count(1)
    juniper.go(f"/desk/case/{reference}/")
    expect(page.locator(".next .button--act kbd")).to_have_text("D")
    page.keyboard.press("s")
    juniper.key("d")
    assert page.url.endswith("/steps/acknowledge/")
    juniper.go("/desk/preferences/")
    page.get_by_text("Choose other keys").click()
    expect(page.get_by_label("Instead of S")).to_have_value("D")
    page.get_by_label("Instead of S").press("Backspace")
    juniper.go(f"/desk/case/{reference}/")
    expect(page.locator(".next .button--act kbd")).to_have_text("S")
    juniper.key("s")
    assert page.url.endswith("/steps/acknowledge/")


def test_many_are_chosen_by_keys_and_assigned(cast, at_desk):
    references = [report() for _each in range(4)]
    juniper = at_desk(cast.juniper)
    page = juniper.page
    expect(page.locator("[data-bulk]")).to_be_hidden()
    for name in ("j", "x", "Shift+j"):
        page.keyboard.press(name)
    expect(page.locator("[data-bulk]")).to_contain_text("2 selected")
    juniper.check("chosen rows")
    juniper.shoot("bulk")
    juniper.key("a")
    page.select_option("[name=assignee]", "heron")
    juniper.press("form .button--act")
    expect(page.locator("main")).to_contain_text("All 2 cases done.")
    juniper.check("what came of it")
    assert sum(case_of(one, cast.juniper).assignee_id == cast.heron.id for one in references) == 2


def test_new_rows_announce_themselves_and_wait(cast, at_desk):
    report()
    juniper = at_desk(cast.juniper)
    expect(juniper.page.locator(".row")).to_have_count(1)
    new = report()
    juniper.stream = f'{STREAM}data: {{"reference": "{new}", "version": 1}}\n\n'
    bar = juniper.page.locator("[data-changes]")
    juniper.page.evaluate("document.dispatchEvent(new CustomEvent('tutela:changed'))")
    expect(bar).to_have_text("1 new, show")
    expect(juniper.page.locator(".row")).to_have_count(1)
    juniper.check("a bar of news")
    juniper.press("[data-changes]")
    expect(juniper.page.locator(".row")).to_have_count(2)


def test_a_case_that_changes_elsewhere_says_so(cast, at_desk):
    reference = report()
    juniper = at_desk(cast.juniper)
    juniper.stream = f'{STREAM}data: {{"reference": "{reference}", "version": 9}}\n\n'
    juniper.go(f"/desk/case/{reference}/")
    expect(juniper.page.locator("[data-live-bar]")).to_be_visible()
    juniper.stream = STREAM
    juniper.press("[data-live-bar]")
    expect(juniper.page.locator("[data-live-bar]")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_run_of_notices_opens_by_itself_for_a_link_to_one_of_them(cast, at_desk, language):
    reference = report()
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        said = {"kind": "clock", "step": "clock_warned", "data": {"clock": "acknowledge"}}
        last, *_others = [case.events.create(actor_id=cast.juniper.id, **said).pk for _each in range(3)]
    juniper = at_desk(cast.juniper, language)
    juniper.go(f"/desk/case/{reference}/")
    line = juniper.page.locator(f"#event-{last}")
    expect(line).to_be_hidden()
    juniper.check("a run of notices")
    juniper.page.locator(".event__run summary").click()
    expect(line).to_be_visible()
    juniper.check("a run of notices, open")
    juniper.shoot(f"run-{language}")
    juniper.go("/desk/")
    juniper.go(f"/desk/case/{reference}/#event-{last}")
    expect(line).to_be_visible()


def test_words_come_when_they_are_unfolded_and_go_when_folded(cast, at_desk):
    reference = report()
    juniper = at_desk(cast.juniper)
    page = juniper.page
    juniper.go(f"/desk/case/{reference}/")
    assert "goodbye on their talk page" not in page.content()
    page.keyboard.press("w")
    expect(page.locator("[data-fetched]")).to_contain_text("They wrote goodbye")
    juniper.check("unfolded words")
    page.keyboard.press("w")
    expect(page.locator("[data-fetched]")).not_to_contain_text("They wrote goodbye")


def test_the_palette_finds_a_case(cast, at_desk):
    reference = report()
    juniper = at_desk(cast.juniper)
    juniper.page.keyboard.press("Control+k")
    juniper.page.keyboard.type(reference)
    expect(juniper.page.locator(".palette__row").first).to_contain_text(reference)
    juniper.check("palette")
    juniper.key("Enter")
    assert juniper.page.url.endswith(f"/desk/case/{reference}/")


def test_who_else_is_here_shows_up_by_itself(cast, at_desk):
    reference = report()
    juniper = at_desk(cast.juniper)
    juniper.page.clock.install()
    juniper.go(f"/desk/case/{reference}/")
    at_desk(cast.heron).go(f"/desk/case/{reference}/")
    juniper.page.clock.run_for(21_000)
    expect(juniper.page.locator("[data-presence]")).to_contain_text("Heron is here")


def test_everything_goes_without_scripts(cast, at_desk):
    reference = report(language="en")
    juniper = at_desk(cast.juniper, java_script_enabled=False)
    page = juniper.page
    juniper.press(".row__title")
    juniper.press(".next .button--act")
    juniper.press("form .button--act")
    assert case_of(reference, cast.juniper).state == "acknowledged"
    page.fill(".compose-note textarea", "Without scripts.")
    juniper.press(".compose-note .button")
    page.fill("#talk textarea", "We are on it.")
    juniper.press("#talk .compose .button[type=submit]")
    juniper.go("/desk/?tab=nobody")
    page.check(f"[name=case][value={reference}]")
    juniper.press("[data-bulk] [value=assign]")
    page.select_option("[name=assignee]", "heron")
    juniper.press("form .button--act")
    assert case_of(reference, cast.juniper).assignee_id == cast.heron.id


def test_what_was_typed_survives_a_conflict(cast, at_desk):
    reference = path.acknowledged(cast)
    juniper = at_desk(cast.juniper)
    juniper.go(f"/desk/case/{reference}/steps/assess_imminent/")
    juniper.page.fill("[name=narrative]", "They name a station.")
    do(reference, "set_severity", cast.heron, severity="4")
    juniper.press("form .button--act")
    expect(juniper.page.locator("[role=alert]").first).to_contain_text("Heron moved this case on")
    expect(juniper.page.locator("[name=narrative]")).to_have_value("They name a station.")
    juniper.check("a conflict")
    juniper.press("form .button--act")
    assert case_of(reference, cast.juniper).state == "locating"


@pytest.mark.parametrize("look", LOOKS)
def test_what_was_typed_survives_the_loss_of_a_cookie(cast, at_desk, look):
    scene = set_scene(cast)
    juniper = at_desk(cast.juniper, *LOOKS[look])
    juniper.go(f"/desk/case/{scene.held}/steps/note/")
    juniper.page.fill("textarea[name=text]", "The station is in Sample City.")
    juniper.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    juniper.press("form .button--act")
    expect(juniper.page.locator("textarea")).to_have_value("The station is in Sample City.")
    juniper.shoot(f"{look}-unsure")
    juniper.check(f"unsure, {look}")
    juniper.press("a.button--act")
    assert juniper.page.url.endswith("/steps/note/")
