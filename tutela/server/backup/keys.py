"""The keys of an installation in one encrypted file, to be kept apart from its backups."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tutela.config import environment
from tutela.server.backup import age, manifest
from tutela.server.errors import CannotStartError

if TYPE_CHECKING:
    from tutela.server.backup.age import Identity, Recipient

# Keys that an operator may keep elsewhere, and where the data folder has them otherwise.
ELSEWHERE = {
    "TUTELA_SECRET_KEY_FILE": "keys/secret",
    "TUTELA_AUDIT_KEY_FILE": "keys/audit",
    "TUTELA_PORTAL_SECRET_KEY_FILE": "portal/secret",
}
FOLDERS = ("keys", "portal")


def pack(path: Path, to: Sequence[Recipient]) -> list[str]:
    """Write every key into a new encrypted file. Returns their names.

    Raises `CannotStartError` beside a backup: together they would give everything away to one reader.
    """
    if (path.parent / manifest.NAME).exists() or any(path.parent.glob(f"*/{manifest.NAME}")):
        raise CannotStartError(
            f"{path.parent} holds a backup. Keep the keys apart from it: name another place."
        )
    data = io.BytesIO()
    found = _files()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, file in sorted(found.items()):
            info = tarfile.TarInfo(name)
            content = file.read_bytes()
            info.size, info.mode = len(content), 0o600
            tar.addfile(info, io.BytesIO(content))
    data.seek(0)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        age.encrypt(data, path, to)
    except FileExistsError:
        raise CannotStartError(f"{path} is there already. Name another file.") from None
    path.chmod(0o600)
    return sorted(found)


def _files() -> dict[str, Path]:
    data = environment.data_folder()
    files = (one for folder in FOLDERS for one in (data / folder).rglob("*") if one.is_file())
    found = {str(one.relative_to(data)): one for one in files}
    found |= {
        name: Path(os.environ[variable]) for variable, name in ELSEWHERE.items() if variable in os.environ
    }
    kind, _, place = environment.vault().partition(":")
    if kind == "file":
        found["keys/vault.json"] = Path(place)
    kind, _, place = environment.vault_also().partition(":")
    if kind == "file":
        found["keys/vault-also.json"] = Path(place)
    return found


def unpack(path: Path, data: Path, with_: Sequence[Identity]) -> list[str]:
    """Put the keys of such a file where a new data folder has them, for our account alone. Returns names."""
    packed = io.BytesIO()
    age.decrypt(path, packed, with_)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        tar.extractall(data, filter="data")
        names = tar.getnames()
    for name in names:
        (data / name).parent.chmod(0o700)
        (data / name).chmod(0o600)
    return names
