"""Key-encryption keys in the transit engine of HashiCorp Vault: `transit:https://HOST:8200/MOUNT/KEY`.

The key never leaves the engine. Its policy needs `update` on `encrypt/KEY` and `decrypt/KEY`, `read` on
`keys/KEY`, and for renewal `update` on `keys/KEY/rotate`, `keys/KEY/config` and `keys/KEY/trim`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured, Rejected, TryLater

try:
    from . import client
except ImportError:  # pragma: no cover  an installation without the extra `transit`
    client = None  # type: ignore[assignment]

T = TypeVar("T")


class TransitKeys:
    """The provider `transit:`. Raises the three errors of connectors."""

    def __init__(self, where: str) -> None:
        if client is None:
            raise NotConfigured(_("HashiCorp Vault needs the extra “transit” of this package."))
        parts = urlsplit(where)
        mount, _slash, name = parts.path.strip("/").rpartition("/")
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise NotConfigured(_("TUTELA_VAULT=transit: needs an address like https://vault.example:8200."))
        if parts.scheme == "http" and not _is_this_machine(parts.hostname):
            raise NotConfigured(_("HashiCorp Vault is spoken to over https only, but on this machine."))
        token = os.environ.get("TUTELA_VAULT_TOKEN_FILE")
        self._transit = client.Transit(
            f"{parts.scheme}://{parts.netloc}",
            mount or "transit",
            name or "tutela",
            Path(token) if token else None,
        )

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, wrapped with the newest version."""
        return _answer(lambda: self._transit.encrypt(key, context)).encode()

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key that was wrapped."""
        return _answer(lambda: self._transit.decrypt(wrapped.decode("ascii", "replace"), context))

    def is_newest(self, wrapped: bytes, context: str) -> bool:  # noqa: ARG002  its mark tells
        """Whether the newest version wrapped it."""
        return wrapped.split(b":")[1:2] == [f"v{_answer(self._transit.key).newest}".encode()]

    def renew(self) -> str:
        """Add a version."""
        _answer(self._transit.rotate)
        return f"v{_answer(self._transit.key).newest}"

    def drop_older(self, replaced_before: datetime) -> list[str]:
        """Destroy the versions that were replaced before that time."""
        key = _answer(self._transit.key)
        limit = replaced_before.timestamp()
        oldest = max((one for one, made in key.made_at.items() if made < limit), default=0)
        gone = sorted(one for one in key.made_at if one < oldest)
        if gone:
            _answer(lambda: self._transit.trim(oldest))
        return [f"v{one}" for one in gone]


def _answer(call: Callable[[], T]) -> T:
    try:
        return call()
    except client.Away as error:
        raise TryLater(
            _("HashiCorp Vault does not answer: %(error)s") % {"error": error},
            what_to_do=_("Nothing is lost. It is tried again by itself."),
        ) from error
    except client.NotLetIn as error:
        raise NotConfigured(
            _("HashiCorp Vault does not let us in: %(error)s") % {"error": error},
            what_to_do=_("Check TUTELA_VAULT_TOKEN_FILE and the policy of its token."),
        ) from error
    except client.Refused as error:
        raise Rejected(_("HashiCorp Vault refused: %(error)s") % {"error": error}) from error


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
