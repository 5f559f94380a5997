"""LMTP (RFC 2033) as we need it: aiosmtpd's, with a reply for each recipient and limits that hold.

aiosmtpd answers the end of a mail once however many recipients it had (its issue 517), refuses lines over
1,000 characters, which real mail has, and keeps every line of a mail as an object of its own, so that
35 MB of short lines take gigabytes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, Protocol

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


class LMTP(BaseLMTP):
    """One connection. `store` is a `Store` that also has aiosmtpd's hooks; `limit` is in bytes."""

    line_length_limit = CHUNK

    def __init__(self, store: Store, *, limit: int, **more: Any) -> None:
        super().__init__(store, data_size_limit=limit, **more)
        self.store = store
        self.limit = limit

    async def _handle_client(self) -> None:
        self.store.connections += 1
        try:
            if self.store.connections > MAX_CONNECTIONS:
                await self._leave("421 4.3.2 Too many connections, come back later")
            else:
                await super()._handle_client()
        finally:
            self.store.connections -= 1

    async def _leave(self, reply: str) -> None:
        """Say why, and close the line."""
        await self.push(reply)
        if self.transport is not None:
            self.transport.close()

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a mail and answer for each recipient after it is stored, never before."""
        envelope = self.envelope
        if await self.check_helo_needed("LHLO"):
            return
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        try:
            async with asyncio.timeout(self.store.patience):
                await self.store.slots.acquire()
        except TimeoutError:
            await self.push("451 4.3.2 Too many mails at once, come back later")
            return
        try:
            await self._take(envelope)
        except Exception:
            log.exception("A mail could not be taken; its sender keeps it for now")
            # What is left of the mail must not be read as commands.
            await self._leave("421 4.3.0 Not stored: try again later")
        finally:
            self.store.slots.release()

    async def _take(self, envelope: Envelope) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await content_of(self._reader, self.limit)
        if content is None:
            replies: Sequence[str] = ["552 5.3.4 The mail is too large"] * len(envelope.rcpt_tos)
        else:
            replies = await self.store.deliver(envelope, content)
        self.envelope = self._create_envelope()
        for reply in replies:
            await self.push(reply)


async def content_of(reader: asyncio.StreamReader, limit: int) -> bytes | None:
    """The mail up to its lone dot, with doubled dots undone, or None if it is over `limit` bytes.

    The end is looked for in chunks; the line end at its beginning may be the one before the mail.
    """
    mail = _Buffer(limit)
    ended = await _first_lines(reader, mail)
    while not ended:
        try:
            mail.add(await reader.readuntil(_END))
            ended = True
        except asyncio.LimitOverrunError as error:
            mail.add(await reader.readexactly(error.consumed))
    return mail.content()


async def _first_lines(reader: asyncio.StreamReader, mail: _Buffer) -> bool:
    """Read lines while they could be part of the end mark. Returns whether the mail ended with them.

    Chunks are cut at the whole end mark, so nobody may have read the first half of one before.
    """
    while True:
        first = await reader.readexactly(1)
        mail.add(first)
        if first not in {b".", b"\r"}:
            return False
        try:
            mail.add(await reader.readuntil(b"\r\n" if first == b"." else b"\n"))
        except asyncio.LimitOverrunError:
            return False
        if mail.data.endswith(_END):
            return True
        if not mail.data.endswith(b"\r\n"):
            return False


class _Buffer:
    """A mail as it comes in, after the line end that stands before it. Too large a mail is dropped."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray(b"\r\n")
        self.limit = limit
        self.too_large = False

    def add(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > self.limit:
            self.too_large = True
        if self.too_large:
            del self.data[: -len(_END)]  # enough to see the end

    def content(self) -> bytes | None:
        if self.too_large:
            return None
        del self.data[-len(b".\r\n") :]
        if b"\r\n." in self.data:  # few mails have such lines, and a large one is not copied for nothing
            self.data = self.data.replace(b"\r\n.", b"\r\n")
        del self.data[: len(b"\r\n")]
        return bytes(self.data)
