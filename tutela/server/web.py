"""The pages: granian with a few worker processes, forked from one that has loaded them.

Loading before forking lets the workers share most of their memory, and lets a worker that died be
replaced at once.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from tutela.config import environment
from tutela.server.processes import dies_with_parent

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler


def load_pages() -> WSGIHandler:
    """Load all that the first visitor would wait for. Opens no connection: a fork must not share one."""
    from django.urls import get_resolver

    from tutela.config.wsgi import application

    _ = get_resolver().url_patterns
    return application


def main() -> None:
    """Serve until SIGTERM. `TUTELA_WEB_WORKERS` says with how many processes, else two."""
    application = load_pages()
    gc.collect()
    gc.freeze()  # what is loaded stays; the collector need not touch, and so unshare, its pages

    def in_worker() -> WSGIHandler:
        # A killed granian would leave its workers behind, on a port that the next start needs. By
        # force, as a worker does not listen to polite signals before it serves.
        dies_with_parent(signal.SIGKILL, of_this_process=True)()
        return application

    multiprocessing.set_start_method("fork")
    Granian(
        "tutela.config.wsgi:application",
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
