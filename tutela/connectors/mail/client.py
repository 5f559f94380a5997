"""Speaks SMTP (RFC 5321) to one server. Knows nothing of what is sent, or why."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address


class TLS(StrEnum):
    """When the line to the server is encrypted. Its certificate is checked whenever it is."""

    OFFERED = "offered"
    REQUIRED = "required"


@dataclass(frozen=True)
class Server:
    """Where the server is and how to sign in. `timeout` is in seconds, for each exchange."""

    host: str
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    tls: TLS = TLS.OFFERED
    timeout: float = 30


class Refused(Exception):
    """The server answered with something other than yes. `code` is SMTP's, `words` the server's."""

    def __init__(self, code: int, words: bytes | str) -> None:
        self.code = code
        self.words = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        super().__init__(f"{code} {self.words}")


class Unreachable(Exception):
    """No server, or it went away. `sent` says whether it already had the whole mail by then."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class NotPrivate(Exception):
    """The line could not be made private, though it had to be."""


def send(server: Server, sender: str, recipient: str, message: bytes) -> str:
    """Hand over one mail and return what the server said when it took responsibility for it.

    `message` has CR LF line ends and is ASCII. Raises `Refused`, `Unreachable` or `NotPrivate`.
    """
    try:
        session = smtplib.SMTP(server.host, server.port, sender.rpartition("@")[2], server.timeout)
        with closing(session):
            _make_private(session, server)
            words = _hand_over(session, sender, recipient, message)
            # The answer to the mail counts; what happens to the farewell does not.
            with suppress(OSError, smtplib.SMTPException):
                session.quit()
            return words
    except smtplib.SMTPResponseException as error:
        raise Refused(error.smtp_code, error.smtp_error) from error
    except ssl.SSLError as error:
        raise NotPrivate(str(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def certificate_of(server: Server) -> bytes | None:
    """The certificate (DER) that a server shows, valid or not; None where it offers no private line.

    Raises `Unreachable`.
    """
    context = ssl.create_default_context()
    context.check_hostname = False  # it is looked at, and nothing is said to the server
    context.verify_mode = ssl.CERT_NONE
    try:
        with closing(smtplib.SMTP(server.host, server.port, timeout=server.timeout)) as session:
            session.ehlo()
            if not session.has_extn("starttls"):
                return None
            session.starttls(context=context)
            assert isinstance(session.sock, ssl.SSLSocket)
            return session.sock.getpeercert(binary_form=True)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def _make_private(session: smtplib.SMTP, server: Server) -> None:
    """Encrypt the line if that is offered, and sign in if we have a name there."""
    session.ehlo_or_helo_if_needed()
    private = session.has_extn("starttls")
    if private:
        code, words = session.starttls(context=ssl.create_default_context())
        if code != 220:
            raise Refused(code, words)
        session.ehlo()
    if server.tls is TLS.REQUIRED and not private:
        raise NotPrivate("the server does not offer STARTTLS")
    if server.user:
        if not private and not _is_this_machine(server.host):
            raise NotPrivate("the server does not offer STARTTLS, and a password must not go in the clear")
        session.login(server.user, server.password)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hand_over(session: smtplib.SMTP, sender: str, recipient: str, message: bytes) -> str:
    for code, words in (session.mail(sender), session.rcpt(recipient)):
        if code not in {250, 251}:
            raise Refused(code, words)
    try:
        code, words = session.data(message)
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise Unreachable(f"{type(error).__name__}: {error}", sent=True) from error
    if code != 250:
        raise Refused(code, words)
    return words.decode("utf-8", "replace")
