"""A plain client on one kept connection, so that what is measured is the server."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping


class Client:
    """One connection to one server of this machine. Opens it again when it was closed."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._port = port
        self._headers = dict(headers or {})
        self._connection: http.client.HTTPConnection | None = None

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """The status and the body of one request. Raises OSError when nobody answers."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, path, body, {**self._headers, **named})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            self._connection = None
            raise

    def time(self, path: str) -> float:
        """How long one GET takes, in milliseconds. Raises RuntimeError for anything but 200."""
        start = time.perf_counter()
        status, _body = self.send("GET", path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}.")
        return (time.perf_counter() - start) * 1000
