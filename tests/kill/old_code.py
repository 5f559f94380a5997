"""Takes reports in, one after the other, and opens them: run with an older tree as its working directory.

Only what has been the same since the first version is used here. Prints a line for each report: its number
once it is kept, `refused: WORDS` otherwise. Ends when its input does.
"""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
sys.path.insert(0, str(Path.cwd()))

import django

django.setup()

from django.db import connections  # noqa: E402

from tests.cast import emergency, make_cast  # noqa: E402
from tutela.core.cases.opening import open_waiting  # noqa: E402
from tutela.core.cases.receive import receive  # noqa: E402
from tutela.core.people.models import Staff  # noqa: E402


def main() -> None:
    """Go on until there is no more input."""
    if not Staff.objects.filter(username="juniper").exists():
        make_cast()
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        try:
            said = str(receive(emergency(sender_email="reader@mail.example")).report_id)
            open_waiting()
        except Exception as error:  # noqa: BLE001  what was refused is told, and the next one tried
            said = f"refused: {type(error).__name__}: {error}".replace("\n", " ")
            connections.close_all()
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
