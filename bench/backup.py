"""Backing up and restoring a million cases, and how much of it is the encryption.

`TUTELA_BENCH_CASES` says how many cases (1,000,000 without it).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import loader, place
from bench.table import Figures

if TYPE_CHECKING:
    from tutela.server.backup.source import Source

CASES = int(os.environ.get("TUTELA_BENCH_CASES", "1000000"))


def main() -> None:
    """Load, dump plainly, back up, restore and compare. Ends with 1 when what came back differs."""
    figures = Figures("backup", f"Backup and restore of {CASES:,} cases")
    home = Path(tempfile.mkdtemp(prefix="tutela-bench-backup-"))
    home.chmod(0o711)
    try:
        with place.platform() as server:
            place.django()
            _measure(figures, server.admin_url(), home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    figures.finish()


def _measure(figures: Figures, admin_url: str, home: Path) -> None:
    from bench.people import make_people
    from tutela.config import environment
    from tutela.core.audit.heads import signing_key
    from tutela.core.audit.seal import seal_and_anchor
    from tutela.server.backup import age, keys, source
    from tutela.server.backup.restore import restore
    from tutela.server.backup.write import take

    make_people()
    loader.load(admin_url, CASES)
    seal_and_anchor()
    found = source.find()
    public = age.recipients([age.new_identity(home / "identity.txt")])
    figures.add("pg_dump to nowhere", "s", [_plain_dump(found)])
    began = time.perf_counter()
    done = take(found, home, public, signing_key(environment.data_folder() / "keys" / "audit"))
    figures.add("backup: dump, prints, encryption", "s", [time.perf_counter() - began])
    size = sum(part.stat().st_size for part in done.iterdir())
    figures.add("size of the backup", "MB", [size / 1e6])
    keys.pack(home / "apart" / "keys.age", public)
    began = time.perf_counter()
    back = restore(done, age.identities(home / "identity.txt"), home / "apart" / "keys.age", home / "again")
    figures.add("restore and compare", "s", [time.perf_counter() - began])
    if not back.is_whole:
        raise SystemExit(f"What came back differs: {back.differences + back.faults}")


def _plain_dump(found: Source) -> float:
    began = time.perf_counter()
    subprocess.run(
        [found.programs.program("pg_dump"), "--format=custom", "--compress=1"],
        env=dict(found.login),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began
