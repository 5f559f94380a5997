"""A real clamd says what it finds, what it refuses, and that it is away."""

from __future__ import annotations

import pytest

from tutela.connectors.clamav.adapter import Clamd
from tutela.connectors.clamav.tests import daemon
from tutela.core.errors import NotConfigured, Rejected, TryLater

needs_clamd = pytest.mark.skipif(daemon.PROGRAM is None, reason="clamd is not installed")


@pytest.fixture(scope="module")
def where():
    with daemon.running() as found:
        yield found


@needs_clamd
def test_it_says_what_it_found(where):
    scanner = Clamd(where)
    assert scanner.scan([b"nothing ", b"", b"of note"]) == ""
    assert scanner.scan([]) == ""
    assert daemon.NAME in scanner.scan([daemon.HARMFUL[:20], daemon.HARMFUL[20:]])
    assert "ClamAV" in scanner.name()


@needs_clamd
def test_what_is_too_large_is_refused_with_a_reason(where):
    pieces = (bytes(1_000_000) for _each in range(20))
    with pytest.raises(Rejected, match="size limit"):
        Clamd(where).scan(pieces)


@pytest.mark.parametrize("where", ["/nowhere/clamd.socket", "127.0.0.1:9"])
def test_a_scanner_that_is_away_is_asked_again(where):
    with pytest.raises(TryLater):
        Clamd(where).scan([b"x"])
    with pytest.raises(TryLater):
        Clamd(where).name()


@pytest.mark.parametrize("where", ["clamd", "host:", ""])
def test_an_address_that_cannot_be_right_is_refused(where):
    with pytest.raises(NotConfigured):
        Clamd(where)
