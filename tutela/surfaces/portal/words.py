"""Times, promises and places in the words of the page's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from babel import Locale
from babel.dates import format_skeleton
from django.conf import settings
from django.utils.translation import get_language, gettext, ngettext_lazy

from tutela.core.flow import clocks, registry
from tutela.core.flow.calendar import after
from tutela.core.flow.declare import Clock, Unit, Workflow
from tutela.programs.directory.models import Helpline


def locale() -> Locale:
    """The conventions of the page's language. English dates are written as most of the world reads them."""
    code = get_language() or settings.LANGUAGE_CODE
    return Locale.parse("en_GB" if code == "en" else code.replace("-", "_"), resolve_likely_subtags=True)


def day(moment: datetime) -> str:
    """`Thursday, 12 March 2026`, in UTC."""
    return format_skeleton("yMMMMEEEEd", moment.astimezone(UTC), locale=locale(), fuzzy=True)


def clock_time(moment: datetime) -> str:
    """`14:06`, in UTC and with 24 hours in every language."""
    return moment.astimezone(UTC).strftime("%H:%M")


def moment_words(moment: datetime) -> str:
    """`Thursday, 12 March 2026, 14:06 UTC`."""
    return gettext("%(day)s, %(time)s UTC") % {"day": day(moment), "time": clock_time(moment)}


def day_and_time(moment: datetime) -> str:
    """`12 March, 14:06 UTC`: for what lies close together."""
    date = format_skeleton("MMMMd", moment.astimezone(UTC), locale=locale(), fuzzy=True)
    return gettext("%(day)s, %(time)s UTC") % {"day": date, "time": clock_time(moment)}


def by_when(moment: datetime, start: datetime) -> str:
    """`By 15:06 UTC`, and with its day where that is not the day of `start`."""
    if moment.astimezone(UTC).date() == start.astimezone(UTC).date():
        return gettext("By %(time)s UTC") % {"time": clock_time(moment)}
    return gettext("By %(day)s, %(time)s UTC") % {"day": day(moment), "time": clock_time(moment)}


# ------------------------------------------------------------------------------- what we promise


def _clock(slug: str, name: str) -> tuple[Workflow, Clock] | None:
    workflow = registry.workflow(slug)
    found = next((clock for clock in workflow.clocks if clock.name == name), None)
    return (workflow, found) if found else None


def due(slug: str, name: str, start: datetime) -> datetime | None:
    """When a clock of a workflow that starts now is due; None where the workflow has no such clock."""
    found = _clock(slug, name)
    return after(start, clocks.span_of(*found)) if found else None


def promise(slug: str, name: str, sentences: Sentences) -> str:
    """A sentence with the length of a workflow's clock; empty where the workflow has no such clock."""
    found = _clock(slug, name)
    if found is None:
        return ""
    span = clocks.span_of(*found)
    return str(sentences[span.unit] % {"count": span.amount})


#: One sentence for each unit, as words around a number differ by language and by unit.
Sentences = dict[Unit, Any]

WITHIN: Sentences = {
    Unit.MINUTES: ngettext_lazy("Within %(count)d minute", "Within %(count)d minutes", "count"),
    Unit.HOURS: ngettext_lazy("Within %(count)d hour", "Within %(count)d hours", "count"),
    Unit.DAYS: ngettext_lazy("Within %(count)d day", "Within %(count)d days", "count"),
    Unit.BUSINESS_DAYS: ngettext_lazy(
        "Within %(count)d working day", "Within %(count)d working days", "count"
    ),
}
A_PERSON_ANSWERS: Sentences = {
    Unit.MINUTES: ngettext_lazy(
        "A person answers within %(count)d minute, day and night",
        "A person answers within %(count)d minutes, day and night",
        "count",
    ),
    Unit.HOURS: ngettext_lazy(
        "A person answers within %(count)d hour, day and night",
        "A person answers within %(count)d hours, day and night",
        "count",
    ),
    Unit.DAYS: ngettext_lazy(
        "A person answers within %(count)d day", "A person answers within %(count)d days", "count"
    ),
    Unit.BUSINESS_DAYS: ngettext_lazy(
        "A person answers within %(count)d working day",
        "A person answers within %(count)d working days",
        "count",
    ),
}


# ---------------------------------------------------------------------------------------- helplines


@dataclass(frozen=True)
class HelpLine:
    """A helpline as the page shows it."""

    name: str
    phone: str
    url: str
    languages: str
    hours: str
    checked: str
    stale: bool
    everywhere: bool


def lines(found: Iterable[Helpline]) -> list[HelpLine]:
    """Helplines in the words of the page."""
    return [_line(one) for one in found]


def _line(one: Helpline) -> HelpLine:
    return HelpLine(
        name=one.name,
        phone=one.phone,
        url=one.url,
        languages=", ".join(_language_name(code) for code in one.languages),
        hours=gettext("Day and night") if one.hours == "always" else one.hours,
        checked=_month(one.checked_at) if one.checked_at else "",
        stale=one.is_stale,
        everywhere=not one.country,
    )


def _month(when: date) -> str:
    return format_skeleton("yMMMM", when, locale=locale(), fuzzy=True)


def _language_name(code: str) -> str:
    return Locale.parse(code.replace("-", "_")).get_display_name(locale()) or code
