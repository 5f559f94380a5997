"""A mailbox as an anchor of the audit log: one head a day goes to somebody who keeps it.

`mail:auditor@example.org`, or `mail:auditor@example.org?hours=1` for one an hour. We cannot read their
mailbox: they compare what they kept by `tutela audit verify --held FILE`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs

from django.conf import settings
from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured

HOURS = 24


class Mailbox:
    """Sends heads to one address. A head that was sent twice is one mail to programs that look at it."""

    reads_back = False

    def __init__(self, where: str) -> None:
        self._address, _mark, query = where.partition("?")
        self.name = f"mail:{self._address}"
        hours = parse_qs(query).get("hours", [str(HOURS)])[0]
        if "@" not in self._address or not hours.isdecimal() or not int(hours):
            raise NotConfigured(_("TUTELA_ANCHORS=mail: needs an address like mail:auditor@example.org."))
        self.every = timedelta(hours=int(hours))

    def newest(self) -> str | None:
        """Nobody here can tell."""
        return None

    def put(self, number: int, day: str, text: str, lines: Iterable[str]) -> None:  # noqa: ARG002
        """Send a head. Returns when a mail server took responsibility for it. Raises ConnectorError."""
        from tutela.connectors import connectors

        values = {"number": number, "organisation": settings.ORGANISATION}
        payload = {
            "to": self._address,
            "subject": _("Head %(number)d of the audit log of %(organisation)s") % values,
            "text": "\n\n".join(
                (
                    _("Keep this mail. It proves later what the audit log held on this day."),
                    text,
                    _("To compare: save it to a file, and run `tutela audit verify --held FILE`."),
                )
            ),
            "automatic": True,
        }
        key = sha256(f"{self.name}\n{text}".encode()).hexdigest()
        connectors()["mail"].deliver("send", payload, key)

    def texts(self) -> Iterator[str]:
        """None that we could read."""
        return iter(())

    def lines(self) -> Iterator[str]:
        """None."""
        return iter(())
