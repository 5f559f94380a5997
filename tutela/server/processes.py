"""Small things that Linux knows about processes: locks, parents, what runs where."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tutela.server.errors import BusyError

PR_SET_PDEATHSIG = 1


class Lock:
    """A file that one process holds for as long as it lives. A kill frees it, so it is never stale."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def take(self) -> None:
        """Hold the file, or raise `BusyError` with the holder's process number.

        A holder that was killed a moment ago may not be quite gone, so this waits for a second.
        """
        if not wait_until(self._try, seconds=1):
            text = self.path.read_text(encoding="ascii", errors="replace").strip()
            holder = int(text) if text.isdigit() else 0
            raise BusyError(f"{self.path.parent} is in use by process {holder or 'unknown'}.", holder)

    def _try(self) -> bool:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return True

    def free(self) -> None:
        """Let go. Letting go twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def is_held(self) -> bool:
        """Whether any process, this one included, holds the file now."""
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def dies_with_parent(number: signal.Signals, *, of_this_process: bool = False) -> Callable[[], None]:
    """A function after which the kernel sends `number` to a process when its starter is gone.

    For `preexec_fn`, where it runs in the new process; or, `of_this_process`, to be called here. So
    even a `kill -9` of the starter takes its children along. Elsewhere than on Linux it does nothing.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getppid() if of_this_process else os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # the starter died before the kernel was told
            os._exit(1)

    return arrange


def runs_in(pid: int, folder: os.stat_result, program: str) -> bool | None:
    """Whether a process runs `program` with that folder as its current one; None when we may not look."""
    entry = Path("/proc") / str(pid)
    try:
        # " (deleted)" follows the name when the program was upgraded underneath.
        name = (entry / "exe").readlink().name.split(" ")[0]
        return name == program and os.path.samestat((entry / "cwd").stat(), folder)
    except PermissionError:
        return None
    except OSError:  # it ended while we looked, or the machine has no /proc
        return False


def running_in(folder: Path, program: str) -> list[int]:
    """The processes that run `program` with `folder` as their current folder, as far as we may look."""
    wanted = folder.stat()
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if runs_in(pid, wanted, program)]


def is_alive(pid: int) -> bool:
    """Whether a process of that number exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Ask again and again until the condition holds; False when the seconds ran out."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
