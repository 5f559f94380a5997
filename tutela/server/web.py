"""The pages of one app, the desk or the portal: granian with processes forked from one that loaded them.

Loading before forking lets the workers share most of their memory, and lets a worker that died be
replaced at once.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from tutela.config import environment
from tutela.server.processes import dies_with_parent

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler

# A page makes some ten thousand small things that go by themselves when it is done. By default Python
# looks for cycles among them every 700, a dozen times a page; so seldom costs a few megabytes.
SELDOM = (20_000, 20, 20)


@dataclass(frozen=True, slots=True)
class App:
    """One of the two apps: what serves it, where, and with how many processes."""

    target: str
    port: Callable[[], int]
    workers: str

    def processes(self) -> int:
        """As many as its variable says, else two."""
        return int(os.environ.get(self.workers, "2"))


APPS = {
    "desk": App("tutela.config.wsgi:application", environment.port, "TUTELA_WEB_WORKERS"),
    "portal": App("tutela.config.portal.wsgi:application", environment.portal_port, "TUTELA_PORTAL_WORKERS"),
}


def load_pages(target: str) -> WSGIHandler:
    """Load the application and all that its first visitor would wait for.

    It opens no connection to the database: a fork must not share one.
    """
    module, _, name = target.partition(":")
    application: WSGIHandler = getattr(importlib.import_module(module), name)

    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    return application


def main() -> None:
    """Serve the app that the argument names until SIGTERM.

    A benchmark names an application of its own, to measure it under the same server as the desk.
    """
    named = sys.argv[1]
    app = APPS.get(named) or replace(APPS["desk"], target=named)
    application = load_pages(app.target)
    gc.collect()
    gc.freeze()  # what is loaded stays; the collector need not touch, and so unshare, its pages
    gc.set_threshold(*SELDOM)

    def in_worker() -> WSGIHandler:
        # A killed granian would leave its workers behind, on a port that the next start needs. By
        # force, as a worker does not listen to polite signals before it serves.
        dies_with_parent(signal.SIGKILL, of_this_process=True)()
        return application

    multiprocessing.set_start_method("fork")
    Granian(
        app.target,
        address=environment.host(),
        port=app.port(),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=app.processes(),
        blocking_threads=4,  # pages wait for the database; more processes, not more threads, do more work
        respawn_failed_workers=True,
        workers_kill_timeout=8,
        log_level=LogLevels.warning,
    ).serve(target_loader=in_worker, wrap_loader=False)


if __name__ == "__main__":
    main()
