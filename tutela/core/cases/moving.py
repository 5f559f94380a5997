"""Moves reports from one case to another, with the keys that open them."""

from __future__ import annotations

from collections.abc import Iterable

from .models import Case, Report


def move_reports(reports: Iterable[Report], case: Case, *, for_good: bool = False) -> None:
    """Give reports to another case. `for_good`: they never return to the case that they first made."""
    for report in reports:
        report.keep_key_with(case)
        report.case = case
        if for_good:
            report.first_case = case
        report.save(update_fields=["case", "first_case", "key"])
