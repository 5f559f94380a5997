"""Speaks IMAP (RFC 9051) to one folder of one account. Knows nothing of what the mails are for."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from ipaddress import ip_address
from time import monotonic
from typing import Any, Final

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError
from imap_tools.utils import encode_folder

#: The keyword that says of a mail that we have it. Other programs keep their hands off what they do not know.
TAKEN: Final = "$Tutela"
#: Seconds between two looks at whether somebody wants us to stop.
_BREATH: Final = 0.5

_UID: Final = re.compile(rb"\bUID (\d+)")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Account:
    """One folder at a server. `private` is TLS from the first byte; without, STARTTLS comes before anything.

    What was taken gets our keyword or, with `done`, goes to that folder. `timeout` is in seconds.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done: str = ""
    private: bool = True
    timeout: float = 30


class Unreachable(Exception):
    """No server, or it went away."""


class Refused(Exception):
    """The server does not let us in."""


class NotPrivate(Exception):
    """The line could not be made private, though it had to be."""


class Unsuitable(Exception):
    """The folder is not there, or cannot be worked with as the settings want it."""


@contextmanager
def opened(account: Account) -> Iterator[Folder]:
    """Sign in, and select the folder. Raises `Unreachable`, `Refused`, `NotPrivate` or `Unsuitable`."""
    with _in_words():
        box = _connected(account)
        try:
            _make_private(box, account)
            _sign_in(box, account)
            yield Folder(box, account)
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                box.logout()
        finally:
            with suppress(OSError):  # of a line that is closed already
                box.client.shutdown()


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise NotPrivate(str(error)) from error
    except (OSError, imaplib.IMAP4.abort) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise Unsuitable(str(error)) from error


def _connected(account: Account) -> BaseMailBox:
    if account.private:
        context = ssl.create_default_context()
        return MailBox(account.host, account.port, timeout=account.timeout, ssl_context=context)
    return MailBoxUnencrypted(account.host, account.port, timeout=account.timeout)


def _make_private(box: BaseMailBox, account: Account) -> None:
    if account.private:
        return
    if "STARTTLS" in box.client.capabilities:
        box.client.starttls(ssl_context=ssl.create_default_context())
    elif not _is_this_machine(account.host):
        raise NotPrivate("the server does not offer STARTTLS, and a password must not go in the clear")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sign_in(box: BaseMailBox, account: Account) -> None:
    try:
        if "AUTH=PLAIN" in box.client.capabilities:
            box.login_utf8(account.user, account.password, None)
        else:
            box.login(account.user, account.password, None)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        # Its words may hold the command, with the password in it.
        raise Refused(f"the server refused to sign {account.user} in") from error


class Folder:
    """A folder that is selected. Every method may raise what `opened` raises."""

    def __init__(self, box: BaseMailBox, account: Account) -> None:
        self._box, self._account = box, account
        self._client = box.client
        # What a server can do it says in full to those whom it let in.
        self._can = b" ".join(box.client.capability()[1]).decode("ascii", "replace").upper().split()
        try:
            box.folder.set(account.folder)
        except MailboxFolderSelectError as error:
            raise Unsuitable(f"there is no folder {account.folder}, or it may not be opened") from error
        #: Numbers of mails hold for as long as this one stays the same.
        self.validity = self._said("UIDVALIDITY")
        self._check()

    def _said(self, name: str) -> bytes:
        found = self._client.response(name)[1]
        return b" ".join(one for one in found if isinstance(one, bytes))

    def _check(self) -> None:
        """Whether what was taken can be marked: else every mail would come again and again."""
        if self._account.done:
            if "MOVE" not in self._can:
                raise Unsuitable("the server cannot move mail to another folder")
            if not self._box.folder.exists(self._account.done):
                self._box.folder.create(self._account.done)
            return
        kept = self._said("PERMANENTFLAGS").lower()
        if b"\\*" not in kept and TAKEN.lower().encode() not in kept:
            raise Unsuitable("the server keeps no keyword of ours in this folder")

    def waiting(self, since: date | None = None) -> list[int]:
        """The numbers of the mails that were not taken yet, the oldest first; of those since a day."""
        self._client.untagged_responses.pop("EXISTS", None)  # what is told from here on is news to us
        asked = [] if self._account.done else ["UNKEYWORD", TAKEN]
        if since:
            asked += ["SINCE", f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"]
        (found,) = self._ask("SEARCH", *(asked or ["ALL"])) or (b"",)
        return sorted(map(int, (found or b"").split()))

    def sizes(self, numbers: Sequence[int]) -> dict[int, int]:
        """The bytes of mails, by number. What is no longer there is left out."""
        lines = self._ask("FETCH", ",".join(map(str, numbers)), "(UID RFC822.SIZE)")
        found: dict[int, int] = {}
        for line in lines:
            text = b" ".join(line) if isinstance(line, tuple) else line or b""
            if (uid := _UID.search(text)) and (size := _SIZE.search(text)):
                found[int(uid[1])] = int(size[1])
        return found

    def mail(self, number: int, most: int) -> bytes | None:
        """A mail as it is, of at most so many bytes; None where it is no longer there."""
        for line in self._ask("FETCH", str(number), f"(UID BODY.PEEK[]<0.{most}>)"):
            if isinstance(line, tuple) and b"BODY[" in line[0]:
                return bytes(line[1])
        return None

    def mark(self, number: int) -> None:
        """Say that we have a mail: by our keyword, or by moving it where the account says."""
        if self._account.done:
            self._ask("MOVE", str(number), encode_folder(self._account.done).decode("ascii"))
        else:
            self._ask("STORE", str(number), "+FLAGS.SILENT", f"({TAKEN})")

    def rest(self, seconds: float, stopped: Callable[[float], bool]) -> None:
        """Wait until the server tells of a change, for so many seconds at most.

        `stopped(seconds)` waits and says whether somebody wants us to stop.
        """
        until = monotonic() + seconds
        if "IDLE" not in self._can:
            stopped(seconds)
            self._client.noop()
            return
        self._box.idle.start()  # type: ignore[no-untyped-call]
        # What came between the last look and now was told already, and is not told again.
        while "EXISTS" not in self._client.untagged_responses and monotonic() < until and not stopped(0):
            asked = monotonic()
            told = self._box.idle.poll(_BREATH)
            # A line that ended is ready to be read at once, and says nothing.
            if any(b"EXISTS" in one or b"BYE" in one for one in told) or (
                not told and monotonic() - asked < _BREATH / 2
            ):
                break
        self._box.idle.stop()  # type: ignore[no-untyped-call]

    def _ask(self, command: str, *words: str) -> list[Any]:
        """A command on numbers of mails, and what the server answered."""
        said, answer = self._client.uid(command, *words)
        if said != "OK":
            raise Unsuitable(f"{command}: {answer[-1]!r}")
        return [one for one in answer if one is not None]
