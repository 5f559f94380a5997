"""How often one address may hear from us by itself: two programs that answer each other are stopped here."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Any, Final

from django.utils.translation import gettext as _

from tutela.core.errors import TryLater

from .build import recipient

#: Automatic mails to one address within an hour, and addresses that are remembered.
MOST: Final = 10
WINDOW: Final = 3600.0
REMEMBERED: Final = 10_000


class Pace:
    """Counts the automatic mails of this process to each address outside.

    What a person sends is never held up, and neither are notices to staff, which have no address of their
    own to answer to. `now` is in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, payload: Mapping[str, Any]) -> None:
        """Raise `TryLater` where this mail would be one too many. The mail waits, and is not lost."""
        if not _counts(payload):
            return
        with self._lock:
            sent, now = self._sent.get(_to(payload), deque()), self._now()
            while sent and sent[0] <= now - WINDOW:
                sent.popleft()
            if len(sent) >= MOST:
                raise TryLater(
                    _("This address got many automatic mails within an hour; the next ones wait."),
                    timedelta(seconds=sent[0] + WINDOW - now),
                    what_to_do=_(
                        "Nothing, unless a program there answers ours: then leave the mails undone."
                    ),
                )

    def note(self, payload: Mapping[str, Any]) -> None:
        """Count a mail that went out."""
        if _counts(payload):
            with self._lock:
                self._sent.setdefault(_to(payload), deque()).append(self._now())
                while len(self._sent) > REMEMBERED:
                    self._sent.popitem(last=False)


def _counts(payload: Mapping[str, Any]) -> bool:
    return bool(payload.get("automatic") and payload.get("token"))


def _to(payload: Mapping[str, Any]) -> str:
    return recipient(payload).casefold()
