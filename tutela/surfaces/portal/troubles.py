"""Why something was not sent or not opened, and what to do. Everything typed stays on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from . import brakes, tokens


@dataclass(frozen=True)
class Trouble:
    """What the person reads, the HTTP status, and after how many seconds it makes sense to try again."""

    status: int
    title: _StrOrPromise
    text: _StrOrPromise
    again_after: int = 0


UNSURE = Trouble(
    403,
    _("Not sent yet."),
    _("We could not see that this came from our own page. Look at your words, then press Send once more."),
)
WAIT = Trouble(
    429,
    _("Not sent yet."),
    _(
        "Many reports reached us from your network. Count to ten, then press Send once more."
        " It will go through."
    ),
    tokens.PATIENCE_SECONDS,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise
STOP = Trouble(
    429,
    _("Not sent."),
    _(
        "Too many reports reached us from your network. Everything you wrote is still here."
        " Send it in ten minutes."
    ),
    brakes.WINDOW,
)
DOWN = Trouble(
    503,
    _("Not sent."),
    _("We could not store your words. Everything you wrote is still here. Press Send again in a minute."),
    60,
)
UNKNOWN_CODE = Trouble(
    404, _("We do not know this code."), _("Check each letter and number. There are sixteen.")
)
TOO_MANY_CODES = Trouble(
    429,
    _("Too many tries."),
    _("Wait ten minutes, then open your report again. Nothing of it is lost."),
    brakes.WINDOW,
)
CLOSED_DOOR = Trouble(
    503, _("This does not work right now."), _("Your report is safe. Try again in a minute."), 60
)
ELSEWHERE = Trouble(
    403, _("Your report is not open yet."), _("Another page sent you here. Write your code yourself.")
)
