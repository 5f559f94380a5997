"""An outside system in memory that remembers what was done to it, and can be told to misbehave."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from tutela.connectors.ports import OnDoubt, ReadBack, Receipt, Verb
from tutela.core.errors import ConnectorError


class Outside:
    """`done` counts how often each key was acted on. `errors` are raised in turn, one per attempt.

    With `forgets`, it cannot be asked what was done. With `silent`, it acts and fails to say so.
    """

    verbs = {"send": Verb("send", OnDoubt.REPEAT), "ban": Verb("ban", OnDoubt.ASK)}

    def __init__(self, *, forgets: bool = False, errors: list[Exception] | None = None) -> None:
        self.done: Counter[str] = Counter()
        self.asked: list[str] = []
        self.forgets = forgets
        self.errors = errors or []

    def deliver(self, verb, payload, key):  # noqa: ARG002
        if self.errors:
            error = self.errors.pop(0)
            if not isinstance(error, ConnectorError) or not getattr(error, "acts", False):
                raise error
            self.done[key] += 1
            raise error
        self.done[key] += 1
        return self._receipt(key)

    def already_done(self, verb, payload, key):  # noqa: ARG002
        self.asked.append(key)
        if self.forgets:
            return ReadBack(done=None)
        return ReadBack(True, self._receipt(key)) if self.done[key] else ReadBack(done=False)

    def describe(self, verb, payload):
        return f"{verb} {payload}"

    @staticmethod
    def _receipt(key):
        return Receipt(f"<{key[:12]}@outside.example>", datetime.now(UTC), {"by": "outside"})
