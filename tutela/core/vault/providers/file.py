"""Key-encryption keys in a file on this machine: for one team on one machine.

The file is JSON: `{"newest": NAME, "keys": {NAME: {"key": HEX, "made_at": TIME}}}`, of mode 600, written
whole or not at all. Whoever has it and the database can read everything; keep a copy on paper
(`tutela vault sheet`) and never beside a backup of the database.
"""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tutela.core.vault.seals import KEY_BYTES, Unavailable, new_key, seal, unseal

_MODE = 0o600


class KeyFile:
    """The provider `file:PATH`."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._read_at = -1
        self._held: dict[str, Any] = {}

    def exists(self) -> bool:
        """Whether there is a file at all."""
        return self.path.exists()

    def create(self) -> None:
        """Make the file with its first key. Raises Unavailable when there is one already."""
        if self.exists():
            raise Unavailable(f"{self.path} is there already. It is never written over.")
        self._write(_with_new({"newest": "", "keys": {}}))

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, wrapped with the newest key of the file; its name goes before it."""
        name: str = self._file()["newest"]
        return name.encode() + b":" + seal(self._key(name), key, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key that was wrapped. Raises NotGenuine, and Unavailable when its key is not in the file."""
        name, _colon, sealed = wrapped.partition(b":")
        return unseal(self._key(name.decode("ascii", "replace")), sealed, context)

    def is_newest(self, wrapped: bytes, context: str) -> bool:  # noqa: ARG002  its mark tells
        """Whether it was wrapped with the newest key of the file."""
        return wrapped.partition(b":")[0].decode("ascii", "replace") == str(self._file()["newest"])

    def renew(self) -> str:
        """Add a key and use it from now on."""
        self._write(_with_new(self._file()))
        return str(self._file()["newest"])

    def drop_older(self, replaced_before: datetime) -> list[str]:
        """Take the keys that were replaced before that time out of the file."""
        held = self._file()
        by_age = sorted(held["keys"], key=lambda name: held["keys"][name]["made_at"])
        replaced_at = pairwise(by_age)  # each key was replaced when the next was made
        gone = {
            name
            for name, following in replaced_at
            if datetime.fromisoformat(held["keys"][following]["made_at"]) < replaced_before
        } - {held["newest"]}
        if gone:
            left = {name: one for name, one in held["keys"].items() if name not in gone}
            self._write({**held, "keys": left})
        return sorted(gone)

    def sheet(self) -> list[tuple[str, str, str]]:
        """Name, time of making and key in hexadecimal of each key, for paper."""
        return [(name, one["made_at"], one["key"]) for name, one in sorted(self._file()["keys"].items())]

    def put_back(self, name: str, made_at: str, key: str) -> None:
        """Add a key from its recovery sheet; the file is made where it is missing.

        Raises Unavailable when the key or its time cannot be right, or another key has that name.
        """
        try:
            is_right = len(bytes.fromhex(key)) == KEY_BYTES and datetime.fromisoformat(made_at).tzinfo
        except ValueError:
            is_right = None
        if not is_right:
            raise Unavailable(
                "A key has 64 digits and letters from a to f; its time is as the sheet shows it."
            )
        held: dict[str, Any] = self._file() if self.exists() else {"newest": "", "keys": {}}
        if held["keys"].get(name, {"key": key})["key"] != key:
            raise Unavailable(f"{self.path} holds another key called {name}. It is not written over.")
        keys = {**held["keys"], name: {"key": key, "made_at": made_at}}
        newest = max(keys, key=lambda one: datetime.fromisoformat(keys[one]["made_at"]))
        self._write({"newest": newest, "keys": keys})

    def _key(self, name: str) -> bytes:
        try:
            key = bytes.fromhex(self._file()["keys"][name]["key"])
        except KeyError:
            raise Unavailable(
                f"{self.path} holds no key called {name}. "
                "Put the file back from its backup or its recovery sheet."
            ) from None
        if len(key) != KEY_BYTES:
            raise Unavailable(f"{self.path}: the key {name} is damaged. Put the file back from its backup.")
        return key

    def _file(self) -> dict[str, Any]:
        """What the file says; read again when it was changed by another process."""
        try:
            changed_at = self.path.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._held, self._read_at = json.loads(self.path.read_text()), changed_at
        except FileNotFoundError:
            raise Unavailable(
                f"The key file {self.path} is missing. Put it back from its backup or its recovery sheet."
            ) from None
        except (OSError, ValueError) as error:
            raise Unavailable(f"The key file {self.path} cannot be read: {error}.") from None
        return self._held

    def _write(self, content: dict[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._read_at = -1


def _with_new(content: dict[str, Any]) -> dict[str, Any]:
    name = f"k{len(content['keys']) + 1}-{secrets.token_hex(4)}"
    made = {"key": new_key().hex(), "made_at": datetime.now(UTC).isoformat()}
    return {"newest": name, "keys": {**content["keys"], name: made}}
