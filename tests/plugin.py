"""The database of the tests: a private server of the run, and Django as the desk's role on it.

Each run starts its own PostgreSQL in a temporary folder, migrates it as the owner, and removes it at
the end. Each worker process of pytest-xdist gets a copy of the migrated database. Django's tests
connect as the desk's role (`default`) and the portal's (`portal`), as in production: what row-level
security hides is hidden from the tests too. What only the owner or the superuser may do, a test does
through the fixtures `owner` and `superuser`.

`--postgres wheel` (the default), `--postgres system` or `--postgres FOLDER` chooses the programs.

This is a plugin, not a conftest: the temporary data folder must be named before Django reads its settings.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests import cluster

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
MEMORY_NEEDED = 2_000_000_000
#: What somebody may say of a run; whatever else of ours the environment holds is not for the tests.
SAID_TO_TESTS = {"TUTELA_CHROMIUM", "TUTELA_POSTGRES_BIN", "TUTELA_UPGRADE_FROM"}
RUN, CLUSTER = "TUTELA_TEST_RUN", "TUTELA_TEST_CLUSTER"


def _name_folders() -> None:
    """Choose the folders of this run. The workers of pytest-xdist inherit the choice."""
    if not WORKER:
        run = Path(tempfile.mkdtemp(prefix="tutela-test-", dir=roomy_memory()))
        atexit.register(shutil.rmtree, run, ignore_errors=True)
        run.chmod(0o711)  # the account that runs PostgreSQL for root passes through
        os.environ[RUN] = str(run)
        os.environ.pop(CLUSTER, None)
        for name in [name for name in os.environ if name.startswith("TUTELA_") and name != RUN]:
            if name not in SAID_TO_TESTS:
                del os.environ[name]
        _keep_secrets(run)
        # As with the sample team. Tests of signing in require one.
        os.environ["TUTELA_SECOND_FACTOR"] = "offered"
    os.environ["TUTELA_DATA"] = str(Path(os.environ[RUN]) / f"data{WORKER}")


def _keep_secrets(run: Path) -> None:
    """Before Django reads its settings. The same in every run, as the kept databases know of them."""
    for name in ("TUTELA_SECRET_KEY_FILE", "TUTELA_PORTAL_SECRET_KEY_FILE"):
        secret = run / name.lower()
        secret.write_text(f"the secret of the tests in {name}, which protects nothing at all")
        os.environ[name] = str(secret)
    vault = run / "vault.json"
    key = {"key": "7e" * 32, "made_at": "2026-01-01T00:00:00+00:00"}
    vault.write_text(json.dumps({"newest": "test", "keys": {"test": key}}))
    os.environ["TUTELA_VAULT"] = f"file:{vault}"


def roomy_memory() -> str | None:
    """Memory in the place of a disk, where there is plenty: a new database is a thousand small files."""
    memory = "/dev/shm"
    try:
        found = os.statvfs(memory)
    except OSError:
        return None
    # Programs may have to be copied there too (see tutela.server.account).
    is_fit = not found.f_flag & os.ST_NOEXEC and os.access(memory, os.W_OK)
    return memory if is_fit and found.f_bavail * found.f_frsize > MEMORY_NEEDED else None


_name_folders()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        default="wheel",
        help="PostgreSQL for the tests: wheel (default), system, or the folder of initdb and postgres.",
    )


def pytest_configure(config: pytest.Config) -> None:
    if WORKER:  # xdist loads plugins after Django has read its settings
        from django.conf import settings

        from tutela.config import environment

        settings.MAIL_FOLDER = environment.data_folder() / "mail"
        settings.FILES = environment.files()
    config.stash[DATABASE] = Database(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server before the workers start, so that they share one."""
    if not WORKER and getattr(session.config.option, "dist", "no") != "no":
        session.config.stash[DATABASE].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    database = config.stash.get(DATABASE, None)
    if database is not None:
        database.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a database and what drives a browser, so that a run can choose."""
    asks_for_database = {"db", "transactional_db", "owner", "superuser", "live_server", "database"}
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or asks_for_database & fixtures:
            item.add_marker(pytest.mark.database)
        if {"page", "browser", "context"} & fixtures:
            item.add_marker(pytest.mark.browser)


class Database:
    """The database of this worker, made when the first test asks for it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._server: cluster.TestServer | None = None
        self.name = f"test{WORKER}"

    def start(self) -> None:
        """Start the server of the run, unless the main process did; tell the workers where it is."""
        if CLUSTER not in os.environ:
            cache = Path(str(self._config.cache.mkdir("tutela-postgres")))
            self._server = cluster.TestServer(
                Path(os.environ[RUN]) / "server", self._config.getoption("--postgres"), cache
            )
            os.environ[CLUSTER] = json.dumps(self._server.start())
        self._urls: dict[str, str] = json.loads(os.environ[CLUSTER])

    def make(self) -> None:
        """Copy the migrated database for this worker, and point Django and our own commands at it."""
        self.start()
        cluster.copy_database(self.url("admin", "postgres"), self.name)
        for role, variable in (
            ("desk", "TUTELA_DESK_DATABASE_URL"),
            ("portal", "TUTELA_PORTAL_DATABASE_URL"),
        ):
            os.environ[variable] = self.url(role)
        self._point_django()
        cluster.keep_seeds(self.url("admin"))

    def _point_django(self) -> None:
        from django.db import connections

        from tutela.config import environment

        for alias, role in (("default", environment.DESK), ("portal", environment.PORTAL)):
            wanted = environment.login(role)
            for settings in (connections.settings[alias], connections[alias].settings_dict):
                settings.update(
                    {key: wanted[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
                )

    def url(self, role: str, name: str = "") -> str:
        """The address of this worker's database (or another) for `admin`, `owner`, `desk` or `portal`."""
        return self._urls[role].replace("/DATABASE?", f"/{name or self.name}?")

    def clear(self) -> None:
        """Empty every table but for what the migrations put there."""
        cluster.clear(self.url("admin"))

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()


DATABASE = pytest.StashKey[Database]()
