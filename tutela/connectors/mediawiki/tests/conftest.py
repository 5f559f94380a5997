"""One real wiki for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .server import WHY_NOT, RealWiki


@pytest.fixture(scope="session")
def real_wiki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWiki]:
    """A wiki in German, as its names of special pages are not those of English."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    wiki = RealWiki(tmp_path_factory.mktemp("wiki") / "de")
    wiki.start()
    yield wiki
    wiki.stop()
