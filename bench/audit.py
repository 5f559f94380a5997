"""The audit log: adding entries with and without their seal, sealing them, verifying all of them.

`TUTELA_BENCH_ENTRIES` says how many entries are sealed and verified (1,000,000 without it).
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

from bench import place
from bench.table import Figures

WRITERS = 8
ROUNDS, EACH = 3, 500
ENTRIES = int(os.environ.get("TUTELA_BENCH_ENTRIES", "1000000"))
INSERT = (
    "INSERT INTO {} (at, act, actor_id, via, request_id, detail)"
    " VALUES (now(), 'case:step', 1, 'desk', 'bench', '{{\"step\": \"note\"}}')"
)


def main() -> None:
    """Measure on a fresh platform, with fsync on."""
    figures = Figures("audit", "The audit log: adding, sealing, verifying")
    with place.platform() as server, tempfile.TemporaryDirectory() as anchors:
        os.environ["TUTELA_ANCHORS"] = f"folder:{anchors}"
        place.django()
        _append(figures, server.admin_url())
        _seal_and_verify(figures, server.admin_url(), Path(anchors))
        from django.db import connections

        connections.close_all()
    figures.finish()


def _append(figures: Figures, url: str) -> None:
    """Entries a second, each in a commit of its own, by eight writers at once."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE plain_entry (LIKE audit_entry INCLUDING ALL)")
    for case, table in (("plain insert", "plain_entry"), ("audit entry", "audit_entry")):
        name = f"{case}, {WRITERS} writers"
        rates = [_rate(url, table) for _round in range(ROUNDS)]
        figures.add(name, "rows/s", rates, ratio_to=f"plain insert, {WRITERS} writers")


def _rate(url: str, table: str) -> float:
    import psycopg

    gate = threading.Barrier(WRITERS + 1)

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            gate.wait()
            for _one in range(EACH):
                connection.execute(INSERT.format(table))

    writers = [threading.Thread(target=write) for _one in range(WRITERS)]
    for one in writers:
        one.start()
    gate.wait()
    start = time.perf_counter()
    for one in writers:
        one.join()
    return WRITERS * EACH / (time.perf_counter() - start)


def _seal_and_verify(figures: Figures, url: str, folder: Path) -> None:
    import psycopg

    from tutela.core.audit.anchors import FolderAnchor
    from tutela.core.audit.seal import seal_and_anchor
    from tutela.core.audit.verify import verify

    with psycopg.connect(url, autocommit=True) as connection:
        (there,) = connection.execute("SELECT count(*) FROM audit_entry").fetchone() or (0,)
        connection.execute(
            INSERT.format("audit_entry").replace("VALUES (", "SELECT ").rstrip(")")
            + f" FROM generate_series(1, {max(ENTRIES - there, 0)})"
        )
        connection.execute("ANALYZE")
    start = time.perf_counter()
    sealed = seal_and_anchor().entries
    figures.add("seal and anchor", "entries/s", [sealed / (time.perf_counter() - start)])
    start = time.perf_counter()
    report = verify([FolderAnchor(str(folder))])
    if not report.is_sound or report.entries != sealed:
        raise SystemExit(f"The log is not sound: {report.faults[:3]}")
    figures.add(f"verify {report.entries:,} entries", "s", [time.perf_counter() - start])
    start = time.perf_counter()
    verify([FolderAnchor(str(folder))], since=report.heads)
    figures.add("verify since the last head", "s", [time.perf_counter() - start])


if __name__ == "__main__":
    main()
