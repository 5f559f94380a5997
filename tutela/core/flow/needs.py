"""Conditions that many workflows share, for `Step.needs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case, Event
from tutela.core.outbox.models import EffectState

from .reading import clocks_of, open_requests

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from .declare import Need


def no_open_request(case: Case) -> _StrOrPromise | None:
    """Open while nothing waits for approval or for its review."""
    return _("Something waits for approval or review.") if open_requests(case) else None


def has_reporter(case: Case) -> _StrOrPromise | None:
    """Open while somebody can be answered."""
    return None if case.reports.exists() else _("This case has no reporter.")


def in_state(*states: str) -> Need:
    """Open while the case is in one of the states."""

    def need(case: Case) -> _StrOrPromise | None:
        return None if case.state in states else _("The case is not at this point.")

    return need


def window_open(clock: str) -> Need:
    """Open once the earliest moment of a clock has passed, while that clock runs."""

    def need(case: Case) -> _StrOrPromise | None:
        row = next((one for one in clocks_of(case) if one.name == clock), None)
        if row is None:
            return _("The time for this has not started.")
        if row.earliest_at and row.earliest_at > timezone.now():
            return _("Not before %(time)s.") % {"time": row.earliest_at.strftime("%Y-%m-%d %H:%M UTC")}
        return None

    return need


def confirmed(step: str) -> Need:
    """Open once the other side has confirmed every effect of the latest run of a step."""

    def need(case: Case) -> _StrOrPromise | None:
        event = case.events.filter(kind=Event.Kind.STEP, step=step).order_by("-id").first()
        if event is None:
            return _("Nothing has been sent yet.")
        left = event.effects.exclude(state__in=[EffectState.CONFIRMED, EffectState.ABANDONED]).count()
        return _("%(count)d effects are not confirmed yet.") % {"count": left} if left else None

    return need
