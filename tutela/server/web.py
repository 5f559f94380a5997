"""The pages: granian with a few worker processes, forked from one that has loaded them.

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
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from tutela.config import environment
from tutela.server.processes import dies_with_parent

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler

PAGES = "tutela.config.wsgi:application"
# A page makes some ten thousand small things that go by themselves when it is done. By default Python
# looks for cycles among them every 700, a dozen times a page; so seldom costs a few megabytes.
SELDOM = (20_000, 20, 20)


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
    """Serve until SIGTERM, with as many processes as `TUTELA_WEB_WORKERS` says, else two.

    A benchmark names another application as the argument, to measure it under the same server.
    """
    target = sys.argv[1] if len(sys.argv) > 1 else PAGES
    application = load_pages(target)
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
        target,
        address=environment.host(),
        port=environment.port(),
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=int(os.environ.get("TUTELA_WEB_WORKERS", "2")),
        blocking_threads=4,  # pages wait for the database; more processes, not more threads, do more work
        respawn_failed_workers=True,
        workers_kill_timeout=8,
        log_level=LogLevels.warning,
    ).serve(target_loader=in_worker, wrap_loader=False)


if __name__ == "__main__":
    main()
