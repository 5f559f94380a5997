"""A time-stamping authority as an anchor of the audit log: it says that a head existed at a moment.

`tsa:https://tsa.example/`, with the authority's root certificates in `TUTELA_TSA_ROOTS` (PEM). One head an
hour, or as `?hours=` says. The tokens lie in `timestamps` of the data folder: nobody can forge one, so that
copies of them prove a head to anybody who trusts the authority.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import textwrap
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.x509 import Certificate, load_pem_x509_certificates
from django.conf import settings
from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured, Rejected, TryLater

from . import client

try:
    import rfc3161_client as tsp
except ImportError:  # pragma: no cover  an installation without the extra `timestamps`
    tsp = None  # type: ignore[assignment]

HOURS = 1
_STAMPED = re.compile(
    r"(?P<text>.*)\n-----BEGIN TIMESTAMP-----\n(?P<answer>[A-Za-z0-9+/=\n]+)-----END TIMESTAMP-----\n",
    re.DOTALL,
)


class Authority:
    """One file for each head that was stamped: the head, and the authority's answer in base64."""

    reads_back = True

    def __init__(self, where: str) -> None:
        if tsp is None:
            raise NotConfigured(_("Time-stamps need the extra “timestamps” of this package."))
        self._url, _mark, query = where.partition("?")
        self.name = f"tsa:{self._url}"
        hours = parse_qs(query).get("hours", [str(HOURS)])[0]
        if urlsplit(self._url).scheme not in {"http", "https"} or not hours.isdecimal() or not int(hours):
            raise NotConfigured(_("TUTELA_ANCHORS=tsa: needs an address like tsa:https://tsa.example/."))
        self.every = timedelta(hours=int(hours))
        # One folder for each authority, so that two of them can be asked.
        self._folder = settings.TIMESTAMPS_FOLDER / hashlib.sha256(self._url.encode()).hexdigest()[:16]

    def newest(self) -> str | None:
        """The last head that was stamped. Raises `Rejected` when its stamp is not genuine."""
        paths = self._paths()
        return self._read(paths[-1]) if paths else None

    def put(self, number: int, day: str, text: str, lines: Iterable[str]) -> None:  # noqa: ARG002
        """Have a head stamped, verify the stamp and keep both. Raises ConnectorError, OSError."""
        query = (
            tsp.TimestampRequestBuilder()
            .data(text.encode())
            .hash_algorithm(tsp.HashAlgorithm.SHA256)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            answer = client.ask(self._url, query.as_bytes())
        except client.Away as error:
            raise TryLater(
                _("The time-stamping authority does not answer: %(error)s") % {"error": error},
                what_to_do=_("Nothing is lost. It is tried again by itself."),
            ) from error
        except client.Refused as error:
            raise Rejected(
                _("The time-stamping authority refused: %(error)s") % {"error": error},
                what_to_do=_("Check the address of the authority in TUTELA_ANCHORS."),
            ) from error
        self._verify(answer, text, f"{number}", nonce=query.nonce)
        self._keep(number, text, answer)

    def texts(self) -> Iterator[str]:
        """Every head that was stamped. Raises `Rejected` at one whose stamp is not genuine."""
        return map(self._read, self._paths())

    def lines(self) -> Iterator[str]:
        """None."""
        return iter(())

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.stamp"))

    def _read(self, path: Path) -> str:
        found = _STAMPED.fullmatch(path.read_text(encoding="ascii", errors="replace"))
        if found is None:
            raise Rejected(_("%(path)s holds no head with a stamp.") % {"path": path})
        self._verify(base64.b64decode(found["answer"]), found["text"], path.stem.lstrip("0"))
        return found["text"]

    def _verify(self, answer: bytes, text: str, which: str, nonce: int | None = None) -> None:
        builder = tsp.VerifierBuilder(roots=_roots(), nonce=nonce)
        try:
            found = tsp.decode_timestamp_response(answer)
            builder.build().verify_message(found, text.encode())
        except (tsp.VerificationError, ValueError) as error:
            raise Rejected(
                _("The stamp over head %(number)s of %(name)s is not genuine: %(error)s")
                % {"number": which, "name": self.name, "error": error},
                what_to_do=_("Check TUTELA_TSA_ROOTS, and which authority answers."),
            ) from error

    def _keep(self, number: int, head: str, answer: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{number:012d}.stamp"
        lines = "\n".join(textwrap.wrap(base64.b64encode(answer).decode(), 64))
        text = f"{head}\n-----BEGIN TIMESTAMP-----\n{lines}\n-----END TIMESTAMP-----\n"
        part = path.with_suffix(".part")
        with part.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _roots() -> list[Certificate]:
    """The certificates that stamps are checked against. Raises NotConfigured."""
    try:
        return list(load_pem_x509_certificates(Path(settings.TSA_ROOTS).read_bytes()))
    except (OSError, ValueError) as error:
        raise NotConfigured(
            _("The root certificates of the time-stamping authority cannot be read: %(error)s")
            % {"error": error},
            what_to_do=_("Set TUTELA_TSA_ROOTS to a PEM file with them."),
        ) from error
