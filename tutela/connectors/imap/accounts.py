"""The accounts that mail is fetched from, as the settings name them, and their troubles in our words.

One looks like `imaps://USER@HOST:PORT/FOLDER?mailbox=NAME&password-file=PATH&done=FOLDER&since=2026-01-31`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured, TryLater

from . import client

_PORTS: Final = {"imaps": 993, "imap": 143}
_KNOWN: Final = frozenset({"mailbox", "password-file", "password-variable", "done", "since"})


@dataclass(frozen=True)
class Source:
    """One account: which mailbox of ours its mails are for, and where its password lies."""

    name: str
    mailbox: str
    host: str
    port: int
    private: bool
    user: str
    folder: str
    done: str = ""
    since: date | None = None
    password_file: str = ""
    password_variable: str = ""

    @contextmanager
    def opened(self) -> Iterator[client.Folder]:
        """The folder, signed in to. Raises `TryLater` or `NotConfigured`, also while it is worked with."""
        try:
            with client.opened(self._account()) as folder:
                yield folder
        except client.Unreachable as error:
            raise TryLater(
                _("The mail server could not be reached: %(words)s") % {"words": error},
                what_to_do=_("If this lasts, check TUTELA_IMAP and the mail server."),
            ) from error
        except client.NotPrivate as error:
            raise NotConfigured(
                _("The line to the mail server is not private: %(words)s") % {"words": error},
                what_to_do=_("Use imaps:// and a certificate that this machine trusts."),
            ) from error
        except (client.Refused, client.Unsuitable) as error:
            raise NotConfigured(
                _("Mail cannot be fetched: %(words)s") % {"words": error},
                what_to_do=_("Check the name, the password and the folder in TUTELA_IMAP."),
            ) from error

    def _account(self) -> client.Account:
        return client.Account(
            self.host, self.port, self.user, self._password(), self.folder, self.done, self.private
        )

    def _password(self) -> str:
        """Read anew each time, so that it can be changed."""
        if self.password_variable:
            return os.environ.get(self.password_variable, "")
        try:
            return Path(self.password_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NotConfigured(
                _("The file with the mail server's password cannot be read."),
                what_to_do=_("Check password-file in TUTELA_IMAP and who may read that file."),
            ) from error


def sources(addresses: str, mailboxes: frozenset[str]) -> list[Source]:
    """The accounts of `TUTELA_IMAP`, which are separated by spaces. Raises `NotConfigured`.

    `mailboxes` are ours; each account feeds one of them, and several may feed the same.
    """
    found: list[Source] = []
    for address in addresses.split():
        made = _source(urlsplit(address), mailboxes)
        before = sum(one.mailbox == made.mailbox for one in found)
        found.append(made if not before else _renamed(made, before + 1))
    return found


def _renamed(source: Source, number: int) -> Source:
    return Source(**{**vars(source), "name": f"{source.name}-{number}"})


def _source(parts: SplitResult, mailboxes: frozenset[str]) -> Source:
    said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    where = f"{parts.scheme}://{parts.hostname}"  # what a sentence may show: neither name nor password
    if parts.scheme not in _PORTS or not parts.hostname or not parts.username:
        raise NotConfigured(_("TUTELA_IMAP: %(where)s is not imaps://USER@HOST/FOLDER.") % {"where": where})
    if parts.password is not None:
        raise NotConfigured(
            _("TUTELA_IMAP: %(where)s holds a password. Put it into a file.") % {"where": where}
        )
    if unknown := ", ".join(sorted(said.keys() - _KNOWN)):
        raise NotConfigured(
            _("TUTELA_IMAP: %(where)s says %(unknown)s, which nobody knows.")
            % {"where": where, "unknown": unknown}
        )
    if said.get("mailbox") not in mailboxes:
        raise NotConfigured(
            _("TUTELA_IMAP: %(where)s needs mailbox= with one of %(names)s.")
            % {"where": where, "names": ", ".join(sorted(mailboxes))}
        )
    if ("password-file" in said) == ("password-variable" in said):
        raise NotConfigured(
            _("TUTELA_IMAP: %(where)s needs password-file= or password-variable=.") % {"where": where}
        )
    return Source(
        name=said["mailbox"],
        mailbox=said["mailbox"],
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        private=parts.scheme == "imaps",
        user=unquote(parts.username),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        done=said.get("done", ""),
        since=_day(said.get("since", ""), where),
        password_file=said.get("password-file", ""),
        password_variable=said.get("password-variable", ""),
    )


def _day(text: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise NotConfigured(
            _("TUTELA_IMAP: %(where)s needs since= with a day, as 2026-01-31.") % {"where": where}
        ) from error
