"""Reads the rotas, and says who is on duty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from tutela.core.kept import kept
from tutela.core.moment import database_now
from tutela.core.people.models import Grant, OnCallShift, Staff
from tutela.core.people.roles import PLATFORM, Role

from .models import Absence, Cover
from .plan import Plan, Span, Watch, Weeks, who

#: How far ahead and back spans are read, unless told.
AHEAD: Final = timedelta(days=40)


def plans(
    workflows: Iterable[str], begin: datetime, end: datetime, *, fallbacks: bool = True
) -> dict[str, Plan]:
    """The plan of each work, good between two moments. Four queries, whatever their number.

    Without `fallbacks` it is three, and nobody is named for when nobody is on duty.
    """
    named = list(dict.fromkeys(workflows))
    weeks, gone = _weeks_of(named)
    taken: dict[str, list[Span]] = defaultdict(list)
    for workflow, staff, starts, ends, position, is_active in _shifts(named, begin, end):
        taken[workflow].append(Span(staff, starts, ends, position))
        if not is_active:
            gone.add(staff)
    known = {one for each in weeks.values() for one in each.people}
    known |= {span.staff for spans in taken.values() for span in spans}
    away = tuple(Span(*one) for one in _absences(list(known), begin, end)) if known else ()
    others = _fallbacks(named) if fallbacks else {}
    return {
        name: Plan(weeks.get(name), tuple(taken[name]), away, frozenset(gone), others.get(name, ()))
        for name in named
    }


@kept
def _shifts(
    workflows: list[str], begin: datetime, end: datetime
) -> QuerySet[OnCallShift, tuple[str, int, datetime, datetime, int, bool]]:
    shifts = OnCallShift.objects.filter(workflow__any=workflows, ends_at__gt=begin, starts_at__lt=end)
    columns = ("workflow", "staff_id", "starts_at", "ends_at", "position", "staff__is_active")
    return shifts.order_by("-id").values_list(*columns)


@kept
def _absences(
    people: list[int], begin: datetime, end: datetime
) -> QuerySet[Absence, tuple[int, datetime, datetime]]:
    absences = Absence.objects.filter(staff__any=people, ends_at__gt=begin, starts_at__lt=end)
    return absences.values_list("staff_id", "starts_at", "ends_at")


def _weeks_of(workflows: Collection[str]) -> tuple[dict[str, Weeks], set[int]]:
    """The weeks of each work that has a rota, and who of them left. One query."""
    found, gone = {}, set()
    for workflow, order, left, zone, hour, first_on in _covers(list(workflows)):
        found[workflow] = Weeks(tuple(one for one in order if one is not None), zone, hour, first_on)
        gone.update(left)
    return found, gone


@kept
def _covers(workflows: list[str]) -> QuerySet[Cover, tuple[Any, ...]]:
    return (
        Cover.objects.filter(workflow__any=workflows)
        .order_by("workflow")
        .annotate(
            people=ArrayAgg("rota__turns__staff", order_by="rota__turns__place", default=[]),
            left=ArrayAgg("rota__turns__staff", filter=Q(rota__turns__staff__is_active=False), default=[]),
        )
        .values_list("workflow", "people", "left", "rota__time_zone", "rota__hour", "rota__first_on")
    )


def plan_of(workflow: str, at: datetime) -> Plan:
    """The plan of one work, good from a moment on for some weeks."""
    return plans([workflow], at, at + AHEAD)[workflow]


def watch(workflow: str, at: datetime | None = None) -> Watch:
    """Who is on duty for one work now, by the database's clock, or at a moment."""
    at = at or database_now()
    return who(plans([workflow], at, at + timedelta(microseconds=1))[workflow], at)


def on_duty(workflow: str, at: datetime | None = None) -> list[Staff]:
    """The people on duty now (or at a moment) and their back-ups, in order; empty when nobody is."""
    found = watch(workflow, at)
    return [] if found.first is None else people([*found.on, *found.back_up])


def people(numbers: Collection[int]) -> list[Staff]:
    """The people of these numbers, in their order."""
    known = {one.pk: one for one in _staff(list(numbers))} if numbers else {}
    return [known[one] for one in numbers if one in known]


@kept
def _staff(numbers: list[int]) -> QuerySet[Staff]:
    return Staff.objects.filter(pk__any=numbers)


def unwatched(at: datetime | None = None) -> list[str]:
    """The works that have a rota, and nobody on duty now: only their managers would be asked."""
    at = at or database_now()
    named = list(Cover.objects.order_by("workflow").values_list("workflow", flat=True))
    found = plans(named, at, at + timedelta(microseconds=1))
    return [name for name in named if who(found[name], at).first is None]


def _fallbacks(workflows: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Who is asked when nobody is on duty: managers, or, where there is none, everybody who works there.

    For the platform: its security officers, or else all managers.
    """
    held = Grant.objects.active().filter(staff__is_active=True, staff__kind=Staff.Kind.PERSON)
    rows = list(held.order_by("staff_id").values_list("workflow", "role", "staff_id"))
    managers = tuple(dict.fromkeys(staff for _where, role, staff in rows if role == Role.MANAGER))
    found = {}
    for name in workflows:
        here = [(role, staff) for where, role, staff in rows if where == name]
        leads = Role.SECURITY if name == PLATFORM else Role.MANAGER
        chosen = tuple(dict.fromkeys(staff for role, staff in here if role == leads))
        others = managers if name == PLATFORM else tuple(dict.fromkeys(staff for _role, staff in here))
        found[name] = chosen or others
    return found
