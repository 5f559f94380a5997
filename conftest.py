"""Fixtures for every test: the database of this worker, and ways to it. See tests/plugin.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.plugin import DATABASE, Database


@pytest.fixture(scope="session", autouse=True)
def addresses_as_the_settings_say() -> None:
    """Addresses of icons and scripts are kept, and differ between the files of tests and collected ones."""
    from django.test.signals import setting_changed

    from tutela.ui.templatetags import ui

    def forget(*, setting: str, **_more: Any) -> None:
        if setting in {"STORAGES", "STATIC_URL", "STATIC_ROOT", "DEBUG"}:
            for kept in (ui._plain, ui._drawing, ui._script):
                kept.cache_clear()

    setting_changed.connect(forget, weak=False)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Database:
    """The addresses of this worker's database. Most tests want `db`, `owner` or `superuser` instead."""
    found = request.config.stash[DATABASE]
    found.make()
    return found


@pytest.fixture(scope="session")
def django_db_setup(database: Database) -> Iterator[None]:
    """Takes the place of pytest-django's own, which would make the tables as the desk's role."""
    from django.test import TransactionTestCase

    def clear(_case: Any) -> None:
        database.clear()

    # Django would truncate as the desk's role, which may not, and lose what the migrations put there.
    TransactionTestCase._fixture_teardown = clear
    yield
    from django.db import connections

    connections.close_all()


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables, which commits each statement and sees committed data only."""
    with psycopg.connect(database.url("owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as the superuser, for tests that tamper. Commits each statement."""
    with psycopg.connect(database.url("admin"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Any:
    """The people of the tests, with their grants and teams. Needs a test with a database."""
    from tests.cast import make_cast

    wanted = request.node.get_closest_marker("django_db")
    request.getfixturevalue("transactional_db" if wanted and wanted.kwargs.get("transaction") else "db")
    return make_cast()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for one module. See tests/chromium.py."""
    from tests import chromium

    with chromium.running() as running:
        yield running
