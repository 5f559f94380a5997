"""Where a command finds the logins to the database of the running platform."""

from __future__ import annotations

import os

from tutela.config import environment
from tutela.server import postgres
from tutela.server.errors import CannotStartError


class NotRunningError(CannotStartError):
    """There is no platform to talk to now; there may be one later."""


def find_logins() -> dict[str, str]:
    """The environment variables with the desk's and the portal's addresses.

    They come from the environment, or from the private server of the data folder. Raises
    `NotRunningError` when neither is there.
    """
    if {"TUTELA_DATABASE_URL", "TUTELA_DESK_DATABASE_URL"} & os.environ.keys():
        return {}
    data = environment.data_folder()
    sockets = postgres.running(data)
    if sockets is None:
        raise NotRunningError(
            f"Tutela does not run on {data}. Start it (make run, or tutela run), or name another data "
            "folder in TUTELA_DATA or a database in TUTELA_DATABASE_URL."
        )
    return environment.logins(postgres.owner_url(data, sockets))
