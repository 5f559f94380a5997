"""What pages and conditions read of a case, read once: its requests and its clocks.

A page that offers the steps of a case asks a dozen conditions, and most of them ask the same rows. `read()`
fetches those rows first; without it each question is a query of its own, which is what `perform()` wants:
it must not decide by what was true before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutela.core.kept import kept

from .models import ClockRow, Request

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tutela.core.cases.models import Case


def read(case: Case) -> None:
    """Fetch the requests and the clocks of a case that is only shown. Two queries."""
    _hold(case, "requests", _requests(case.pk))
    _hold(case, "clocks", _clocks(case.pk))


@kept
def _requests(case: int) -> QuerySet[Request]:
    return Request.objects.filter(case=case).select_related("proposer")


@kept
def _clocks(case: int) -> QuerySet[ClockRow]:
    return ClockRow.objects.filter(case=case)


def _hold(case: Any, name: str, rows: list[Any]) -> None:
    """Have `case.<name>.all()` give these rows, as after Django's `prefetch_related`."""
    for row in rows:
        row.case = case
    found = getattr(case, name).all()
    found._result_cache, found._prefetch_done = rows, True  # noqa: SLF001  what Django does there
    case.__dict__.setdefault("_prefetched_objects_cache", {})[name] = found


def open_requests(case: Case, kind: Request.Kind | None = None) -> list[Request]:
    """What waits on a case (of one kind, if named), the oldest first. One query, none after `read()`."""
    found = (one for one in case.requests.all() if one.state == Request.State.OPEN)
    return sorted((one for one in found if kind in {None, one.kind}), key=lambda one: one.pk)


def clocks_of(case: Case) -> list[ClockRow]:
    """The clocks of a case that were not stopped, the oldest first. One query, none after `read()`."""
    return sorted((row for row in case.clocks.all() if row.stopped_at is None), key=lambda row: row.pk)
