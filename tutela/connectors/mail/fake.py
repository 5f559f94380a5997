"""Mail on a machine without a mail server: each mail becomes a file, and none leaves the house."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from tutela.connectors.ports import ReadBack, Receipt, Verb
from tutela.core.errors import TryLater

from .adapter import VERBS, check_verb
from .build import build, message_id, recipient, subject
from .pace import Pace


class FolderMail:
    """Writes `.eml` files into a folder, one per key, so it can tell whether it wrote one before."""

    def __init__(self, folder: Path, sender: str) -> None:
        self.folder = folder
        self.sender = sender
        self.pace = Pace()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """As the real one."""
        return VERBS

    def deliver(self, verb: str, payload: Mapping[str, Any], key: str) -> Receipt:
        """Write the mail. The file is either there, whole and on the disk, or not there at all."""
        check_verb(verb)
        self.pace.check(payload)
        mail = build(payload, key, self.sender, datetime.now(UTC))
        path = self.path(key)
        if not path.exists():
            try:
                self._write(path, mail.message)
            except OSError as error:
                raise TryLater(
                    _("The mail could not be written to %(folder)s: %(error)s")
                    % {"folder": self.folder, "error": error.strerror},
                    what_to_do=_("Check that the disk has room and that the folder may be written to."),
                ) from error
            self.pace.note(payload)
        return self._receipt(path, mail.message_id)

    def already_done(self, verb: str, payload: Mapping[str, Any], key: str) -> ReadBack:  # noqa: ARG002
        """Whether the file is there."""
        check_verb(verb)
        path = self.path(key)
        if not path.exists():
            return ReadBack(done=False)
        return ReadBack(True, self._receipt(path, message_id(key, self.sender)))

    def describe(self, verb: str, payload: Mapping[str, Any]) -> str:
        """Who would get a mail about what, if this were not the fake."""
        check_verb(verb)
        return _("Write a mail to %(to)s into a file, without sending it: %(subject)s") % {
            "to": recipient(payload),
            "subject": subject(payload),
        }

    def path(self, key: str) -> Path:
        """The file of a key: readable as far as the key is, and its own for every key."""
        readable = re.sub(r"[^A-Za-z0-9-]+", "-", key)[:40].strip("-")
        return self.folder / f"{readable}.{hashlib.sha256(key.encode()).hexdigest()[:16]}.eml"

    def _receipt(self, path: Path, identifier: str) -> Receipt:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Receipt(identifier, written, {"file": path.name})

    def _write(self, path: Path, message: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        staging = path.with_suffix(f".{secrets.token_hex(8)}.part")
        with staging.open("wb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        staging.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
