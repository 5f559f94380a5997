"""A fresh platform for one benchmark: its own database with fsync on, and its own pages."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tutela.config import environment
from tutela.server import postgres

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def platform() -> Iterator[postgres.Server]:
    """A prepared database in a temporary folder. The environment names it as long as it lasts."""
    data = Path(tempfile.mkdtemp(prefix="tutela-bench-"))
    data.chmod(0o711)
    before = dict(os.environ)
    os.environ.update(TUTELA_DATA=str(data), TUTELA_PORT=str(free_port()), TUTELA_SECOND_FACTOR="offered")
    os.environ.pop("TUTELA_DATABASE_URL", None)
    server = postgres.Server(data)
    try:
        server.start()
        url = server.owner_url()
        subprocess.run(
            [sys.executable, "-m", "tutela", "prepare"],
            check=True,
            env={**os.environ, "TUTELA_DATABASE_URL": url},
        )
        os.environ.update(environment.logins(url))
        yield server
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)
        os.environ.clear()
        os.environ.update(before)


def django() -> None:
    """Set Django up with the desk's login of the running platform."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")
    import django as framework

    framework.setup()


class Pages:
    """The web processes, started as `make run` starts them."""

    def __init__(self, application: str = "desk", port: int | None = None) -> None:
        self.port = port or free_port()
        self._command = [sys.executable, "-m", "tutela.server.web", application]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until they answer."""
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env={**os.environ, "TUTELA_PORT": str(self.port), "TUTELA_LOG": "WARNING"},
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.wait()

    def wait(self) -> None:
        """Wait until the pages answer. Raises TimeoutError after a minute."""
        for _try in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("The pages did not start.")

    def kill(self) -> None:
        """End the whole group at once, as a power cut would."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End them in good order."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
