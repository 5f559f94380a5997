"""Who is on duty at a moment: pure functions on rows that were read before.

All moments are aware. People are numbers of staff.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

WEEK: Final = timedelta(days=7)


class Why(StrEnum):
    """By what somebody is on duty."""

    TOOK = "took"
    TURN = "turn"
    STANDS_IN = "stands_in"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Span:
    """One person, from a moment up to another one."""

    staff: int
    starts: datetime
    ends: datetime
    #: 1 is on duty; what is higher is named as a back-up.
    position: int = 1

    def covers(self, at: datetime) -> bool:
        """Whether the moment lies in it."""
        return self.starts <= at < self.ends


@dataclass(frozen=True)
class Weeks:
    """A list of people who hand over once a week, on the wall of a zone; the first begins on `first_on`."""

    people: tuple[int, ...]
    zone: str
    hour: time
    first_on: date

    def hand_over(self, week: int) -> datetime:
        """When a week begins; week 0 on `first_on`. In UTC.

        A time that the wall skips in spring is the moment to which the wall jumps at the latest; one
        that it shows twice in autumn is the first of the two.
        """
        local = datetime.combine(self.first_on + WEEK * week, self.hour, ZoneInfo(self.zone))
        return local.astimezone(UTC)

    def week_of(self, at: datetime) -> int:
        """The number of the week in which a moment lies."""
        week = (at.astimezone(ZoneInfo(self.zone)).date() - self.first_on).days // 7
        while self.hand_over(week) > at:
            week -= 1
        while self.hand_over(week + 1) <= at:
            week += 1
        return week

    def order(self, at: datetime) -> tuple[int, ...]:
        """Everybody in the list, beginning with whose week it is."""
        if not self.people:
            return ()
        place = self.week_of(at) % len(self.people)
        return self.people[place:] + self.people[:place]


@dataclass(frozen=True)
class Plan:
    """All that decides who is on duty for one work.

    `taken` are spans that somebody took, the latest taken first; `away` are absences; `gone` are people who
    may not be on duty at all; `fallback` is asked when nobody is left.
    """

    weeks: Weeks | None = None
    taken: tuple[Span, ...] = ()
    away: tuple[Span, ...] = ()
    gone: frozenset[int] = frozenset()
    fallback: tuple[int, ...] = ()


@dataclass(frozen=True)
class Watch:
    """Who is on duty, who backs up, and who would follow in the rota: everybody once.

    With nobody on duty (`Why.NOBODY`), `on` is the fallback, and may be empty.
    """

    why: Why
    on: tuple[int, ...]
    back_up: tuple[int, ...] = ()
    following: tuple[int, ...] = ()

    @property
    def first(self) -> int | None:
        """The one on duty; None when only the fallback is there."""
        return None if self.why == Why.NOBODY else self.on[0]


@dataclass(frozen=True)
class Stretch:
    """A stretch of time in which the same people are on duty."""

    starts: datetime
    ends: datetime
    watch: Watch


def who(plan: Plan, at: datetime) -> Watch:
    """Who is on duty at a moment. What somebody took wins over the week; an absence wins over both."""
    missing = plan.gone | {one.staff for one in plan.away if one.covers(at)}
    took = [
        one
        for one in sorted(plan.taken, key=lambda one: one.position)  # stable: the latest taken stays first
        if one.covers(at) and one.staff not in missing
    ]
    order = plan.weeks.order(at) if plan.weeks else ()
    present = [one for one in order if one not in missing]
    named = list(dict.fromkeys(one.staff for one in took))
    if took and took[0].position == 1:
        why, first = Why.TOOK, named[0]
    elif present:
        why, first = (Why.TURN if present[0] == order[0] else Why.STANDS_IN), present[0]
    elif named:
        why, first = Why.TOOK, named[0]
    else:
        return Watch(Why.NOBODY, plan.fallback)
    back_up = tuple(one for one in named if one != first)
    following = tuple(one for one in present if one != first and one not in back_up)
    return Watch(why, (first,), back_up, following)


def stretches(plan: Plan, begin: datetime, end: datetime) -> list[Stretch]:
    """Who is on duty from one moment up to another, without a gap, as few stretches as say it."""
    edges = sorted({begin, end, *(at for at in _edges(plan, begin, end) if begin < at < end)})
    found: list[Stretch] = []
    for starts, ends in pairwise(edges):
        watch = who(plan, starts)
        if found and _same(found[-1].watch, watch):
            found[-1] = replace(found[-1], ends=ends)
        else:
            found.append(Stretch(starts, ends, watch))
    return found


def next_change(plan: Plan, at: datetime, within: timedelta = WEEK * 5) -> datetime | None:
    """When somebody else comes on duty; None when nobody else does in that time."""
    ahead = stretches(plan, at, at + within)
    return ahead[1].starts if len(ahead) > 1 else None


def _same(one: Watch, other: Watch) -> bool:
    """Whether a calendar would show the two as one. Who would follow does not matter to it."""
    return (one.why, one.on, one.back_up) == (other.why, other.on, other.back_up)


def _edges(plan: Plan, begin: datetime, end: datetime) -> Iterator[datetime]:
    yield from _ends(plan.taken)
    yield from _ends(plan.away)
    if plan.weeks and plan.weeks.people:
        week = plan.weeks.week_of(begin)
        while (at := plan.weeks.hand_over(week)) < end:
            yield at
            week += 1


def _ends(spans: Iterable[Span]) -> Iterator[datetime]:
    for one in spans:
        yield one.starts
        yield one.ends
