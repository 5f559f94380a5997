"""LMTP (RFC 2033) as we need it: aiosmtpd's, with a reply for each recipient and limits that hold.

aiosmtpd answers the end of a mail once however many recipients it had (its issue 517), refuses lines over
1,000 characters, which real mail has, and keeps every line of a mail as an object of its own, so that
35 MB of short lines take gigabytes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from aiosmtpd.lmtp import LMTP as BaseLMTP  # noqa: N811 - ours takes its name
from aiosmtpd.smtp import Envelope

MAX_CONNECTIONS: Final = 50
#: Bytes read at once; also the longest command, of which real ones are far shorter.
CHUNK: Final = 64 * 1024

log = logging.getLogger(__name__)

_END: Final = b"\r\n.\r\n"


class Store(Protocol):
    """What takes the mails of all connections."""

    connections: int
    #: Limits how many mails are in memory at once.
    slots: asyncio.Semaphore
    patience: float

    async def deliver(self, envelope: Envelope, content: bytes) -> Sequence[str]:
        """Store a mail; one reply for each of `envelope.rcpt_tos`, in their order."""


class LMTP(BaseLMTP):  # type: ignore[misc]  # aiosmtpd has no types
    """One connection. `event_handler` is a `Store` with aiosmtpd's hooks."""

    line_length_limit = CHUNK

    async def _handle_client(self) -> None:
        store: Store = self.event_handler
        store.connections += 1
        try:
            if store.connections > MAX_CONNECTIONS:
                await self.push("421 4.3.2 Too many connections, come back later")
                self.transport.close()
                return
            await super()._handle_client()
        finally:
            store.connections -= 1

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a mail and answer for each recipient after it is stored, never before."""
        store: Store = self.event_handler
        if await self.check_helo_needed("LHLO"):
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        try:
            await asyncio.wait_for(store.slots.acquire(), store.patience)
        except TimeoutError:
            await self.push("451 4.3.2 Too many mails at once, come back later")
            return
        try:
            await self._take(store)
        except Exception:
            log.exception("A mail could not be taken; its sender keeps it for now")
            # What is left of the mail must not be read as commands.
            await self.push("421 4.3.0 Not stored: try again later")
            self.transport.close()
        finally:
            store.slots.release()

    async def _take(self, store: Store) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._content()
        if content is None:
            replies: Sequence[str] = ["552 5.3.4 The mail is too large"] * len(self.envelope.rcpt_tos)
        else:
            replies = await store.deliver(self.envelope, content)
        self._set_post_data_state()
        for reply in replies:
            await self.push(reply)

    async def _content(self) -> bytes | None:
        """The mail up to its lone dot, with the dots undone that were doubled, or None if it is too large.

        The end is looked for in chunks, and its first line end may be the one before the mail.
        """
        mail = bytearray(b"\r\n")
        ended = await self._first_lines(mail)
        too_large = False
        while not ended:
            try:
                mail += await self._reader.readuntil(_END)
                ended = True
            except asyncio.LimitOverrunError as error:
                mail += await self._reader.readexactly(error.consumed)
            if len(mail) > self.data_size_limit:
                too_large = True
                del mail[2:]  # the rest is read and dropped
        if too_large:
            return None
        del mail[-len(b".\r\n") :]
        return bytes(mail).replace(b"\r\n.", b"\r\n").removeprefix(b"\r\n")

    async def _first_lines(self, mail: bytearray) -> bool:
        """Read lines while they could be part of the end mark. Returns whether the mail ended with them.

        Chunks are cut at the whole end mark, so nobody may have read the first half of one before.
        """
        while len(mail) <= self.data_size_limit:
            first = await self._reader.readexactly(1)
            mail += first
            if first not in {b".", b"\r"}:
                return False
            try:
                mail += await self._reader.readuntil(b"\r\n" if first == b"." else b"\n")
            except asyncio.LimitOverrunError:
                return False
            if mail.endswith(_END):
                return True
            if not mail.endswith(b"\r\n"):
                return False
        return False
