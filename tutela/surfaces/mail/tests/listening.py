"""A listener on this machine for tests, and a client that reads every reply."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Self

from tutela.surfaces.mail.listener import Mailboxes, TakeIn, serve


@contextmanager
def listening(take_in: TakeIn | None = None, **limits: object) -> Iterator[int]:
    """Run the listener in a thread; gives its port, and stops it as SIGTERM would."""
    ports: SimpleQueue[int] = SimpleQueue()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def listen() -> None:
        mailboxes = Mailboxes(take_in) if take_in else Mailboxes()
        for name, value in limits.items():
            setattr(mailboxes, name, value)
        await serve(0, stop, mailboxes=mailboxes, started=ports.put)

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(listen())
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ports.get(timeout=20)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


class Client:
    """Speaks LMTP to a port, one line at a time or many at once."""

    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.line.makefile("rb")
        try:
            self.greeting = self.reply()
        except OSError:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.line.close()

    def send(self, data: bytes) -> None:
        self.line.sendall(data)

    def reply(self) -> str:
        """The last line of the next reply; "" when the other side is gone."""
        line = self.file.readline()
        while line[3:4] == b"-":
            line = self.file.readline()
        return line.decode().rstrip()

    def say(self, command: str) -> str:
        self.send(command.encode() + b"\r\n")
        return self.reply()

    def start(self, *recipients: str, sender: str = "heron@mail.example") -> list[str]:
        """Greet, and name sender and recipients. The replies to the recipients."""
        assert self.say("LHLO mx.mail.example").startswith("250")
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        return [self.say(f"RCPT TO:<{one}>") for one in recipients]

    def data(self, mail: bytes, replies: int = 1) -> list[str]:
        """Send a mail and read its replies."""
        assert self.say("DATA").startswith("354")
        self.send(stuffed(mail) + b".\r\n")
        return [self.reply() for _ in range(replies)]


def stuffed(mail: bytes) -> bytes:
    """A mail as it goes over the line: it ends a line, and dots at the start of lines are doubled."""
    lines = mail if mail.endswith(b"\r\n") or not mail else mail + b"\r\n"
    return (b"\r\n" + lines).replace(b"\r\n.", b"\r\n..")[2:]
