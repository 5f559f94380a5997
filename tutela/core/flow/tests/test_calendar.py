"""Spans of time: exact ones, and business days with weekends, holidays and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutela.core.flow.calendar import after, before, is_business_day, parse_span
from tutela.core.flow.declare import Span, Unit, business_days, days, hours, minutes

OFFICE = ZoneInfo("America/Los_Angeles")
MOMENTS = st.integers(0, 15 * 366 * 24 * 60).map(
    lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
)


def office(*at):
    return datetime(*at, tzinfo=OFFICE)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("45 minutes", minutes(45)),
        ("2 hours", hours(2)),
        ("90 days", days(90)),
        (" 7 business days ", business_days(7)),
    ],
)
def test_a_span_is_read_as_it_is_written(text, span):
    assert parse_span(text) == span
    assert parse_span(str(span)) == span


@pytest.mark.parametrize("text", ["", "soon", "7", "7 weeks", "-1 days", "1.5 hours"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="is not a span"):
        parse_span(text)


def test_hours_are_exact_over_a_change_of_the_clock():
    night = office(2026, 3, 8, 1, 30)
    assert after(night, hours(1)) - night == timedelta(hours=1)
    assert after(night.astimezone(UTC), hours(1)).astimezone(OFFICE).hour == 3


def test_a_calendar_day_is_24_hours_over_a_change_of_the_clock():
    noon = office(2026, 10, 31, 12).astimezone(UTC)
    assert after(noon, days(1)) - noon == timedelta(hours=24)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        (office(2026, 3, 9, 12), 1, office(2026, 3, 10, 23, 59, 59)),  # Monday to Tuesday
        (office(2026, 3, 6, 12), 1, office(2026, 3, 9, 23, 59, 59)),  # Friday, over a weekend and the clock
        (office(2026, 3, 7, 12), 1, office(2026, 3, 9, 23, 59, 59)),  # Saturday
        (office(2026, 3, 9, 12), 7, office(2026, 3, 18, 23, 59, 59)),  # over one weekend
        (office(2026, 7, 1, 12), 3, office(2026, 7, 7, 23, 59, 59)),  # Independence Day, kept on the 3rd
        (office(2026, 12, 24, 12), 1, office(2026, 12, 28, 23, 59, 59)),  # Christmas on a Friday
        (office(2026, 12, 30, 12), 2, office(2027, 1, 4, 23, 59, 59)),  # over New Year
    ],
)
def test_business_days_skip_weekends_and_holidays_and_end_with_the_day_of_the_office(start, span, end):
    assert after(start.astimezone(UTC), business_days(span)) == end


def test_the_day_of_the_office_counts_and_not_that_of_utc():
    late = datetime(2026, 3, 11, 3, tzinfo=UTC)  # still Tuesday the 10th in the office
    assert after(late, business_days(1)).astimezone(OFFICE).day == 11


@pytest.mark.parametrize(
    ("due", "span", "start"),
    [
        (office(2026, 3, 18, 23, 59, 59), 2, office(2026, 3, 16, 23, 59, 59)),
        (office(2026, 3, 17, 23, 59, 59), 2, office(2026, 3, 13, 23, 59, 59)),  # back over a weekend
        (office(2026, 7, 7, 23, 59, 59), 2, office(2026, 7, 2, 23, 59, 59)),  # back over a holiday
        (
            office(2026, 3, 10, 23, 59, 59),
            2,
            office(2026, 3, 6, 23, 59, 59),
        ),  # back over a change of the clock
    ],
)
def test_business_days_are_counted_back_the_same_way(due, span, start):
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert before(due.astimezone(UTC), business_days(span), not_before=long_ago) == start


@given(MOMENTS, st.integers(1, 40))
def test_the_end_is_a_business_day_and_as_many_lie_between(start, amount):
    end = after(start, business_days(amount))
    first, last = start.astimezone(OFFICE).date(), end.astimezone(OFFICE).date()
    between = [first + timedelta(days=n + 1) for n in range((last - first).days)]
    assert is_business_day(last.year, last.month, last.day)
    assert sum(is_business_day(day.year, day.month, day.day) for day in between) == amount


@given(MOMENTS, st.integers(1, 60), st.sampled_from(list(Unit)))
def test_back_never_ends_after_forth_began(start, amount, unit):
    due = after(start, Span(amount, unit))
    assert start < due
    assert start <= before(due, Span(amount, unit), not_before=start) <= due


@given(MOMENTS, st.integers(0, 30))
def test_a_longer_span_never_ends_earlier(start, amount):
    assert after(start, business_days(amount)) <= after(start, business_days(amount + 1))
