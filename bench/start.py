"""How long `make run` takes once everything is installed, and what it needs at rest."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import place
from bench.table import Figures

STARTS = 3


def main() -> None:
    """Measure a first start on an empty folder, later starts, and the memory of all processes."""
    figures = Figures("start", "Start of the platform, and memory at rest")
    data = Path(tempfile.mkdtemp(prefix="tutela-bench-"))
    data.chmod(0o711)
    environ = {**os.environ, "TUTELA_DATA": str(data), "TUTELA_PORT": str(place.free_port())}
    environ.pop("TUTELA_DATABASE_URL", None)
    try:
        first, memory = _start(environ)
        figures.add("first start, with samples", "s", [first])
        again = [_start(environ) for _each in range(STARTS)]
        figures.add("later start", "s", [seconds for seconds, _memory in again])
        figures.add("memory at rest, all processes", "MB", [memory, *(used for _seconds, used in again)])
    finally:
        shutil.rmtree(data, ignore_errors=True)
    figures.finish()


def _start(environ: dict[str, str]) -> tuple[float, float]:
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tutela", "run", "--sample"], env=environ, cwd=place.ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait(int(environ["TUTELA_PORT"]))
        seconds = time.perf_counter() - begun
        time.sleep(8)
        return seconds, _memory(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(port: int) -> None:
    for _try in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("The platform did not become ready.")


def _memory(root: int) -> float:
    """Proportional set size of a process and all below it, in MB: shared pages count once."""
    total = 0
    for pid in _family(root):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def _family(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family
