"""Who is on duty for a workflow, and who is told when nobody is."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from .models import OnCallShift, Staff


def on_duty(workflow: str, at: datetime | None = None) -> list[Staff]:
    """The people on duty now (or at a moment), in order of escalation; empty when nobody is."""
    at = at or timezone.now()
    shifts = OnCallShift.objects.filter(
        workflow=workflow, starts_at__lte=at, ends_at__gt=at, staff__is_active=True
    )
    return [shift.staff for shift in shifts.select_related("staff").order_by("position", "starts_at", "id")]


def to_page(workflow: str, team: str, at: datetime | None = None) -> list[Staff]:
    """Whom to page: the first on duty with a mail address, or else everybody of the team who has one."""
    reachable = [person for person in on_duty(workflow, at) if person.email]
    if reachable:
        return reachable[:1]
    members = Staff.objects.filter(teams__slug=team, is_active=True, kind=Staff.Kind.PERSON)
    return list(members.exclude(email="").order_by("id").distinct())
