"""The release log as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

COLUMNS = (
    "number", "at", "case_reference", "workflow", "agency", "agency_case_number", "recipient_type",
    "recipient_type_other", "recipient_name", "recipient_contact", "legal_basis", "reason", "reason_other",
    "data_classes", "accounts", "description", "pre_approved", "why_urgent", "released_by", "approved_by",
    "review", "reviewed_by", "call_back_number", "call_back_answered_by", "call_back_at", "call_back_by",
    "minutes_from_receipt", "restricted", "is_test", "corrects", "corrected_by", "correction_reason",
)  # fmt: skip
#: What a spreadsheet would read as the beginning of a formula or of another cell.
_ACTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The entries, as `reading.described()` gives them, one per line under a line of names.

    Moments are in UTC, lists are joined by semicolons. A cell that a spreadsheet would run as a
    formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe(_cell(row[name])) for name in COLUMNS] for row in rows)
    return text.getvalue()


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, also behind spaces that it would drop."""
    return f"'{cell}" if cell.startswith(_ACTS) or cell.lstrip().startswith(_ACTS) else cell


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return str(value["name"])
    if isinstance(value, (list, tuple)):
        return "; ".join(_cell(one) for one in value)
    return str(value)
