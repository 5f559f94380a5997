"""My day and the queues: what stands where, page by page, at the same cost."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tutela.core.cases.models import Case, Presence
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff
from tutela.surfaces.desk.queue import lists

from .scene import do, report, set_scene, wind_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast):
    return set_scene(cast)


def groups(answer) -> dict[str, list[str]]:
    """The references of a list under the heads they stand under."""
    text = answer.content.decode()
    found: dict[str, list[str]] = {}
    for part in text.split('<div class="rows__group">')[1:]:
        head = re.search(r"<h2>([^<]*)</h2>", part)
        found[head[1]] = re.findall(r'name="case" value="([^"]*)"', part)
    return found


def order(answer) -> list[str]:
    return [reference for rows in groups(answer).values() for reference in rows]


def test_my_day_shows_mine_and_what_nobody_holds_within_the_hour(cast, scene, desk):
    day = desk(cast.juniper).get("/desk/")
    shown = groups(day)
    assert set(shown["Now"]) == {scene.held, scene.new, scene.arabic}
    assert shown["This week"] == [scene.released]
    text = day.content.decode()
    assert "3 need you within the hour." in text
    assert "1 unread reply" in text
    assert "approval<" not in text, "what there is none of is not said"


def test_tabs_part_the_list_and_count(cast, scene, desk):
    juniper = desk(cast.juniper)
    text = juniper.get("/desk/").content.decode()
    tabs = re.findall(r'<a class="view"[^>]*>([^<]*) <span class="count">(\d+)', text)
    assert tabs == [("Mine", "4"), ("My teams", "5"), ("Unassigned", "3"), ("Waiting on others", "2")]
    assert set(order(juniper.get("/desk/?tab=nobody"))) == {scene.new, scene.assessed, scene.arabic}
    assert set(order(juniper.get("/desk/?tab=waiting"))) == {scene.held, scene.released}
    assert set(order(juniper.get("/desk/queue/emergency/?tab=mine"))) == {scene.held, scene.released}


def test_a_case_that_waits_without_a_clock_stands_apart(cast, scene, desk):
    do(scene.held, "mark_read", cast.juniper)
    with acting_as(cast.juniper):
        Case.objects.filter(reference=scene.held).update(due_at=None, due_clock="")
    assert groups(desk(cast.juniper).get("/desk/"))["Waiting on others"] == [scene.held]


@pytest.mark.django_db(transaction=True)
def test_a_late_clock_says_so(cast, desk, superuser):
    reference = report()
    wind_back(superuser, reference, "70 minutes")
    text = desk(cast.juniper).get("/desk/queue/emergency/").content.decode()
    assert "is-late" in text
    assert "10 min over" in text
    assert "Acknowledge the report (target), due" in text


def test_who_is_looking_is_shown_to_others(cast, scene, desk):
    desk(cast.heron).get(f"/desk/case/{scene.held}/")
    juniper = desk(cast.juniper)
    assert "Looking at it now: Heron" in juniper.get("/desk/").content.decode()
    assert "Looking at it now" not in desk(cast.heron).get("/desk/").content.decode()
    with acting_as(cast.juniper):
        Presence.objects.update(seen_at=timezone.now() - timezone.timedelta(minutes=2))
    assert "Looking at it now" not in juniper.get("/desk/").content.decode()


def test_a_filter_has_chips_that_take_it_away(cast, scene, desk):
    page = desk(cast.juniper).get("/desk/", {"q": "severity:critical due<2h"})
    assert order(page) == [scene.held]
    text = page.content.decode()
    assert 'href="/desk/?q=due%3C2h"' in text
    assert 'href="/desk/?q=severity%3Acritical"' in text
    assert "Remove the filter Severity: Critical" in text


def test_a_filter_that_is_not_understood_is_told_in_place(cast, scene, desk):
    text = desk(cast.juniper).get("/desk/", {"q": "colour:red"}).content.decode()
    assert "“colour” is not a filter." in text


@pytest.mark.parametrize("sort", ["due", "new", "changed"])
def test_pages_go_on_from_the_last_row_without_gap_or_repeat(cast, desk, monkeypatch, sort):
    monkeypatch.setattr(lists, "PAGE", 3)
    made = [report() for _each in range(8)]
    with acting_as(cast.juniper):
        Case.objects.filter(reference__in=made[:3]).update(due_at=None)
        Case.objects.filter(reference__in=made[3:6]).update(due_at=timezone.now())
    juniper, url, seen = desk(cast.juniper), f"/desk/queue/emergency/?sort={sort}", []
    while url:
        page = juniper.get(url)
        seen += [one for one in order(page) if one not in seen]
        older = re.search(r'href="([^"]*after=[^"]*)"', page.content.decode())
        url = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(made)
    if sort == "new":
        assert seen == sorted(made, reverse=True)


def test_a_made_up_mark_begins_at_the_start(cast, scene, desk):
    juniper = desk(cast.juniper)
    for mark in ("x", "WyJhIiwxXQ:1", "\0"):
        assert order(juniper.get("/desk/", {"after": mark})) == order(juniper.get("/desk/"))


def queries(desk, url: str) -> int:
    desk.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert desk.get(url).status_code == 200
    return len(asked)


def test_more_cases_cost_no_more_queries(cast, scene, desk):
    juniper = desk(cast.juniper)
    urls = (
        "/desk/",
        "/desk/queue/emergency/",
        "/desk/?tab=teams&q=severity:high",
        "/desk/replies/",
        "/desk/search/?q=threat",
    )
    before = [queries(juniper, url) for url in urls]
    for _each in range(12):
        do(report(), "take", cast.juniper)
    assert [queries(juniper, url) for url in urls] == before
    assert max(before) < 25


def test_ninety_nine_is_enough(cast, desk):
    reference = report()
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        for number in range(130):
            case.pk, case.reference = None, f"EM-2026-1{number:03d}"
            case.save(force_insert=True)
    text = desk(cast.juniper).get("/desk/").content.decode()
    counts = re.findall(r'class="count(?: count--new)?">([^<]+)', text)
    assert "99+" in counts
    assert not {"130", "131"}.intersection(counts)
    assert text.count('class="row"') == lists.PAGE


def test_rows_are_compact_for_whom_likes_that(cast, scene, desk):
    Staff.objects.filter(pk=cast.juniper.id).update(preferences={"density": "compact"})
    assert "rows--compact" in desk(cast.juniper).get("/desk/").content.decode()
    assert "rows--compact" not in desk(cast.heron).get("/desk/").content.decode()


def test_the_rail_counts_each_queue_once(cast, scene, desk):
    text = desk(cast.alder).get("/desk/counts/").content.decode()
    counted = re.findall(r'rail__label">([^<]*)</span><span class="count(?: count--new)?">([^<]*)', text)
    on_call = dict(counted).pop("On call")
    numbers = {"My day": "2", "Replies": "1", "Approvals": "0", "Emergencies": "5", "Triage": "1"}
    assert dict(counted) == {**numbers, "On call": on_call}
    assert on_call.startswith("Juniper, until")


def test_an_empty_list_says_why(cast, desk):
    text = desk(cast.juniper).get("/desk/").content.decode()
    assert "Nothing needs you here now." in text
    assert "No case fits this filter." in desk(cast.juniper).get("/desk/?q=lang:ar").content.decode()
