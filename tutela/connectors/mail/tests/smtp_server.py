"""A real mail server on this machine that keeps what it gets and answers as it is told."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class MailServer:
    """`answers` maps a command (RCPT, DATA, …) to what the server says to it; `before` runs ahead of that."""

    answers: dict[str, str] = field(default_factory=dict)
    before: dict[str, Callable[[SMTP], None]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    mails: list[bytes] = field(default_factory=list)
    certificate: ssl.SSLContext | None = None
    private: list[bool] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._protocol, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            hostname="mx.mail.example",
            loop=self._loop,
            auth_require_tls=False,
            authenticator=self._sign_in,
            tls_context=self.certificate,
        )

    def _sign_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: object
    ) -> AuthResult:
        user, password = given.login.decode(), given.password.decode()
        return AuthResult(success=self.users.get(user) == password, handled=False)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if "DATA" in self.before:
            self.before["DATA"](server)
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.private.append(session.ssl is not None)
        self.mails.append(envelope.original_content)
        return f"250 OK queued as {len(self.mails)}"
