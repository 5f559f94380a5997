"""Who is on duty for a workflow."""

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
