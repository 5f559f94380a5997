"""Elements that stand in many rows of one page, drawn once for each value.

Fifty rows with ten elements each are five hundred small templates; most of them draw the same severity,
the same avatar, the same lock. Clocks differ in numbers and words only: each look of a clock is drawn once,
with marks in the places of its values.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.template import engines
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_bidi

from tutela.ui.clockface import Face

if TYPE_CHECKING:
    from collections.abc import Mapping

_DRAWINGS = {
    "severity": "{% load ui %}{% severity value words=False %}",
    "owner": "{% load ui %}{% avatar value %}",
    "looking": "{% load ui %}{% presence value %}",
    "lock": "{% load ui %}{% icon 'lock' label=value %}",
    "message": "{% load ui %}{% icon 'message' %}",
    "clock": "{% load ui %}{% clock value %}",
}


class Pieces:
    """The elements of one page, in its language."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, Any], SafeString] = {}

    def draw(self, name: str, value: Any = "") -> SafeString:
        """One element with one value; drawn before, it is the same string again."""
        known = self._drawn.get((name, value))
        if known is None:
            known = self._drawn[name, value] = _draw(name, value)
        return known


def draw_clock(face: Face) -> SafeString:
    """The element `clock`, as its template draws it (a test compares the two)."""
    bare = Face(shape=face.shape, urgency=face.urgency, text="", sentence="x" if face.sentence else "")
    html = _look(replace(bare, due=_SOME_DUE if face.due else None), get_language_bidi())
    for mark, value in _values(face).items():
        html = html.replace(mark, value)
    return mark_safe(html)  # noqa: S308  drawn by the template engine, with escaped values


_SOME_DUE = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
_SOME_LEFT = 0.37
_NUMBERS = {"seconds": 70001, "soon": 70002, "now": 70003}


@cache
def _look(face: Face, _bidi: bool) -> str:  # noqa: FBT001  only parts what is kept for each direction
    """A clock of one shape and urgency, with marks for its values."""
    sentence = "@sentence@" if face.sentence else ""
    numbers: dict[str, Any] = dict(_NUMBERS)
    marked = replace(face, text="@text@", sentence=sentence, left=_SOME_LEFT, **numbers)
    html = str(_draw("clock", marked)).replace("2001-02-03T04:05:06+00:00", "@due@")
    html = html.replace(f'"{round(100 * _SOME_LEFT)} 100"', '"@part@ 100"')
    for name, number in _NUMBERS.items():
        html = html.replace(f'"{number}"', f'"@{name}@"')
    return html


def _values(face: Face) -> Mapping[str, str]:
    due = face.due.astimezone(UTC).isoformat(timespec="seconds") if face.due else ""
    return {
        "@due@": due,
        "@part@": str(round(100 * min(1.0, max(0.0, face.left)))),
        "@seconds@": str(face.seconds),
        "@soon@": str(face.soon),
        "@now@": str(face.now),
        "@sentence@": escape(face.sentence),
        "@text@": escape(face.text),
    }


def _draw(name: str, value: Any) -> SafeString:
    from django.utils import timezone

    with timezone.override(UTC):
        drawn: SafeString = _template(name).render({"value": value})
        return drawn


@cache
def _template(name: str) -> Any:
    return engines["django"].from_string(_DRAWINGS[name])
