"""A clock looks as its words say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from tutela.ui.clockface import Run, face, span

BEGAN = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
HOURS = timedelta(hours=1)


def run(**more: object) -> Run:
    return Run(**{"shape": "target", "label": "Decide", "began": BEGAN, "due": BEGAN + 8 * HOURS, **more})


@pytest.mark.parametrize(
    ("after", "urgency", "text"),
    [
        (1 * HOURS, "runs", "7 hr left"),
        (6 * HOURS, "soon", "2 hr left"),
        (timedelta(hours=7, minutes=22), "now", "38 min left"),
        (timedelta(hours=8, minutes=12), "late", "12 min over"),
    ],
)
def test_urgency_turns_at_a_third_and_at_an_eighth(after: timedelta, urgency: str, text: str) -> None:
    shown = face(run(), BEGAN + after)
    assert (shown.urgency, shown.text) == (urgency, text)


def test_the_declaration_may_turn_earlier() -> None:
    assert face(run(now=7 * HOURS), BEGAN + 2 * HOURS).urgency == "now"


def test_the_ring_shows_what_is_left() -> None:
    assert face(run(), BEGAN + 6 * HOURS).left == pytest.approx(0.25)
    assert face(run(), BEGAN + 9 * HOURS).left == 0


def test_a_paused_clock_names_whom_it_waits_for() -> None:
    shown = face(run(paused_for="reporter"), BEGAN + 9 * HOURS)
    assert (shown.urgency, shown.text) == ("paused", "reporter")
    assert shown.sentence == "Decide (target), paused: reporter"


def test_a_met_clock_says_in_how_long() -> None:
    shown = face(run(met_at=BEGAN + timedelta(minutes=9)), BEGAN + 9 * HOURS)
    assert (shown.urgency, shown.text) == ("met", "Met in 9 min")


@pytest.mark.parametrize(
    ("language", "hours", "days"),
    [
        ("fr", "5\u202fh", "3\xa0jours"),
        ("de", "5 Std.", "3 Tage"),
        ("ar", "5 س", "3 أيام"),
        ("zh-hans", "5小时", "3天"),
    ],
)
def test_time_is_told_in_the_units_of_the_language(language: str, hours: str, days: str) -> None:
    with translation.override(language):
        assert (span(5 * HOURS), span(72 * HOURS)) == (hours, days)


def test_the_page_can_tick_it() -> None:
    shown = face(run(), BEGAN)
    assert (shown.seconds, shown.soon, shown.now) == (28800, 9600, 3600)
