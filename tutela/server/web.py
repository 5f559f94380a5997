"""What granian's worker processes load: the pages, in a process that does not outlive its parent."""

from __future__ import annotations

import signal

from django.urls import get_resolver

from tutela.config.wsgi import application
from tutela.server.processes import dies_with_parent

__all__ = ["application"]

# A killed granian would leave its workers behind, on a port that the next start needs.
dies_with_parent(signal.SIGTERM, of_this_process=True)()
# The first visitor should not wait for the pages to be loaded.
_ = get_resolver().url_patterns
