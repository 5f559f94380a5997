"""A case on one page: what it is, what must happen next, by when, who else must agree."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tutela.core.audit.models import Act, Entry
from tutela.core.audit.record import record
from tutela.core.cases.models import Case, Message
from tutela.core.people.actor import acting_as
from tutela.surfaces.desk.case.timeline import LOOKS
from tutela.workflows.emergency.tests import path

from .scene import AGAIN, SPANISH, do, report, set_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast):
    return set_scene(cast)


def page_of(desk, reference: str, query: str = "") -> str:
    answer = desk.get(f"/desk/case/{reference}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def plain(html: str) -> str:
    """The words of a page as they are read."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def primary(text: str) -> str:
    found = re.search(r"button--act[^>]*>(.*?)</(?:a|button)>", text, re.DOTALL)
    return plain(re.sub(r"<kbd.*?</kbd>", "", found[1])).strip() if found else ""


def test_the_head_says_what_it_is(cast, scene, desk):
    text = page_of(desk(cast.juniper), scene.held)
    for words in (
        scene.held,
        "Threat of self-harm on a user talk page",
        "Critical",
        "Emergency team only",
        "Waiting for approval to disclose",
    ):
        assert words in text
    assert re.search(r"Juniper</bdi> <span class=\"quiet\">since \d\d:\d\d", text)


def test_clocks_say_what_is_due_and_what_was_met(cast, scene, desk):
    text = page_of(desk(cast.juniper), scene.held)
    cells = re.findall(r'<li class="clock-cell.*?</li>', text)
    said = [plain(cell) for cell in cells]
    assert any("Decide on disclosure" in one and "min left" in one for one in said)
    assert any("Acknowledge the report" in one and "Met in" in one for one in said)
    assert any("Destroy technical data" in one and "law" in one for one in said)


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (lambda _cast: report(), "Acknowledge"),
        (path.locating, "Record the place and the agency"),
        (path.deciding, "Verify the agency by call-back"),
        (path.verified, "Disclose to the agency"),
        (path.held, ""),
        (path.disclosed, "Record the case number of the agency"),
        (path.following_up, "Record what was done on the wiki"),
    ],
)
def test_the_one_loud_step_is_the_next_one(cast, desk, way, expected):
    assert primary(page_of(desk(cast.juniper), way(cast))) == expected


def test_outcomes_stand_side_by_side_and_none_is_louder(cast, desk):
    text = page_of(desk(cast.juniper), path.acknowledged(cast))
    assert "button--act" not in text
    outcomes = re.findall(r"<ul class=\"outcomes\">(.*?)</ul>", text, re.DOTALL)[0]
    assert outcomes.count("<li>") == 4
    assert re.findall(r'data-key="(\d)"', outcomes) == ["1", "2", "3", "4"]


def test_who_decides_is_named_and_nothing_was_sent(cast, scene, desk):
    text = plain(page_of(desk(cast.juniper), scene.held))
    assert "One of them decides for Legal: Larch, Linden" in text
    assert "Nothing has been sent." in text
    assert "You proposed it, so you cannot approve it." in text


def test_whose_turn_it_is_sees_that_first(cast, scene, desk):
    text = page_of(desk(cast.larch), scene.held)
    assert primary(text) == "Decide"
    assert "steps are for colleagues" in text


def test_closed_doors_stay_visible_with_their_reason(cast, desk):
    text = plain(page_of(desk(cast.juniper), path.deciding(cast)))
    assert "Disclose now, on the urgent path" in text
    not_yet = text.split("Not yet")[1]
    assert "Disclose now, on the urgent path" in not_yet


def test_facts_have_the_labels_of_the_form(cast, scene, desk):
    text = page_of(desk(cast.juniper), scene.held)
    known = re.search(r'<section class="known".*?</section>', text, re.DOTALL)[0]
    pairs = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", known))
    assert plain(pairs["At risk"]) == "The person who wrote it"
    assert plain(pairs["Assessment"]) == "Credible and imminent"
    assert plain(pairs["Language"]) == "Spanish"
    assert "checklist" not in known.lower()
    assert 'rel="noreferrer noopener external"' in pairs["Where it was written"]


def test_the_words_of_the_report_are_not_in_the_page(cast, scene, desk):
    juniper = desk(cast.juniper)
    text = page_of(juniper, scene.held)
    assert SPANISH not in text
    words = re.search(r'data-fetch="([^"]*)"', text)[1]
    assert SPANISH in juniper.get(words).content.decode()
    assert acts(cast, scene.held)[-1] == Act.WORDS_UNFOLDED


def test_what_the_reporter_wrote_since_is_shown_as_unread(cast, scene, desk):
    text = page_of(desk(cast.juniper), scene.held)
    assert AGAIN in text
    assert "1 unread" in text
    assert re.search(r'class="said is-new"', text)


def test_an_answer_by_mail_joins_the_conversation_of_its_reporter(cast, desk):
    reference = report(channel="mail", sender_email="reader@wiki.example", receipt_hash=None)
    do(reference, "acknowledge", cast.juniper)
    with acting_as(cast.juniper):
        message = Message.objects.get(letter="acknowledgement")
        Message.objects.filter(pk=message.pk).update(message_id="<ours@tutela.example>")
    again = report(
        channel="mail",
        text="They wrote again.",
        raw=b"x",
        sender_email="reader@wiki.example",
        thread=("<ours@tutela.example>",),
        receipt_hash=None,
    )
    assert again == reference
    text = page_of(desk(cast.juniper), reference)
    assert text.count("Original as received") == 1
    assert "They wrote again." in text


