"""A month of a rota as rows of a table: weeks of days, each with who is on duty."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django.utils.formats import date_format

from tutela.core.oncall.plan import Plan, Stretch, Why, stretches
from tutela.core.people.models import Staff

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """One day, and who is on duty in it, in order."""

    date: date
    inside: bool
    today: bool
    duties: list[dict[str, Any]] = field(default_factory=list)


def month_of(text: str, today: date) -> date:
    """The first day of a month that an address names ("2026-11"), or of this one."""
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        asked = today
    earliest, latest = today.year - 2, today.year + 2
    return asked.replace(day=1) if earliest <= asked.year <= latest else today.replace(day=1)


def weeks(first: date, zone: tzinfo) -> tuple[list[list[date]], datetime, datetime]:
    """The weeks of a month as days, Monday first; and from when to when they last on the wall."""
    days = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begin = datetime.combine(days[0][0], time.min, zone)
    end = datetime.combine(days[-1][-1] + DAY, time.min, zone)
    return days, begin, end


def table(
    plan: Plan, first: date, today: date, zone: tzinfo, names: Mapping[int, Staff], me: int
) -> list[list[Day]]:
    """The rows of the table."""
    days, begin, end = weeks(first, zone)
    found = stretches(plan, begin, end)
    return [
        [
            Day(day, day.month == first.month, day == today, _duties(found, day, zone, names, me))
            for day in week
        ]
        for week in days
    ]


def _duties(
    found: list[Stretch], day: date, zone: tzinfo, names: Mapping[int, Staff], me: int
) -> list[dict[str, Any]]:
    begin, end = datetime.combine(day, time.min, zone), datetime.combine(day + DAY, time.min, zone)
    return [
        {
            "names": [names[one].working_name for one in stretch.watch.on if one in names],
            "nobody": stretch.watch.why == Why.NOBODY,
            "me": stretch.watch.first == me,
            "since": "" if stretch.starts <= begin else date_format(stretch.starts.astimezone(zone), "H:i"),
        }
        for stretch in found
        if stretch.starts < end and stretch.ends > begin
    ]
