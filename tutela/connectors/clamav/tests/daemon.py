"""A real clamd with one signature of our own, which takes a moment to start and downloads nothing."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tutela.connectors.clamav import client

#: The test file that every scanner knows, in two halves, so that none takes this file for it.
HARMFUL = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()
NAME = "Test.Harmful"
PROGRAM = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
STREAM_MAX = 2_000_000


@contextmanager
def running() -> Iterator[str]:
    """Start it, and stop it again. Gives the path of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="tutela-clam-"))
    try:
        signatures = folder / "signatures"
        signatures.mkdir()
        digest = hashlib.md5(HARMFUL, usedforsecurity=False).hexdigest()
        (signatures / "test.hdb").write_text(f"{digest}:{len(HARMFUL)}:{NAME}\n")
        configuration = folder / "clamd.conf"
        lines = (f"LocalSocket {folder}/socket", f"DatabaseDirectory {signatures}", "Foreground yes")
        configuration.write_text("\n".join([*lines, f"StreamMaxLength {STREAM_MAX}", ""]))
        with subprocess.Popen(
            [PROGRAM or "clamd", "-c", str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as daemon:
            try:
                _wait_for(str(folder / "socket"), daemon)
                yield str(folder / "socket")
            finally:
                daemon.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(where: str, daemon: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            client.Clamd(where).version()
        except client.Away:
            assert daemon.poll() is None, "clamd ended"
            assert time.monotonic() < until, "clamd does not answer"
            time.sleep(0.05)
        else:
            return
