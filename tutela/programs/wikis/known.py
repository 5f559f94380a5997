"""The wikis that we may ask, from the file that `TUTELA_WIKIS` names, and their addresses in a text."""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"https?://[^\s<>\"\u201c\u201d\u00ab\u00bb|\\^`{}\[\]]{3,1990}", re.IGNORECASE)
_AFTER = ".,;:!?'*\u3001\u3002\uff0c"


@dataclass(frozen=True)
class Wiki:
    """One wiki. `hosts` are all names of it as they stand in addresses, with a port where one is written.

    `local` is for a wiki in one's own network: its name may lead to a private address, and it may speak HTTP.
    """

    name: str
    api: str
    hosts: tuple[str, ...]
    local: bool = False


def wikis() -> tuple[Wiki, ...]:
    """All of them; none where their file is at fault, as no report may wait for that. The log says it."""
    try:
        return read(Path(settings.WIKIS_FILE)) if settings.WIKIS_FILE else ()
    except ImproperlyConfigured as error:
        log.error("%s", error)  # noqa: TRY400  a sentence for a person
        return ()


@cache
def read(path: Path) -> tuple[Wiki, ...]:
    """The wikis of one file. Raises ImproperlyConfigured, naming the file and the fault."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("wiki", [])
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"The file of wikis {path} cannot be read: {error}") from None
    found = tuple(_wiki(path, number, entry) for number, entry in enumerate(entries, start=1))
    hosts = [host for one in found for host in one.hosts]
    if len(set(hosts)) < len(hosts):
        raise ImproperlyConfigured(f"{path}: a host is named twice.")
    return found


def _wiki(path: Path, number: int, entry: Mapping[str, Any]) -> Wiki:
    name, api, local = entry.get("name"), entry.get("api"), entry.get("local", False)
    more = entry.get("hosts", [])
    own = _host(api) if isinstance(api, str) else ""
    allowed = {"https", "http"} if local is True else {"https"}
    if not (isinstance(name, str) and name and own and urlsplit(str(api)).scheme in allowed):
        raise ImproperlyConfigured(f"{path}, wiki {number}: `name` and `api` (https://…/api.php) are needed.")
    if not (isinstance(more, list) and all(isinstance(one, str) for one in more)):
        raise ImproperlyConfigured(f"{path}, wiki {number} ({name}): `hosts` is a list of names.")
    hosts = dict.fromkeys([own, *(one.lower() for one in more)])
    return Wiki(name, str(api), tuple(hosts), local is True)


def wiki_of(address: str) -> Wiki | None:
    """The wiki that an address belongs to; None where we know no such wiki."""
    host = _host(address)
    return next((one for one in wikis() if host and host in one.hosts), None)


def addresses_in(*texts: str) -> list[str]:
    """The addresses of known wikis in texts, each once, in their order."""
    found = (one for text in texts for one in _written(text))
    return list(dict.fromkeys(one for one in found if wiki_of(one)))


def _written(text: str) -> Iterator[str]:
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(_AFTER)
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(_AFTER)
        yield address


def _host(address: str) -> str:
    """The host of an address, with its port where that is no usual one; "" where it names a user."""
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return ""
    if parts.username is not None or parts.scheme not in {"http", "https"}:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return shown if port in {None, 80 if parts.scheme == "http" else 443} else f"{shown}:{port}"
