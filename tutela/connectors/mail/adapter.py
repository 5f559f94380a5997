"""Mail as the rest of Tutela asks for it, sent over SMTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from tutela.connectors.ports import OnDoubt, ReadBack, Receipt, Verb
from tutela.core.errors import ConnectorError, NotConfigured, Rejected, TryLater

from . import client
from .build import build, recipient, subject
from .charsets import one_line
from .pace import Pace

# The Message-ID follows from the key, so a mail sent twice is one mail to programs that look at it, and a
# harmless second copy to people. A notice that never comes is worse.
VERBS: Final[Mapping[str, Verb]] = {"send": Verb("send", OnDoubt.REPEAT)}

_SIGN_IN_CODES: Final = frozenset({530, 534, 535, 538})
_GREYLISTED: Final = timedelta(minutes=5)
_AWAY: Final = timedelta(minutes=1)


def check_verb(verb: str) -> None:
    """Raise `Rejected` for a verb that mail does not have."""
    if verb not in VERBS:
        raise Rejected(_("Mail has no verb “%(verb)s”.") % {"verb": verb})


class SMTPMail:
    """Sends each mail to one server at once. Whether it was sent before, nobody can tell."""

    def __init__(self, server: client.Server, sender: str, password_file: Path | None = None) -> None:
        self.server = server
        self.sender = sender
        self.password_file = password_file
        self.pace = Pace()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Only `send`."""
        return VERBS

    def deliver(self, verb: str, payload: Mapping[str, Any], key: str) -> Receipt:
        """Send a mail (`build.build` says what the payload holds). The reference is its Message-ID."""
        check_verb(verb)
        server = self._server()
        self.pace.check(payload)
        now = datetime.now(UTC)
        mail = build(payload, key, self.sender, now)
        try:
            answer = client.send(server, mail.sender, mail.recipient, mail.message)
        except (client.Refused, client.Unreachable, client.NotPrivate) as error:
            raise _in_our_words(error) from error
        self.pace.note(payload)
        return Receipt(mail.message_id, now, {"server": one_line(answer, 300)})

    def already_done(self, verb: str, payload: Mapping[str, Any], key: str) -> ReadBack:  # noqa: ARG002
        """SMTP keeps no memory that could be asked."""
        check_verb(verb)
        return ReadBack(done=None)

    def describe(self, verb: str, payload: Mapping[str, Any]) -> str:
        """Who would get a mail about what."""
        check_verb(verb)
        return _("Send a mail to %(to)s: %(subject)s") % {
            "to": recipient(payload),
            "subject": subject(payload),
        }

    def _server(self) -> client.Server:
        """The server with its password, read anew each time so that it can be changed."""
        if not self.server.host:
            raise NotConfigured(
                _("No mail server is set."), what_to_do=_("Set TUTELA_SMTP_HOST and start the worker again.")
            )
        if self.password_file is None:
            return self.server
        try:
            password = self.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NotConfigured(
                _("The file with the mail server's password cannot be read."),
                what_to_do=_("Check TUTELA_SMTP_PASSWORD_FILE and who may read that file."),
            ) from error
        return replace(self.server, password=password)


def _in_our_words(error: client.Refused | client.Unreachable | client.NotPrivate) -> ConnectorError:
    if isinstance(error, client.Refused):
        return _refused(error)
    words = {"words": one_line(str(error), 300)}
    if isinstance(error, client.NotPrivate):
        return NotConfigured(
            _("The line to the mail server is not private: %(words)s") % words,
            what_to_do=_("Have the mail server offer STARTTLS with a certificate that this machine trusts."),
        )
    message = (
        _("The mail server went away before it answered; it may have the mail: %(words)s")
        if error.sent
        else _("The mail server could not be reached: %(words)s")
    )
    return TryLater(
        message % words, _AWAY, what_to_do=_("If this lasts, check TUTELA_SMTP_HOST and the mail server.")
    )


def _refused(error: client.Refused) -> ConnectorError:
    words = {"code": error.code, "words": one_line(error.words, 300)}
    if error.code in _SIGN_IN_CODES:
        return NotConfigured(
            _("The mail server does not let us in: %(code)d %(words)s") % words,
            what_to_do=_("Check TUTELA_SMTP_USER and the password file."),
        )
    if error.code >= 500:
        return Rejected(
            _("The mail server refused the mail: %(code)d %(words)s") % words,
            what_to_do=_("Correct the address or answer the reporter another way."),
        )
    return TryLater(
        _("The mail server asks to wait: %(code)d %(words)s") % words,
        _GREYLISTED,
        what_to_do=_("It is tried again by itself. If this lasts, ask whoever runs the mail server."),
    )
