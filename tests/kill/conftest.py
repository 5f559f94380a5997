"""No worker outlives the test that started it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .tools import Worker


@pytest.fixture(autouse=True)
def end_workers() -> Iterator[None]:
    yield
    while Worker.started:
        Worker.started.pop().kill()
