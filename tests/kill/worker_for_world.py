"""A worker whose only connector is the world in a file, and whose claims end soon. Started by the tests."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")

import django

django.setup()

from tests.kill.tools import World  # noqa: E402
from tutela.core.outbox import claims  # noqa: E402
from tutela.server import worker  # noqa: E402

claims.LEASE = timedelta(seconds=3)  # type: ignore[misc]  the tests cannot wait for minutes


if __name__ == "__main__":
    sys.exit(worker.run({"world": World(Path(sys.argv[1]))}))
