"""How a clock looks at a moment: its urgency, its words, its ring. Plain values in, one `Face` out.

The class of a clock is its shape (`statutory`, `target`, `internal`). Its urgency turns at a third of its
length (`soon`) and at an eighth (`now`) unless the declaration says otherwise. `static/ui/js/ticks.js` writes
the same words in the browser, from the same tables of units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from babel import Locale, UnknownLocaleError
from babel.units import format_unit
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, pgettext_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Face:
    """What `{% clock %}` and `{% clock_cell %}` show.

    `text` is short ("38 min left"), `sentence` says it in full and is the spoken name, `label` and `detail`
    stand in the full cell. `left` is the part of the ring, 0 to 1. `seconds` (the whole length), `soon` and
    `now` (seconds before the end) are for the ticking.
    """

    shape: str
    urgency: str
    text: str
    sentence: str = ""
    label: str = ""
    detail: str = ""
    icon: str = ""
    left: float = 1.0
    due: datetime | None = None
    seconds: int = 0
    soon: int = 0
    now: int = 0


@dataclass(frozen=True, kw_only=True)
class Run:
    """A clock as it runs: when it began, is due, was met (aware times), and whom it is paused for."""

    shape: str
    label: str
    began: datetime
    due: datetime
    paused_for: str = ""
    met_at: datetime | None = None
    soon: timedelta | None = None
    now: timedelta | None = None


def face(run: Run, moment: datetime | None = None) -> Face:
    """Return how `run` looks at `moment` (now, when none is given), in the language of the page."""
    left = run.due - (moment or timezone.now())
    length = max(run.due - run.began, MINUTE)
    urgency = _urgency(run, left, length)
    kind, due = _kind(run.shape), _time(run.due)
    return Face(
        shape=run.shape,
        urgency=urgency,
        text=_WORDS[urgency](run, left),
        sentence=_sentence(run, urgency, kind, due),
        label=run.label,
        detail=gettext("%(kind)s, due %(time)s") % {"kind": kind, "time": due},
        left=min(1.0, max(0.0, left / length)),
        due=run.due,
        seconds=int(length.total_seconds()),
        soon=int(_soon(run, length).total_seconds()),
        now=int(_now(run, length).total_seconds()),
    )


def span(length: timedelta) -> str:
    """Return a length of time in its fitting unit, in the page's language: "38 min", "5 hr", "3 days"."""
    if length < 2 * MINUTE:
        return _unit(int(length.total_seconds()), "duration-second")
    if length < 2 * HOUR:
        return _unit(length // MINUTE, "duration-minute")
    if length < 2 * DAY:
        return _unit(length // HOUR, "duration-hour")
    return _unit(length // DAY, "duration-day")


def _soon(run: Run, length: timedelta) -> timedelta:
    return length / 3 if run.soon is None else run.soon


def _now(run: Run, length: timedelta) -> timedelta:
    return length / 8 if run.now is None else run.now


def _urgency(run: Run, left: timedelta, length: timedelta) -> str:
    if run.met_at is not None:
        return "met"
    if run.paused_for:
        return "paused"
    if left < timedelta(0):
        return "late"
    if left <= _now(run, length):
        return "now"
    return "soon" if left <= _soon(run, length) else "runs"


def _left(_run: Run, left: timedelta) -> str:
    return gettext("%s left") % span(left)


def _over(_run: Run, left: timedelta) -> str:
    return gettext("%s over") % span(-left)


def _paused(run: Run, _left: timedelta) -> str:
    return run.paused_for


def _met(run: Run, _left: timedelta) -> str:
    taken = (run.met_at or run.began) - run.began
    return gettext("Met in %s") % span(max(taken, timedelta(0)))


_WORDS: dict[str, Callable[[Run, timedelta], str]] = {
    "runs": _left,
    "soon": _left,
    "now": _left,
    "late": _over,
    "paused": _paused,
    "met": _met,
}


_KINDS = {
    "statutory": pgettext_lazy("clock", "law"),
    "target": pgettext_lazy("clock", "target"),
    "internal": pgettext_lazy("clock", "internal"),
}


def _kind(shape: str) -> str:
    return str(_KINDS[shape])


def _sentence(run: Run, urgency: str, kind: str, due: str) -> str:
    values = {"label": run.label, "kind": kind, "time": due, "for": run.paused_for}
    if urgency == "paused":
        return gettext("%(label)s (%(kind)s), paused: %(for)s") % values
    if urgency == "met":
        return gettext("%(label)s (%(kind)s), met") % values
    return gettext("%(label)s (%(kind)s), due %(time)s") % values


def _time(moment: datetime) -> str:
    local = timezone.localtime(moment)
    today = timezone.localtime().date()
    hour = local.strftime("%H:%M")
    return hour if local.date() == today else f"{date_format(local, 'j F')}, {hour}"


def _unit(count: int, unit: str) -> str:
    """Return a count in a unit: days in full, the rest short.

    Where the long form of a language only points at its short one (Arabic, Chinese), Babel does not follow
    and writes the name of the unit; then the short form it is.
    """
    return _counted(count, unit, get_language() or "en")


@lru_cache(maxsize=4096)  # a list has dozens of clocks, and most counts are small
def _counted(count: int, unit: str, language: str) -> str:
    length: Literal["long", "short"] = "long" if unit == "duration-day" else "short"
    locale = _locale(language)
    words = format_unit(count, unit, length=length, locale=locale)
    return format_unit(count, unit, length="short", locale=locale) if unit in words else words


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
