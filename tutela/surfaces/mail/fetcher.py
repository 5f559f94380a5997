"""Fetches mail from mailboxes at a mail server, and marks a mail only when its report is durable."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from tutela.connectors.imap.accounts import Source, sources
from tutela.connectors.imap.client import Folder
from tutela.core.crashpoint import crashpoint
from tutela.core.errors import ConnectorError, NotConfigured
from tutela.core.health import beats

from .incoming import take_in
from .listener import MAX_MAIL

#: Mails asked about at once, and bytes kept of a mail that is larger than we take.
BATCH: Final = 50
BEGINNING: Final = 1024 * 1024
#: Seconds: after which we look even if the server told of nothing, and the pauses after a failure.
LOOK_EVERY: Final = 15.0
SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 300.0
#: Seconds after which an account counts as silent, and pauses before a mail is tried again.
LATE_AFTER: Final = 180
FIRST_RETRY: Final = 60.0
LAST_RETRY: Final = 3600.0

_Work = Callable[[Folder], None]

log = logging.getLogger(__name__)


@dataclass
class PutOff:
    """Mails that could not be stored, each by folder and number: when to try again, and how often we did."""

    mails: dict[tuple[bytes, int], tuple[float, int]] = field(default_factory=dict)

    def is_waiting(self, mail: tuple[bytes, int]) -> bool:
        """Whether it is not its time yet."""
        return mail in self.mails and monotonic() < self.mails[mail][0]

    def add(self, mail: tuple[bytes, int]) -> None:
        """Try it again later, each time after twice as long."""
        tries = self.mails[mail][1] + 1 if mail in self.mails else 0
        self.mails[mail] = (monotonic() + min(FIRST_RETRY * 2**tries, LAST_RETRY), tries)

    def keep_only(self, mails: set[tuple[bytes, int]]) -> None:
        """Forget what is no longer there."""
        self.mails = {mail: when for mail, when in self.mails.items() if mail in mails}


class Fetcher:
    """Fetches from one account. Used by one thread, which has a database connection of its own."""

    def __init__(self, source: Source, stop: threading.Event) -> None:
        self.source = source
        self._stop = stop
        self._failures = 0
        self._put_off = PutOff()

    def run(self) -> None:
        """Fetch until somebody sets the stop event, whatever happens."""
        while not self._stop.is_set():
            if not self.attempt(self._serve):
                self._stop.wait(min(SHORTEST_PAUSE * 2 ** min(self._failures - 1, 20), LONGEST_PAUSE))
        connection.close()

    def once(self) -> bool:
        """Take in what is there now. Whether all of it was."""
        try:
            return self.attempt(self._take_all) and not self._put_off.mails
        finally:
            connection.close()

    def attempt(self, work: _Work) -> bool:
        """Sign in and work until that ends. Whether it ended well; if not, health says why."""
        try:
            with self.source.opened() as folder:
                work(folder)
        except ConnectorError as error:
            self._failed(str(error))
        except (OperationalError, InterfaceError):
            self._failed("")
            connection.close()
        except Exception:
            log.exception("%s: a fault of ours. Trying again.", self.source.name)
            self._failed("")
            connection.close()
        else:
            return True
        return False

    def _serve(self, folder: Folder) -> None:
        while not self._stop.is_set():
            if not self._batch(folder):
                folder.rest(LOOK_EVERY, self._stop.wait)

    def _take_all(self, folder: Folder) -> None:
        while not self._stop.is_set() and self._batch(folder):
            pass

    def _batch(self, folder: Folder) -> int:
        """Take in some of the mails that wait, the oldest first. How many were tried."""
        waiting = {(folder.validity, number) for number in folder.waiting(self.source.since)}
        self._put_off.keep_only(waiting)
        due = sorted(mail[1] for mail in waiting if not self._put_off.is_waiting(mail))
        chosen = due[:BATCH]
        sizes = folder.sizes(chosen) if chosen else {}
        for number in chosen:
            if not self._take(folder, number, sizes.get(number, 0)):
                self._put_off.add((folder.validity, number))
        beats.beat(beats.mailbox(self.source.name), LATE_AFTER, put_off=len(self._put_off.mails))
        if self._failures:
            log.warning("%s: works again.", self.source.name)
            self._failures = 0
        return len(chosen)

    def _take(self, folder: Folder, number: int, size: int) -> bool:
        """Store one mail, then mark it. Whether it was: what cannot be stored stays as it is."""
        raw = folder.mail(number, MAX_MAIL if size <= MAX_MAIL else BEGINNING)
        if raw is None:
            return False
        try:
            received = take_in(raw, self.source.mailbox, is_cut=size > MAX_MAIL)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("%s: a mail of %d bytes was not stored; it stays there", self.source.name, size)
            return False
        crashpoint("mail.before_mark")
        folder.mark(number)
        again = " again" * received.duplicate
        log.info("A mail from %s is report %d%s", self.source.name, received.report_id, again)
        return True

    def _failed(self, words: str) -> None:
        """Say it once in the log, and each time where health looks. Without words it is the database."""
        if not self._failures:
            log.warning("%s: %s Trying again.", self.source.name, words or "the database does not answer.")
        self._failures += 1
        if words:
            try:
                beats.trouble(beats.mailbox(self.source.name), words)
            except Error:  # the next attempt finds a sound connection or says so
                connection.close()


def configured() -> list[Source]:
    """The accounts of the settings. Raises NotConfigured, also where there is none."""
    found = sources(settings.IMAP, frozenset(settings.MAILBOXES))
    if not found:
        raise NotConfigured("No account is named in TUTELA_IMAP.")
    return found


def run(found: Sequence[Source]) -> None:
    """Fetch from these accounts, each in a thread of its own, until SIGTERM or SIGINT."""
    stop = threading.Event()
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        # Only noted, as taking a lock in a handler could wait for the very thread that it interrupts.
        signal.signal(number, lambda number, _frame: asked.append(number))
    threads = [threading.Thread(target=Fetcher(one, stop).run, name=one.name) for one in found]
    for thread in threads:
        thread.start()
    while not asked and all(thread.is_alive() for thread in threads):
        threads[0].join(0.2)
    stop.set()
    for thread in threads:
        thread.join()
