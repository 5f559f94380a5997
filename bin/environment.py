"""Make `.venv` with uv in it. Needs nothing but Python 3.11: neither pip nor ensurepip need be there.

    python3 bin/environment.py

Debian packs `ensurepip` apart from Python. Without it the environment is made without pip, and uv comes
straight from the address that `uv.lock` names, checked against the hash there. An environment that was
made in another place (the folder was moved or copied) or by another Python is made anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import zipfile
from pathlib import Path

ENVIRONMENT = Path(".venv")
PLACE = ENVIRONMENT / "made-in"


def main() -> None:
    """Make what is missing."""
    locked = uv_of_lock()
    here = f"{Path.cwd()}\n{sys.version}\n"
    if not works() or (PLACE.exists() and PLACE.read_text(encoding="utf-8") != here):
        print("Making .venv.", flush=True)
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        with_pip = importlib.util.find_spec("ensurepip") is not None
        options = [] if with_pip else ["--without-pip"]
        subprocess.run([sys.executable, "-m", "venv", *options, ENVIRONMENT], check=True)
    PLACE.write_text(here, encoding="utf-8")
    if uv_version() != locked["version"]:
        install_uv(locked)


def works() -> bool:
    """Whether the environment's Python runs."""
    try:
        return subprocess.run([ENVIRONMENT / "bin" / "python", "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def uv_of_lock() -> dict:
    """What the lock file says about uv: its version and its wheels."""
    with Path("uv.lock").open("rb") as lock:
        return next(package for package in tomllib.load(lock)["package"] if package["name"] == "uv")


def uv_version() -> str:
    """The version in the environment, empty when there is none."""
    command = [ENVIRONMENT / "bin" / "uv", "--version"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]
    except (OSError, subprocess.SubprocessError):
        return ""


def install_uv(locked: dict) -> None:
    """By pip where there is one, as it knows the mirrors of its user; else from the lock file.

    Either way only a file that the lock file names by its hash is installed.
    """
    python = ENVIRONMENT / "bin" / "python"
    if subprocess.run([python, "-c", "import pip"], check=False, capture_output=True).returncode == 0:
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        pinned = ENVIRONMENT / "uv.txt"
        hashes = [f"--hash={one['hash']}" for one in [*locked["wheels"], locked["sdist"]]]
        pinned.write_text(" ".join([f"uv=={locked['version']}", *hashes]), encoding="utf-8")
        if subprocess.run([*pip, "--requirement", pinned], check=False).returncode == 0:
            return
    wheel = fitting_wheel(locked["wheels"])
    with urllib.request.urlopen(wheel["url"], timeout=120) as answer:  # noqa: S310 - https, from the lock
        content = answer.read()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != wheel["hash"]:
        sys.exit("The file of uv is not the one that uv.lock names. Try again; if it stays so, tell us.")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        member = next(name for name in packed.namelist() if name.endswith("/scripts/uv"))
        target = ENVIRONMENT / "bin" / "uv"
        target.write_bytes(packed.read(member))
        target.chmod(0o755)


def fitting_wheel(wheels: list[dict]) -> dict:
    """The wheel for this machine; uv's are static, so that one built for an old libc runs on any."""
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        wanted = re.compile(rf"macosx_\d+_\d+_{machine}\.whl$")
    else:
        libc = "musllinux" if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") else "manylinux"
        wanted = re.compile(rf"{libc}_[\w.]*{machine}")
    for wheel in wheels:
        if wanted.search(wheel["url"].rsplit("/", 1)[1]):
            return wheel
    sys.exit(f"uv {machine} {sys.platform}: no wheel in uv.lock. Install uv by hand into .venv/bin.")


if __name__ == "__main__":
    main()