def test_looking_at_a_restricted_case_is_recorded_once_in_ten_minutes(cast, scene, desk):
    juniper = desk(cast.juniper)
    for _each in range(3):
        page_of(juniper, scene.held)
    juniper.get(f"/desk/case/{scene.held}/preview/")
    assert acts(cast, scene.held).count(Act.CASE_LOOKED) == 1
    page_of(desk(cast.heron), scene.held)
    assert acts(cast, scene.held).count(Act.CASE_LOOKED) == 2


def test_the_look_is_recorded_again_after_ten_minutes(cast, scene, desk, time_machine):
    juniper = desk(cast.juniper)
    page_of(juniper, scene.held)
    time_machine.move_to(timezone.now() + timezone.timedelta(minutes=11))
    page_of(juniper, scene.held)
    assert acts(cast, scene.held).count(Act.CASE_LOOKED) == 2


@pytest.mark.parametrize("part", ["", "preview/", "steps/note/", "steps/assess_again/"])
def test_every_page_about_a_restricted_case_counts_as_a_look(cast, scene, desk, part):
    assert desk(cast.heron).get(f"/desk/case/{scene.held}/{part}").status_code == 200
    assert acts(cast, scene.held) == [Act.CASE_LOOKED]


def test_a_case_that_is_not_restricted_may_be_looked_at_unrecorded(cast, scene, desk):
    desk(cast.wren).get(f"/desk/case/{scene.triage}/")
    with acting_as(cast.wren):
        assert not Entry.objects.filter(act=Act.CASE_LOOKED).exists()


@pytest.mark.parametrize("act", LOOKS)
def test_every_kind_of_look_has_its_words(cast, scene, desk, act):
    with acting_as(cast.heron):
        record(act, cast.heron, Case.objects.get(reference=scene.held).pk)
    assert "Heron" in plain(page_of(desk(cast.juniper), scene.held, "?show=looks"))


def test_the_looks_can_be_read(cast, scene, desk):
    page_of(desk(cast.heron), scene.held)
    text = plain(page_of(desk(cast.juniper), scene.held, "?show=looks"))
    assert "Heron looked at the case" in text


def acts(cast, reference: str) -> list[str]:
    looks = [Act.CASE_LOOKED, Act.WORDS_UNFOLDED, Act.REPORT_LOOKED, Act.EXHIBIT_LOOKED]
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        entries = Entry.objects.filter(case_id=case.pk, act__in=looks).order_by("id")
        return list(entries.values_list("act", flat=True))


def test_presence_is_told_and_ends(cast, scene, desk):
    page_of(desk(cast.heron), scene.held)
    juniper = desk(cast.juniper)
    assert "Heron is here" in plain(page_of(juniper, scene.held))
    assert "Heron" in juniper.post(f"/desk/case/{scene.held}/here/").content.decode()
    with acting_as(cast.juniper):
        Case.objects.get(reference=scene.held).presences.update(
            seen_at=timezone.now() - timezone.timedelta(minutes=1)
        )
    assert "Heron" not in juniper.post(f"/desk/case/{scene.held}/here/").content.decode()


def test_neighbours_follow_the_clock(cast, scene, desk):
    juniper, seen = desk(cast.juniper), []
    reference = scene.held
    while reference and reference not in seen:
        seen.append(reference)
        found = re.search(r'href="/desk/case/([^/]*)/"[^>]*data-key="J"', page_of(juniper, reference))
        reference = found[1] if found else ""
    assert seen[-1] == scene.released
    assert len(seen) == len(set(seen))


def test_more_events_cost_no_more_queries(cast, scene, desk):
    juniper = desk(cast.juniper)

    def queries() -> int:
        page_of(juniper, scene.held)
        with CaptureQueriesContext(connection) as asked:
            page_of(juniper, scene.held)
        return len(asked)

    before = queries()
    for number in range(15):
        do(scene.held, "note", cast.heron, text=f"Note {number}")
        do(scene.held, "add_party", cast.juniper, kind="account", name=f"Example{number}", part="other")
        do(scene.held, "answer", cast.juniper, text="We are on it.")
    assert queries() <= before + 1
    assert before < 75


def test_a_closed_case_offers_to_be_reopened(cast, desk):
    reference = path.following_up(cast)
    do(reference, "close", cast.juniper)
    text = page_of(desk(cast.alder), reference)
    assert "Nothing more must happen" in text
    assert "Reopen the case" in text
    assert "button--act" not in text


def test_a_merged_case_leads_to_where_it_goes_on(cast, scene, desk):
    do(scene.new, "merge_into", cast.juniper, other=scene.assessed, reason="The same words.")
    juniper = desk(cast.juniper)
    assert f"Goes on in {scene.assessed}" in page_of(juniper, scene.new)
    other = page_of(juniper, scene.assessed)
    assert "Conversations with 2 reporters" in other
    assert "Has this one merged into it" in other
    assert f">{scene.new}</a> into this case" in other


def test_titles_with_markup_and_other_scripts_stay_text(cast, scene, desk):
    do(scene.new, "edit_title", cast.juniper, title='<script>alert(1)</script> "\u202eevil')
    for url in (f"/desk/case/{scene.new}/", "/desk/", f"/desk/search/?q={scene.new}"):
        text = desk(cast.juniper).get(url).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
