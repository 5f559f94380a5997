"""What can keep the processes from starting, said to a person."""

from __future__ import annotations


class CannotStartError(Exception):
    """The message is one or more whole sentences: what is wrong, and what to do about it."""


class BusyError(CannotStartError):
    """Another process holds the same folder. `pid` is its number, 0 when it is not known."""

    def __init__(self, message: str, pid: int) -> None:
        super().__init__(message)
        self.pid = pid
