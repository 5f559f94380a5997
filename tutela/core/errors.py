"""What can go wrong with the outside world, in three words that the rest of Tutela understands.

Each carries `what_to_do`: one sentence for the person who looks at it.
"""

from __future__ import annotations

from datetime import timedelta


class ConnectorError(Exception):
    """A connector did not do what it was asked. Raised only as one of the three below."""

    def __init__(self, message: str, *, what_to_do: str = "") -> None:
        super().__init__(message)
        self.what_to_do = what_to_do


class TryLater(ConnectorError):  # noqa: N818 - it says what to do, which is the point of the name
    """The same attempt may work later. `after` is the wait that the other side asked for, if it did."""

    def __init__(self, message: str, after: timedelta | None = None, *, what_to_do: str = "") -> None:
        super().__init__(message, what_to_do=what_to_do)
        self.after = after


class Rejected(ConnectorError):  # noqa: N818
    """The other side understood and said no. The same attempt gets the same answer."""


class NotConfigured(ConnectorError):  # noqa: N818
    """Nobody has told us how to reach the other side, or our credentials do not work."""
