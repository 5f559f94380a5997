"""What works until a day: certificates, API tokens, keys. A chore looks, and tells three weeks before."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tutela.config import environment
from tutela.connectors.imap.accounts import Source, sources
from tutela.connectors.mail.client import Server, Unreachable, certificate_of
from tutela.core.errors import NotConfigured
from tutela.core.health.models import Ending
from tutela.core.people.models import Token
from tutela.core.vault.models import IndexKey, IntakeKey, WorkflowKey
from tutela.core.vault.providers.file import KeyFile
from tutela.core.vault.seals import VaultError

#: Seconds for each server that is asked.
PATIENCE: Final = 5.0
KIND = Ending.Kind


def look() -> list[Ending]:
    """Look at everything, and keep what was seen in the place of what was known. Returns it."""
    found = {(one.kind, one.what): one for one in (*_certificates(), *_authorities(), *_tokens(), *_keys())}
    with transaction.atomic():
        Ending.objects.all().delete()
        return Ending.objects.bulk_create(found.values())


def _certificates() -> Iterator[Ending]:
    for url in {environment.desk_url(), environment.public_url(), *_key_service()}:
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname:
            yield _of_server(parts.hostname, parts.port or 443)
    for account in _fetched():
        yield _of_server(account.host, account.port)
    if settings.SMTP_HOST:
        yield from _of_mail(Server(settings.SMTP_HOST, settings.SMTP_PORT, timeout=PATIENCE))


def _fetched() -> list[Source]:
    """The mail servers that show a certificate at once. One where names are wrong is told of elsewhere."""
    try:
        return [one for one in sources(settings.IMAP, frozenset(settings.MAILBOXES)) if one.private]
    except NotConfigured:
        return []


def _key_service() -> list[str]:
    kind, _colon, where = environment.vault().partition(":")
    return [where] if kind == "transit" else []


def _of_server(host: str, port: int) -> Ending:
    context = ssl.create_default_context()
    context.check_hostname = False  # looked at, not trusted: one that has ended must be seen too
    context.verify_mode = ssl.CERT_NONE
    what = f"{host}:{port}"
    try:
        with (
            closing(socket.create_connection((host, port), PATIENCE)) as line,
            context.wrap_socket(line, server_hostname=host) as private,
        ):
            return _certificate(what, private.getpeercert(binary_form=True))
    except OSError:
        return _unseen(what)


def _of_mail(server: Server) -> Iterator[Ending]:
    what = f"{server.host}:{server.port}"
    try:
        if data := certificate_of(server):
            yield _certificate(what, data)
    except Unreachable:
        yield _unseen(what)


def _certificate(what: str, data: bytes | None) -> Ending:
    if not data:
        return _unseen(what)
    return Ending(kind=KIND.CERTIFICATE, what=what, ends_at=_end_of(x509.load_der_x509_certificate(data)))


def _unseen(what: str) -> Ending:
    return Ending(kind=KIND.UNSEEN, what=what, ends_at=timezone.now())


def _end_of(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc


def _authorities() -> Iterator[Ending]:
    """The roots that time-stamps are checked against."""
    if not settings.TSA_ROOTS:
        return
    try:
        roots = x509.load_pem_x509_certificates(Path(settings.TSA_ROOTS).read_bytes())
    except (OSError, ValueError):
        yield _unseen(settings.TSA_ROOTS)
        return
    for one in roots:
        yield Ending(kind=KIND.AUTHORITY, what=one.subject.rfc4514_string()[:200], ends_at=_end_of(one))


def _tokens() -> Iterator[Ending]:
    """Those that somebody may still count on: not revoked, and not over for long."""
    lately = timezone.now() - timedelta(days=7)
    for token in Token.objects.filter(revoked_at=None, expires_at__gt=lately).select_related("staff"):
        what = f"“{token.name}” ({token.staff.username}, {token.pk})"
        yield Ending(kind=KIND.TOKEN, what=what[:200], ends_at=token.expires_at)


def _keys() -> Iterator[Ending]:
    """Keys of ours that are to be renewed after a time. `what` is how the command names them."""
    lives = timedelta(days=settings.KEY_DAYS)
    for key in WorkflowKey.objects.filter(retired_at=None):
        yield Ending(kind=KIND.KEY, what=f"workflow --workflow {key.workflow}", ends_at=key.made_at + lives)
    for one in IntakeKey.objects.filter(retired_at=None):
        yield Ending(kind=KIND.KEY, what="intake", ends_at=one.made_at + lives)
    for index in IndexKey.objects.filter(retired_at=None):
        yield Ending(kind=KIND.KEY, what="index", ends_at=index.made_at + lives)
    kind, _colon, where = environment.vault().partition(":")
    if kind == "file":
        try:
            newest = max(datetime.fromisoformat(made_at) for _name, made_at, _key in KeyFile(where).sheet())
        except (VaultError, ValueError):
            return  # the finding about the keys says it
        yield Ending(kind=KIND.KEY, what="provider", ends_at=newest + lives)
