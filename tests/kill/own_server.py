"""A PostgreSQL of a test's own, which it may take away, and reports that keep coming in meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from tests import cluster
from tests.cast import emergency
from tutela.config import environment
from tutela.core.cases.receive import receive
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

NAMES = {"desk": "TUTELA_DESK_DATABASE_URL", "portal": "TUTELA_PORTAL_DATABASE_URL"}


class Restartable:
    """A PostgreSQL that only this test uses, and can take away."""

    def __init__(self, folder: Path, which: str, cache: Path) -> None:
        for name in NAMES.values():  # it shall make the roles with passwords of its own
            os.environ.pop(name, None)
        self.server = cluster.TestServer(folder, which, cache, safe=True)
        self.urls = self.server.start()

    def url(self, role: str) -> str:
        """The address of its database for a role."""
        return self.urls[role].replace("/DATABASE?", "/tutela?")

    def restart(self, number: signal.Signals) -> None:
        """End it by a signal, and start it again where it was."""
        process = self.server._server._process
        process.send_signal(number)
        process.wait(30)
        self.server._server.start()

    def start_if_ended(self) -> None:
        """What the supervisor does."""
        if self.server._server._process.poll() is not None:
            self.server._server.start()


@contextmanager
def own_server(folder: Path, config: pytest.Config, blocker: object) -> Iterator[Restartable]:
    """A server in a folder, to which Django and the processes that a test starts connect."""
    folder.chmod(0o711)  # the account that runs PostgreSQL for root passes through
    cache = Path(str(config.cache.mkdir("tutela-postgres")))
    with as_it_was(), blocker.unblock():
        server = Restartable(folder / "data", config.getoption("--postgres"), cache)
        for role, name in NAMES.items():
            os.environ[name] = server.url(role)
        settings = connections["default"].settings_dict
        settings.update(environment.login(environment.DESK) | {"TEST": settings["TEST"]})
        yield server
        connections.close_all()
        server.server.stop()


@contextmanager
def as_it_was() -> Iterator[None]:
    """Give Django and the environment back their logins."""
    surroundings = dict(os.environ)
    settings = connections["default"].settings_dict
    kept = dict(settings)
    connections["default"].close()
    try:
        yield
    finally:
        connections["default"].close()
        settings.update(kept)
        os.environ.clear()
        os.environ.update(surroundings)


class Load(threading.Thread):
    """Sends report after report, and keeps which of them were acknowledged."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.enough = threading.Event()
        self.acknowledged: list[int] = []
        self.refused = 0

    def run(self) -> None:
        while not self.enough.wait(1):
            try:
                self.acknowledged.append(receive(emergency(sender_email="reader@mail.example")).report_id)
            except Exception:  # noqa: BLE001  it was not acknowledged, so nobody relies on it
                self.refused += 1
                connections["default"].close()
        connections["default"].close()


def as_clock(question):
    """What the database answers, once it answers."""
    while True:
        try:
            with acting_as(system_actor(SystemActor.CLOCK)):
                return question()
        except Exception:  # noqa: BLE001
            connections["default"].close()
            time.sleep(0.2)
