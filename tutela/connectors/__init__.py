"""Everything that leaves the building. This registry is the list of it; `ports.py` says what each can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings

from .mail.adapter import SMTPMail
from .mail.client import TLS, Server
from .mail.fake import FolderMail
from .mediawiki.adapter import WikiPages
from .ports import Connector, PageReader


def _mail() -> Connector:
    """SMTP where a server is set; files in the data folder on a machine that has none."""
    if not settings.SMTP_HOST:
        return FolderMail(settings.MAIL_FOLDER / "out", settings.MAIL_FROM)
    password_file = settings.SMTP_PASSWORD_FILE
    server = Server(settings.SMTP_HOST, settings.SMTP_PORT, settings.SMTP_USER, tls=TLS(settings.SMTP_TLS))
    return SMTPMail(server, settings.MAIL_FROM, Path(password_file) if password_file else None)


FACTORIES: Final[Mapping[str, Callable[[], Connector]]] = {"mail": _mail}


def connectors() -> dict[str, Connector]:
    """Every connector, by the name that effects use, made from the settings."""
    return {name: make() for name, make in FACTORIES.items()}


class Wiki(Protocol):
    """What must be known of a wiki to read it."""

    @property
    def api(self) -> str:
        """The address of its `api.php`."""

    @property
    def local(self) -> bool:
        """Whether it may be in a private network."""


def reader_of(wiki: Wiki) -> PageReader:
    """What reads the pages of a wiki."""
    agent = f"Tutela/{version('tutela')} ({settings.PUBLIC_URL}; {settings.CONTACT_ADDRESS})"
    return WikiPages(wiki.api, agent, local=wiki.local)
