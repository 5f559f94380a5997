"""Looks at a restored platform: do the keys open what is sealed, is every file whole, is the log sound.

A program of its own, as Django can be set up once per process; it signs in as the server's superuser, since
no role of the platform sees every row. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

#: Of each sealed column, that many of the newest values are opened.
TRIED = 200


def main() -> None:
    """Try, record the restore in the audit log, and say what was found."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")
    import django

    django.setup()

    from tutela.core.audit.anchors import anchors
    from tutela.core.audit.models import Act
    from tutela.core.audit.record import record
    from tutela.core.audit.verify import verify
    from tutela.core.people.actor import acting_as, system_actor
    from tutela.core.people.roles import SystemActor

    report = verify(anchors())
    operator = system_actor(SystemActor.OPERATOR)
    with acting_as(operator):
        opened, faults = _try_keys()
        files, elsewhere, lost = _check_files()
        record(Act.PLATFORM_RESTORED, operator)
    faults += lost
    faults += [f"Audit log, {one.what.value}: {one.sentence}" for one in report.faults]
    said = {"opened": opened, "files": files, "elsewhere": elsewhere, "entries": report.entries}
    json.dump({**said, "faults": faults}, sys.stdout)


def _try_keys() -> tuple[int, list[str]]:
    from tutela.core.vault.fields import sealed_columns

    opened, faults = 0, []
    for column in sealed_columns():
        closed, error = 0, ""
        rows: Any = column.model._base_manager  # noqa: SLF001  Django's public name
        for row in rows.filter(**{f"{column.name}__isnull": False}).order_by("-pk")[:TRIED]:
            try:
                getattr(row, column.attname)
            except Exception as fault:  # noqa: BLE001  whatever it is, the value stays closed
                closed, error = closed + 1, str(fault)
            else:
                opened += 1
        if closed:
            faults.append(f"{column.place('').strip()}: {closed} values stay closed: {error}")
    return opened, faults


def _check_files() -> tuple[int, int, list[str]]:
    """Read every file that an exhibit took: how many are whole, how many lie elsewhere, and what is wrong."""
    from tutela.config import environment
    from tutela.core.files import keeping
    from tutela.core.files.models import File

    rows = File.objects.filter(gone_at=None, exhibits__isnull=False).distinct().order_by("pk")
    folder = environment.files_folder()
    if folder is None or not folder.is_dir():
        return 0, rows.count(), []
    whole, faults = 0, []
    for row in rows.iterator(chunk_size=TRIED):
        try:
            keeping.check(row)
            whole += 1
        except Exception as fault:  # noqa: BLE001  whatever it is, the file stays closed
            faults.append(f"{row.object_name}: {fault}")
    return whole, 0, faults


if __name__ == "__main__":
    main()
