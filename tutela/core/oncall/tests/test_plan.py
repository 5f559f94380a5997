"""Who is on duty at a moment: by the week, by what somebody took, in spite of absences, in every zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tutela.core.oncall.plan import Plan, Span, Weeks, Why, next_change, stretches, who

JUNIPER, HERON, ALDER, WREN = 1, 2, 3, 4
BERLIN = Weeks((JUNIPER, HERON, ALDER), "Europe/Berlin", time(9), date(2026, 3, 2))
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
         "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca", "Asia/Gaza")  # fmt: skip
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

#: A busy machine draws slowly, and nothing here is timed.
slowly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
moments = st.datetimes(BEGIN.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC))
people = st.integers(1, 5)
weeks = st.builds(
    Weeks,
    st.lists(people, max_size=4, unique=True).map(tuple),
    st.sampled_from(ZONES),
    st.times().map(lambda at: at.replace(microsecond=0)),
    st.dates(date(2025, 1, 1), date(2027, 6, 1)),
)


@st.composite
def spans(draw):
    at = draw(moments)
    length = timedelta(minutes=draw(st.integers(1, 60 * 24 * 20)))
    return Span(draw(people), at, at + length, draw(st.integers(1, 3)))


plans = st.builds(
    Plan,
    st.none() | weeks,
    st.lists(spans(), max_size=4).map(tuple),
    st.lists(spans(), max_size=4).map(tuple),
    st.frozensets(people, max_size=2),
    st.lists(people, max_size=2, unique=True).map(tuple),
)


def at(*when: int, zone: str = "Europe/Berlin") -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone))


def test_they_hand_over_once_a_week_at_the_same_time_on_the_wall():
    plan = Plan(BERLIN)
    assert who(plan, at(2026, 3, 2, 9)).first == JUNIPER
    assert who(plan, at(2026, 3, 9, 8, 59)).first == JUNIPER
    assert who(plan, at(2026, 3, 9, 9)).first == HERON
    assert who(plan, at(2026, 3, 9, 9)).following == (ALDER, JUNIPER)
    # On 29 March the clocks of Berlin go forward: the week is an hour shorter, the hand-over still at nine.
    assert BERLIN.hand_over(4) - BERLIN.hand_over(3) == timedelta(days=7, hours=-1)
    assert who(plan, at(2026, 3, 30, 8, 59)).first == JUNIPER
    assert who(plan, at(2026, 3, 30, 9)).first == HERON


def test_before_the_first_day_the_order_runs_backwards():
    assert who(Plan(BERLIN), at(2026, 3, 1, 9)).first == ALDER


def test_a_time_that_the_wall_skips_or_shows_twice_is_one_moment():
    skipped = Weeks((JUNIPER, HERON), "Europe/Berlin", time(2, 30), date(2026, 3, 29))
    assert skipped.hand_over(0).astimezone(ZoneInfo("Europe/Berlin")) == at(2026, 3, 29, 3, 30)
    twice = Weeks((JUNIPER, HERON), "Europe/Berlin", time(2, 30), date(2026, 10, 25))
    assert twice.hand_over(0) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_what_somebody_took_wins_and_the_latest_taken_first():
    took = (
        Span(WREN, at(2026, 3, 3, 9), at(2026, 3, 4, 9)),
        Span(HERON, at(2026, 3, 3, 9), at(2026, 3, 5, 9)),
    )
    found = who(Plan(BERLIN, took), at(2026, 3, 3, 12))
    assert (found.why, found.on, found.back_up) == (Why.TOOK, (WREN,), (HERON,))
    assert who(Plan(BERLIN, took), at(2026, 3, 5, 9)).first == JUNIPER


def test_a_back_up_does_not_take_the_place_of_the_week():
    plan = Plan(BERLIN, (Span(WREN, at(2026, 3, 3, 9), at(2026, 3, 4, 9), position=2),))
    found = who(plan, at(2026, 3, 3, 12))
    assert (found.first, found.back_up, found.following) == (JUNIPER, (WREN,), (HERON, ALDER))


def test_the_next_one_stands_in_for_who_is_away_even_in_a_span_that_they_took():
    away = (Span(JUNIPER, at(2026, 3, 3), at(2026, 3, 5)),)
    plan = Plan(BERLIN, (Span(JUNIPER, at(2026, 3, 4), at(2026, 3, 6)),), away)
    assert who(plan, at(2026, 3, 4, 12)).first == HERON
    assert who(plan, at(2026, 3, 4, 12)).why == Why.STANDS_IN
    assert who(plan, at(2026, 3, 5)).why == Why.TOOK
    assert who(Plan(BERLIN, gone=frozenset({JUNIPER})), at(2026, 3, 4)).first == HERON


@pytest.mark.parametrize("weeks_", [None, Weeks((), "UTC", time(9), date(2026, 3, 2)), BERLIN])
def test_with_nobody_left_the_fallback_is_named_as_such(weeks_):
    plan = Plan(weeks_, gone=frozenset({JUNIPER, HERON, ALDER}), fallback=(WREN,))
    found = who(plan, at(2026, 3, 4))
    assert (found.why, found.first, found.on) == (Why.NOBODY, None, (WREN,))


def test_the_next_change_is_the_hand_over_or_what_comes_before_it():
    assert next_change(Plan(BERLIN), at(2026, 3, 4)) == at(2026, 3, 9, 9)
    took = (Span(WREN, at(2026, 3, 5), at(2026, 3, 6)),)
    assert next_change(Plan(BERLIN, took), at(2026, 3, 4)) == at(2026, 3, 5)
    assert next_change(Plan(Weeks((WREN,), "UTC", time(9), date(2026, 3, 2))), at(2026, 3, 4)) is None


@slowly
@given(plans, st.lists(moments, min_size=2, max_size=2, unique=True).map(sorted), st.data())
def test_every_moment_has_one_stretch_and_it_says_who_is_on_duty(plan, ends, data):
    begin, end = ends
    found = stretches(plan, begin, end)
    assert (found[0].starts, found[-1].ends) == (begin, end)
    assert all(one.ends == other.starts for one, other in pairwise(found))
    last = (end - timedelta(microseconds=1)).replace(tzinfo=None)
    between = st.datetimes(begin.replace(tzinfo=None), last, timezones=st.just(UTC))
    moment = data.draw(st.sampled_from([one.starts for one in found]) | between)
    (there,) = (one for one in found if one.starts <= moment < one.ends)
    now = who(plan, moment)
    assert (there.watch.on, there.watch.back_up, there.watch.why) == (now.on, now.back_up, now.why)


@slowly
@given(plans, moments)
def test_nobody_is_asked_twice_and_nobody_who_is_away(plan, moment):
    found = who(plan, moment)
    everybody = [*found.on, *found.back_up, *found.following]
    assert len(everybody) == len(set(everybody))
    if found.why == Why.NOBODY:
        assert found.on == plan.fallback
    else:
        missing = plan.gone | {one.staff for one in plan.away if one.covers(moment)}
        assert missing.isdisjoint(everybody)


@slowly
@given(weeks.filter(lambda one: one.people), moments)
@example(Weeks((1, 2), "Pacific/Apia", time(0), date(2025, 1, 1)), BEGIN)
def test_weeks_follow_one_another_without_gap_or_overlap(one, moment):
    week = one.week_of(moment)
    assert one.hand_over(week) <= moment < one.hand_over(week + 1)
    length = one.hand_over(week + 1) - one.hand_over(week)
    assert abs(length - timedelta(days=7)) <= timedelta(hours=1)
    assert one.order(moment)[0] == one.people[week % len(one.people)]
