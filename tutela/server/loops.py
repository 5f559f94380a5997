"""A loop that does one kind of work for ever, and comes back by itself from whatever happens.

Each loop is a thread with a database connection of its own. When the database goes away the loop waits
and tries again; it says so once, and once more when it works again.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from time import monotonic
from typing import Final

import psycopg
from django.db import Error, InterfaceError, OperationalError, connection

from tutela.core.health.beats import beat

log = logging.getLogger(__name__)

#: Seconds: the pauses after a failed pass, the longest of them, and the time between two heartbeats.
SHORTEST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
BEAT_EVERY: Final = 5.0


class Loop(threading.Thread):
    """Calls `work` again and again; it returns how much it did, 0 for nothing to do.

    After nothing it waits for `idle` seconds or, with `channel`, until somebody notifies that channel
    of the database. `late_after` seconds without a pass that worked make it count as silent. `last`
    is called once at the end.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], int],
        stop: threading.Event,
        *,
        idle: float,
        channel: str = "",
        late_after: int = 30,
        last: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._stop_event, self._last = work, stop, last
        self._idle, self._channel, self._late_after = idle, channel, late_after
        self._listens = False
        self._failures = 0
        self._beat_due = 0.0

    def run(self) -> None:
        """Work until somebody sets the stop event."""
        while not self._stop_event.is_set():
            self._pass()
        if self._last is not None:
            self._safely(self._last)
        connection.close()

    def _pass(self) -> None:
        if not self._safely(self._work_once):
            pause = SHORTEST_PAUSE * 2 ** min(self._failures, 10)
            self._stop_event.wait(min(pause, LONGEST_PAUSE))

    def _work_once(self) -> None:
        if self._channel and not self._listens:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {self._channel}")  # a name of ours
            self._listens = True
        done = self._work()
        self._beat()
        if self._failures:
            log.warning("%s: works again.", self.name)
            self._failures = 0
        if not done:
            self._rest()

    def _safely(self, work: Callable[[], None]) -> bool:
        """Whether it worked. If not, the next try begins with a fresh connection."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  a loop never ends by itself
            if not self._failures:
                _tell(self.name, error)
            self._failures += 1
            self._listens = False
            _hang_up()
            return False
        return True

    def _beat(self) -> None:
        if monotonic() >= self._beat_due:
            beat(self.name, self._late_after)
            self._beat_due = monotonic() + BEAT_EVERY

    def _rest(self) -> None:
        if not self._channel:
            self._stop_event.wait(self._idle)
            return
        assert connection.connection is not None
        for _notification in connection.connection.notifies(timeout=self._idle, stop_after=1):
            pass


def _tell(name: str, error: Exception) -> None:
    """One line. An error's own words could hold what a reporter wrote, so the log gets its place."""
    if isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError)):
        log.warning("%s: the database does not answer. Trying until it does.", name)
        return
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("%s: %s at %s:%s. Trying again.", name, type(error).__name__, place.filename, place.lineno)


def _hang_up() -> None:
    try:
        connection.close()
    except Error:  # it is broken; the next try opens another one
        connection.connection = None
