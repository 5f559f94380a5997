"""The daemon of ClamAV over its own protocol: one connection for each question.

A file goes over in pieces (INSTREAM), so that neither side holds it whole. Written out because the library
for it (clamd, of 2014) is no shorter, and would be one thing more that is handed files in plain.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

#: Seconds for a connection, and for an answer: a large archive takes its time.
TO_CONNECT, TO_ANSWER = 5.0, 300.0
LONGEST_ANSWER = 4096


class Away(Exception):
    """Nobody listens there, or the answer did not come."""


class Refused(Exception):
    """It would not scan this: it is larger than it takes, or cannot be read."""


class Clamd:
    """One daemon, at the path of its socket or at `HOST:PORT`."""

    def __init__(self, where: str) -> None:
        self._where = where

    def version(self) -> str:
        """What it is and how old its signatures are."""
        with self._line() as line:
            line.sendall(b"zVERSION\0")
            return _answer(line)

    def scan(self, pieces: Iterable[bytes]) -> str:
        """The name of what it found, or an empty text. Raises Away and Refused."""
        with self._line() as line:
            # It hangs up on what is too large before the end; the answer says so.
            with suppress(BrokenPipeError, ConnectionResetError):
                line.sendall(b"zINSTREAM\0")
                for piece in pieces:
                    if piece:
                        line.sendall(len(piece).to_bytes(4) + piece)
                line.sendall(bytes(4))
            said = _answer(line)
        verdict = said.removeprefix("stream: ")
        if verdict == "OK":
            return ""
        if verdict.endswith(" FOUND"):
            return verdict.removesuffix(" FOUND")
        raise Refused(verdict.removesuffix(" ERROR").rstrip("."))

    @contextmanager
    def _line(self) -> Iterator[socket.socket]:
        try:
            with self._connected() as line:
                yield line
        except OSError as error:  # a timeout too
            raise Away(str(error) or type(error).__name__) from error

    def _connected(self) -> socket.socket:
        if self._where.startswith("/"):
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.settimeout(TO_CONNECT)
            try:
                line.connect(self._where)
            except BaseException:
                line.close()
                raise
        else:
            host, _colon, port = self._where.rpartition(":")
            line = socket.create_connection((host.strip("[]"), int(port)), TO_CONNECT)
        line.settimeout(TO_ANSWER)
        return line


def _answer(line: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < LONGEST_ANSWER and (more := line.recv(1024)):
        said += more
    if not said:
        raise Away("it hung up without an answer")
    return said.rstrip(b"\0\n").decode("utf-8", "replace")
