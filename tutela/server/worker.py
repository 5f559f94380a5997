"""The worker: turns reports into cases, delivers effects, keeps the clocks, does the chores.

Each is a loop of its own, so that none waits for another: a mail server that does not answer delays mail
and nothing else. Any number of workers may run; they share the work.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from time import monotonic, sleep
from typing import Final

from tutela.connectors import connectors, reader_of
from tutela.connectors.ports import Connector
from tutela.core.cases import detected
from tutela.core.cases.opening import open_waiting
from tutela.core.flow.poller import tick
from tutela.core.health import beats
from tutela.core.outbox.claims import LEASE
from tutela.core.outbox.courier import Courier
from tutela.core.paging import pages
from tutela.programs.wikis.captures import Capturer
from tutela.programs.wikis.capturing import CONNECTOR
from tutela.programs.wikis.known import wikis
from tutela.server.chores import Chores
from tutela.server.loops import Loop

log = logging.getLogger(__name__)

#: Seconds: how long an idle loop waits, and how long the loops get for what they have in hand.
REPORTS_IDLE, CLOCKS_IDLE, EFFECTS_IDLE, GRACE = 0.2, 1.0, 1.0, 8.0
#: Seconds between two looks whether somebody asked for the end.
LOOK_EVERY: Final = 0.1
#: How many reports or clocks a pass takes on, so that a stop and a heartbeat need not wait for long.
AT_A_TIME: Final = 20
OUTBOX: Final = "tutela_outbox"


def run(outside: dict[str, Connector] | None = None) -> int:
    """Work until SIGTERM or SIGINT, then finish what is in hand. Returns the exit code.

    `outside` are the connectors by name; without it, those of this installation.
    """
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # the chores say it in one line
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    # The handler only notes it. It runs between two steps of this thread, so taking a lock there (as an
    # event does) could wait for this very thread; and this thread looks often, because a signal that
    # comes just before it begins to wait does not end the wait.
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: asked.append(number))
    stop = threading.Event()
    threads = list(loops(_connectors() if outside is None else outside, stop))
    for thread in threads:
        thread.start()
    threading.Thread(target=detected.load, daemon=True).start()  # no report should wait for the models
    # A thread ends only if even its own fault handling failed: then another process does better.
    while not asked and all(thread.is_alive() for thread in threads):
        sleep(LOOK_EVERY)
    stop.set()
    _wait_for(threads)
    return 0 if asked else 1


def _connectors() -> dict[str, Connector]:
    """Those of this installation; what reads wikis is among them where some are named."""
    reads = {CONNECTOR: Capturer(reader_of)} if wikis() else {}
    return {**connectors(), **reads}


def loops(outside: dict[str, Connector], stop: threading.Event) -> Iterator[threading.Thread]:
    """Every loop of a worker, not started yet. All end soon after `stop` is set."""
    yield Loop(beats.INTAKE, partial(open_waiting, AT_A_TIME), stop, idle=REPORTS_IDLE)
    yield Loop(beats.CLOCKS, partial(tick, limit=AT_A_TIME), stop, idle=CLOCKS_IDLE)
    yield Loop(beats.PAGES, partial(pages.tend, limit=AT_A_TIME), stop, idle=CLOCKS_IDLE)
    for place, (name, connector) in enumerate(outside.items()):
        # The first one also refuses what names no connector at all.
        others = [one for one in outside if one != name] if place == 0 else None
        courier = Courier({name: connector}, others, stopping=stop.is_set)
        yield Loop(
            beats.effects_of(name),
            courier.run_once,
            stop,
            idle=EFFECTS_IDLE,
            channel=OUTBOX,
            # A single delivery may take this long, and the loop is not silent then.
            late_after=int(LEASE.total_seconds()),
            last=courier.finish,
        )
    yield Chores(stop)


def _wait_for(threads: Sequence[threading.Thread]) -> None:
    deadline = monotonic() + GRACE
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
        if thread.is_alive():
            log.warning("%s is still at work; the next worker finds out how far it came.", thread.name)
