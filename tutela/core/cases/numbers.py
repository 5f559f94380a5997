"""Numbers that are given out one after the other within a year: RL-2026-0001."""

from __future__ import annotations

import re

from django.utils import timezone

from .models import Counter

_NUMBER = re.compile(r"[A-Z]{1,8}-[0-9]{4}-[0-9]{1,9}")


def is_number(text: str) -> bool:
    """Whether a text may be a reference or a number of ours: others are nobody's, and not asked for."""
    return _NUMBER.fullmatch(text) is not None


def next_number(prefix: str, counter: str) -> str:
    """The next number of a counter, in the transaction of what gets it."""
    year = timezone.now().year
    Counter.objects.bulk_create([Counter(workflow=counter, year=year)], ignore_conflicts=True)
    row = Counter.objects.select_for_update().get(workflow=counter, year=year)
    row.last += 1
    row.save(update_fields=["last"])
    return f"{prefix}-{year}-{row.last:04d}"
