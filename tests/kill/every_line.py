"""Runs couriers that end, as by a power cut, at a given line. Started by test_every_line.py.

One process loads Django and opens no connection. For each line on its input, `KIND NUMBER`, it makes a child
that delivers the effects of the connector `KIND-NUMBER` and is killed before the line of that number is run,
counted over the lines of ours that a delivery runs. It answers `killed`, or `done COUNT` with how many lines
were run. `KIND rest` delivers whatever is left, and answers `done 0`.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402

from tests.kill.tools import World  # noqa: E402
from tutela import connectors as registry  # noqa: E402
from tutela.connectors.mail import adapter, build, client, fake  # noqa: E402
from tutela.core.outbox import claims, courier, ledger  # noqa: E402

claims.LEASE = timedelta(milliseconds=20)  # type: ignore[misc]  whoever held it is dead, and the tests are in a hurry
courier.LOOK_FOR_DEAD = 0.0  # type: ignore[misc]
#: In whose lines the couriers of a kind end. What all kinds share is gone through with the worlds.
LINES_OF = {
    "mail": {one.__file__ for one in (adapter, build, client, courier, fake)},
    "world": {one.__file__ for one in (claims, courier, ledger)},
    "forgetful": {courier.__file__},
}


class Forgetful(World):
    """It does what it is told, and cannot be asked what it did."""

    def already_done(self, verb: str, payload: object, key: str) -> Any:  # noqa: ARG002
        """Nobody can tell."""
        return registry.ports.ReadBack(done=None)


def connector(kind: str) -> Any:
    """What delivers effects of a kind."""
    if kind == "mail":  # as the settings say: files, or a server
        return registry.connectors()["mail"]
    path = Path(settings.MAIL_FOLDER) / kind
    path.parent.mkdir(parents=True, exist_ok=True)
    return (Forgetful if kind == "forgetful" else World)(path)


class Fuse:
    """Ends the process before the line of a number is run; counts them where the number is 0."""

    def __init__(self, kind: str, number: int) -> None:
        self.files, self.number = LINES_OF[kind], number
        self.lines: set[tuple[str, int]] = set()

    def __call__(self, frame: FrameType, _event: str, _value: object) -> Any:
        """For `sys.settrace`: look into functions of ours only."""
        return self._line if frame.f_code.co_filename in self.files else None

    def _line(self, frame: FrameType, event: str, _value: object) -> Any:
        if event == "line":
            self.lines.add((frame.f_code.co_filename, frame.f_lineno))
            if len(self.lines) == self.number:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


def deliver(kind: str, number: int) -> int:
    """Deliver the effects of one connector, as far as it gets. Returns how many lines were run."""
    one = courier.Courier({f"{kind}-{number}": connector(kind)}, others=None)
    fuse = Fuse(kind, number)
    sys.settrace(fuse)
    one.run_once()
    sys.settrace(None)
    return len(fuse.lines)


def deliver_rest(kind: str, most: int) -> int:
    """Deliver whatever was left by those that were killed."""
    one = courier.Courier({f"{kind}-{number}": connector(kind) for number in range(most + 1)}, others=None)
    while one.run_once():
        pass
    one.finish()
    return 0


def in_a_child(work: Any, *more: Any) -> str:
    """Run it in a process of its own; what became of that."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.write(into, str(work(*more)).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as pipe:
        said = pipe.read()
    _child, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "killed"
    return f"done {said}" if os.waitstatus_to_exitcode(status) == 0 else "failed"


def main() -> None:
    """Answer every line."""
    for asked in sys.stdin:
        kind, what, *more = asked.split()
        if what == "rest":
            said = in_a_child(deliver_rest, kind, int(more[0]))
        else:
            said = in_a_child(deliver, kind, int(what))
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
