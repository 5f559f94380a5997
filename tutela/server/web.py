"""What granian's worker processes load: the pages, in a process that does not outlive its parent."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tutela.server.processes import dies_with_parent

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler


def make_application() -> WSGIHandler:
    """Load the pages, once for each worker process.

    A killed granian would leave its workers behind, on a port that the next start needs. So the
    first thing that a worker does is to ask to go with it; by force, as it does not listen to
    polite signals while it loads.
    """
    dies_with_parent(signal.SIGKILL, of_this_process=True)()

    from django.urls import get_resolver

    from tutela.config.wsgi import application

    # The first visitor should not wait for the pages to be loaded.
    _ = get_resolver().url_patterns
    return application
