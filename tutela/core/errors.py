"""What can go wrong, in few classes. Each message says what to do; surfaces show it as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from django.utils.functional import _StrOrPromise


class TutelaError(Exception):
    """Any error that a person can do something about. `code` is stable; the message is not."""

    code = "error"

    def __init__(self, message: _StrOrPromise = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def __str__(self) -> str:
        return str(self.message)


class NotFound(TutelaError):
    """There is no such thing, or it is not theirs to see: the two look alike (HTTP 404)."""

    code = "not_found"


class Disposed(NotFound):
    """The case was there, and was disposed of; they may know (HTTP 410).

    `facts` holds `certificate`, `disposed_at` and `rule`.
    """

    code = "disposed"


class NotAllowed(TutelaError):
    """They may see the case but not perform this step (HTTP 403)."""

    code = "not_allowed"


class FreshFactorNeeded(NotAllowed):
    """The step asks for a second factor shown for it just now (HTTP 403). `facts` holds its `subject`."""

    code = "fresh_factor"


class StepClosed(TutelaError):
    """The step is not open from this state, or the page was stale (HTTP 409).

    `facts` holds `state`, and `changed_by` and `changed_at` of the last change.
    """

    code = "step_closed"


class Stale(StepClosed):
    """The case changed since the version that the caller named (HTTP 412)."""

    code = "stale"


class ProposalChanged(Stale):
    """What they decide on is not what they read: the proposal has another round by now (HTTP 409)."""

    code = "proposal_changed"


class BadData(TutelaError):
    """What was entered cannot be used (HTTP 422). `errors` maps each field to its messages."""

    code = "bad_data"

    def __init__(self, message: _StrOrPromise, errors: Mapping[str, Sequence[_StrOrPromise]]) -> None:
        super().__init__(message)
        self.errors = {name: [str(text) for text in texts] for name, texts in errors.items()}


class KeyReused(TutelaError):
    """An idempotency key came again with other content (HTTP 409)."""

    code = "key_reused"


class TooMany(TutelaError):
    """Too many tries from one place (HTTP 429)."""

    code = "too_many"


class ConnectorError(TutelaError):
    """An act outside did not happen. Raised only as one of the three below.

    `what_to_do` is one sentence for the person who looks at it.
    """

    code = "connector"

    def __init__(self, message: _StrOrPromise, *, what_to_do: _StrOrPromise = "") -> None:
        super().__init__(message)
        self.what_to_do = what_to_do


class TryLater(ConnectorError):
    """The same attempt may work later. `after` is the wait that the other side asked for, if it did."""

    code = "try_later"

    def __init__(
        self, message: _StrOrPromise, after: timedelta | None = None, *, what_to_do: _StrOrPromise = ""
    ) -> None:
        super().__init__(message, what_to_do=what_to_do)
        self.after = after


class Rejected(ConnectorError):
    """The other side understood and said no. The same attempt gets the same answer."""

    code = "rejected"


class NotConfigured(ConnectorError):
    """Nobody has told us how to reach the other side, or our credentials do not work."""

    code = "not_configured"
