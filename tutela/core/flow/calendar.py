"""Arithmetic of spans: minutes to business days."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from django.conf import settings

from .declare import Span, Unit

_EXACT = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1), Unit.DAYS: timedelta(days=1)}
_WRITTEN = re.compile(r"(\d+) (minutes|hours|days|business days)")


def parse_span(text: str) -> Span:
    """Read "45 minutes" or "7 business days". Raises ValueError for anything else."""
    match = _WRITTEN.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a span: write for instance '45 minutes' or '7 business days'.")
    return Span(int(match[1]), Unit(match[2]))


def after(start: datetime, span: Span) -> datetime:
    """The moment a span after `start`.

    Business days end with the office's day: seven business days after a Monday noon is the end of
    the Wednesday of the next week, when no holiday lies between.
    """
    if span.unit is not Unit.BUSINESS_DAYS:
        return start + _EXACT[span.unit] * span.amount
    zone = ZoneInfo(settings.OFFICE_TIME_ZONE)
    day = start.astimezone(zone).date()
    left = span.amount
    while left > 0:
        day += timedelta(days=1)
        left -= is_business_day(day.year, day.month, day.day)
    end = datetime.combine(day, time(23, 59, 59), zone)
    return end.astimezone(start.tzinfo)


def before(due: datetime, span: Span, *, not_before: datetime) -> datetime:
    """The moment a span before `due`, and no earlier than `not_before`."""
    if span.unit is not Unit.BUSINESS_DAYS:
        return max(due - _EXACT[span.unit] * span.amount, not_before)
    day = due.astimezone(ZoneInfo(settings.OFFICE_TIME_ZONE))  # the time of day stays that of the office
    left = span.amount
    while left > 0:
        day -= timedelta(days=1)
        left -= is_business_day(day.year, day.month, day.day)
    return max(day.astimezone(due.tzinfo), not_before)


@cache
def is_business_day(year: int, month: int, day: int) -> bool:
    """Whether the office works on a day: no weekend, no holiday of `settings.HOLIDAYS`."""
    date = datetime(year, month, day, tzinfo=ZoneInfo("UTC")).date()
    return date.weekday() < 5 and date not in _holidays(year)


@cache
def _holidays(year: int) -> holidays.HolidayBase:
    country, _dash, part = settings.HOLIDAYS.partition("-")
    return holidays.country_holidays(country, subdiv=part or None, years=year)
