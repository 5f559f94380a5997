"""Takes mail from a mail server on this machine, and says 250 only when the report is durable."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Barrier
from typing import Any, Final

from aiosmtpd.smtp import Envelope
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections

from tutela.core.cases.receive import Received
from tutela.core.crashpoint import crashpoint
from tutela.core.errors import BadData

from .incoming import mailbox_of, take_in
from .lmtp import LMTP

MAX_MAIL: Final = 35 * 1024 * 1024
MAX_RECIPIENTS: Final = 100
#: Mails read and stored at once, and mails in memory.
WORKERS: Final = 2
SLOTS: Final = 3
#: Bytes. A mail over this is read alone, for it is held in memory five times over then; small mails go on
#: beside it.
LARGE: Final = 4 * 1024 * 1024
#: Seconds that a connection may be silent, that a mail waits for a slot, and that the end waits for mails.
SILENCE: Final = 300.0
PATIENCE: Final = 60.0
FAREWELL: Final = 30.0
#: What RFC 5321 (4.5.5) calls the null reverse-path, as aiosmtpd has it.
NULL_SENDERS: Final = frozenset({"", "<>"})

TakeIn = Callable[..., Received]

log = logging.getLogger(__name__)


class Mailboxes:
    """What all connections share. `take_in` is as `incoming.take_in`, and runs in a thread of its own."""

    def __init__(self, take_in: TakeIn = take_in) -> None:
        self.connections = 0
        self.slots = asyncio.Semaphore(SLOTS)
        self.patience = PATIENCE
        self._large = asyncio.Semaphore(1)
        self._take_in = take_in
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="mail")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: LMTP, _session: Any, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        """Take the address if it is one of our mailboxes."""
        if not mailbox_of(address):
            return "550 5.1.1 There is no such mailbox here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def deliver(self, envelope: Envelope, content: bytes) -> list[str]:
        """Store the mail once for each mailbox that it names; the replies are in the order of recipients."""
        asked = [mailbox_of(address) for address in envelope.rcpt_tos]
        automatic = envelope.mail_from in NULL_SENDERS
        replies: dict[str, str] = {}
        for mailbox in dict.fromkeys(asked):
            async with self._large if len(content) > LARGE else nullcontext():
                named = [address for address in envelope.rcpt_tos if mailbox_of(address) == mailbox]
                replies[mailbox] = await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._store, content, mailbox, automatic, named
                )
        crashpoint("mail.before_answer")
        return [replies[mailbox] for mailbox in asked]

    def _store(
        self,
        content: bytes,
        mailbox: str,
        null_sender: bool,  # noqa: FBT001 - by executor
        recipients: Sequence[str],
    ) -> str:
        """Runs in a thread, which keeps its database connection while that is sound."""
        close_old_connections()
        try:
            received = self._take_in(content, mailbox, null_sender=null_sender, recipients=recipients)
        except (OperationalError, InterfaceError):
            log.warning("The database cannot be reached; the sender of a mail keeps it for now")
            return "451 4.3.0 Not stored: try again later"
        except BadData as error:
            return f"552 5.3.4 Not stored: {error}".encode("ascii", "replace").decode()
        except Exception:
            log.exception("A mail of %d bytes was not stored; its sender keeps it for now", len(content))
            return "451 4.3.0 Not stored: try again later"
        finally:
            if len(content) > LARGE:
                connection.close()  # it keeps the memory of the largest statement that it sent
            close_old_connections()
        log.info("Mail to %s is report %d%s", mailbox, received.report_id, " again" * received.duplicate)
        return f"250 2.0.0 Report {received.report_id}{' as before' * received.duplicate}"

    def close(self) -> None:
        """Wait for mails that are being stored, then let go of the threads and their connections."""
        together = Barrier(WORKERS)  # or one thread might run both

        def let_go() -> None:
            together.wait()
            connections.close_all()

        for _each in range(WORKERS):
            self._threads.submit(let_go)
        self._threads.shutdown()


async def serve(
    port: int,
    stop: asyncio.Event,
    *,
    mailboxes: Mailboxes | None = None,
    started: Callable[[int], None] = print,
) -> None:
    """Listen on this machine until `stop`. Mails that are being taken then are finished first.

    `started` gets the port, which is another than asked for when that was 0. Raises OSError when the port
    is taken.
    """
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs addresses
    shared = mailboxes or Mailboxes()

    def connection() -> LMTP:
        return LMTP(
            shared,
            limit=MAX_MAIL,
            enable_SMTPUTF8=True,
            hostname="tutela",
            ident="LMTP",
            timeout=SILENCE,
        )

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
    try:
        started(server.sockets[0].getsockname()[1])
        await stop.wait()
        server.close()
        await _finish(shared)
    finally:
        server.close()
        await asyncio.to_thread(shared.close)


async def _finish(mailboxes: Mailboxes) -> None:
    """Wait until no mail is being taken: until all slots are free."""
    try:
        async with asyncio.timeout(FAREWELL):
            for _each in range(SLOTS):
                await mailboxes.slots.acquire()
    except TimeoutError:
        log.warning("Mails are cut off that took too long; their senders keep them")


def run(started: Callable[[int], None] = print) -> None:
    """Listen on the port of the settings until SIGTERM or SIGINT. Raises OSError when it is taken."""

    async def listen() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(settings.LMTP_PORT, stop, started=started)

    asyncio.run(listen())
