"""ClamAV as a scanner of files, in our words and with our errors."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured, Rejected, TryLater

from . import client


class Clamd:
    """The scanner that `TUTELA_CLAMD` names: the path of a socket, or `HOST:PORT`."""

    def __init__(self, where: str) -> None:
        if not where.startswith("/") and not where.rpartition(":")[2].isdigit():
            raise NotConfigured(
                _("TUTELA_CLAMD=%(where)s is neither the path of a socket nor HOST:PORT.") % {"where": where}
            )
        self._clamd = client.Clamd(where)

    def name(self) -> str:
        """What it calls itself. Raises TryLater."""
        try:
            return self._clamd.version()
        except client.Away as error:
            raise _away(error) from error

    def scan(self, pieces: Iterable[bytes]) -> str:
        """The name of what it found, or an empty text. Raises TryLater, and Rejected for what it refuses."""
        try:
            return self._clamd.scan(pieces)
        except client.Away as error:
            raise _away(error) from error
        except client.Refused as error:
            raise Rejected(_("The scanner refused: %(error)s") % {"error": error}) from error


def _away(error: client.Away) -> TryLater:
    return TryLater(
        _("The scanner does not answer: %(error)s") % {"error": error},
        what_to_do=_("Nothing is lost. It is tried again by itself."),
    )
