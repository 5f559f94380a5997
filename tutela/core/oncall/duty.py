"""Reads the rotas, and says who is on duty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

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
    shifts = OnCallShift.objects.filter(workflow__in=named, ends_at__gt=begin, starts_at__lt=end)
    for shift in shifts.select_related("staff").order_by("-id"):
        span = Span(shift.staff_id, shift.starts_at, shift.ends_at, shift.position)
        taken[shift.workflow].append(span)
        if not shift.staff.is_active:
            gone.add(shift.staff_id)
    known = {one for each in weeks.values() for one in each.people}
    known |= {span.staff for spans in taken.values() for span in spans}
    absences = Absence.objects.filter(staff__in=known, ends_at__gt=begin, starts_at__lt=end) if known else ()
    away = tuple(Span(one.staff_id, one.starts_at, one.ends_at) for one in absences)
    others = _fallbacks(named) if fallbacks else {}
    return {
        name: Plan(weeks.get(name), tuple(taken[name]), away, frozenset(gone), others.get(name, ()))
        for name in named
    }


def _weeks_of(workflows: Collection[str]) -> tuple[dict[str, Weeks], set[int]]:
    """The weeks of each work that has a rota, and who of them left. One query."""
    rows = (
        Cover.objects.filter(workflow__in=workflows)
        .order_by("workflow")
        .annotate(
            people=ArrayAgg("rota__turns__staff", order_by="rota__turns__place", default=[]),
            left=ArrayAgg("rota__turns__staff", filter=Q(rota__turns__staff__is_active=False), default=[]),
        )
        .values_list("workflow", "people", "left", "rota__time_zone", "rota__hour", "rota__first_on")
    )
    found, gone = {}, set()
    for workflow, order, left, zone, hour, first_on in rows:
        found[workflow] = Weeks(tuple(one for one in order if one is not None), zone, hour, first_on)
        gone.update(left)
    return found, gone


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
    known = Staff.objects.in_bulk(numbers)
    return [known[one] for one in numbers if one in known]


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
