"""Real worker processes for tests that kill them, and an outside world that remembers what reached it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from tutela.connectors.ports import OnDoubt, ReadBack, Receipt, Verb
from tutela.core.health.models import Heartbeat
from tutela.server.processes import dies_with_parent

PATIENCE = 120


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
    """Wait until the condition holds; returns after how many seconds. Fails the test when they run out."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        assert waited < seconds, f"still not after {seconds} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - start


class Worker:
    """A worker process. With `crash_at` it kills itself at that place."""

    started: ClassVar[list[Worker]] = []

    def __init__(self, *command: str, crash_at: str = "", **surroundings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *(command or ("-m", "tutela", "worker"))],
            env=os.environ | surroundings | {"TUTELA_CRASH_AT": crash_at},
            stdin=subprocess.DEVNULL,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509  no thread runs while we fork
        )
        self.started.append(self)

    def wait_for_crash(self) -> None:
        """Wait until it killed itself."""
        assert self.process.wait(PATIENCE) == -signal.SIGKILL

    def wait_until_at_work(self) -> None:
        """Wait until each of its loops has done something."""
        seen = Heartbeat.objects.filter(detail__process=self.process.pid)
        wait_for(lambda: seen.count() >= 4, "every loop has shown a sign of life")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and return its code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


class World:
    """An outside system in a file: a line for each act that reached it, however often that was.

    It does what it is asked each time, also twice: not to ask twice is the courier's part.
    """

    verbs = {"ban": Verb("ban", OnDoubt.ASK), "tell": Verb("tell", OnDoubt.REPEAT)}

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def deliver(self, verb: str, payload: object, key: str) -> Receipt:  # noqa: ARG002
        """Do it."""
        with self.path.open("a") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
        return self._receipt(key)

    def already_done(self, verb: str, payload: object, key: str) -> ReadBack:  # noqa: ARG002
        """Whether it was done."""
        return ReadBack(True, self._receipt(key)) if self.reached()[key] else ReadBack(done=False)

    def describe(self, verb: str, payload: object) -> str:
        """Name it."""
        return f"{verb} {payload}"

    def reached(self) -> Counter[str]:
        """How often each act reached it."""
        return Counter(self.path.read_text().split())

    @staticmethod
    def _receipt(key: str) -> Receipt:
        return Receipt(key[:12], datetime.now(UTC))
