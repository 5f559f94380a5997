"""Tells open pages that a case has changed, over one stream each (server-sent events).

One small process with two database connections, however many pages are open: one hears what changed, the
other asks, as each person, which of it that person may see. Only what they may see is sent, and of that
no more than reference and version. It holds no state that matters: whoever comes back says what they
heard last, and is told what they missed.

    GET /live?ticket=…   the stream of the person in the ticket, `signing.dumps({"staff": id}, salt="live")`
    GET /healthz         200 while it hears the database, else 503
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final
from urllib.parse import parse_qs

import psycopg
import uvicorn
from django.core import signing
from psycopg.conninfo import make_conninfo

from tutela.config import environment

log = logging.getLogger(__name__)

CHANNEL: Final = "tutela_live"
SALT: Final = "live"
#: Seconds.
TICKET_AGE, STREAM_AGE = 12 * 3600, 3600
KEEP_ALIVE, RECHECK, GATHER, SEND_TIMEOUT = 15.0, 30.0, 0.1, 20.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
#: How many streams one person and all persons may hold, and how many changes may wait for one stream.
PER_PERSON, ALTOGETHER, WAITING = 10, 1000, 500
#: How far back a page that returns is told what it missed, in seconds.
FURTHEST_BACK: Final = 600
#: Nor do all clocks agree: what is older than what was heard last by so much is told again.
OVERLAP: Final = 5

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_GONE = "SELECT id FROM people_staff WHERE id = ANY(%s) AND NOT is_active"
_SEEN = "SELECT id, reference, version FROM cases_case WHERE id = ANY(%s)"
_MISSED = """
    SELECT id, reference, version FROM cases_case
    WHERE updated_at > to_timestamp(%s) ORDER BY updated_at DESC LIMIT 200
"""


@dataclass(eq=False)
class Stream:
    """One open page. `changes` maps cases to what is to be told of them, the newest only."""

    staff: int
    changes: dict[int, bytes] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def tell(self, case: int, message: bytes) -> None:
        """Have it told. One that does not keep up is ended; its page comes back and asks."""
        self.changes[case] = message
        if len(self.changes) > WAITING:
            self.end()
        self.news.set()

    def end(self) -> None:
        """Have it closed."""
        self.over = True
        self.news.set()


class Live:
    """The application. `database` is the desk's address, `origin` where our pages come from."""

    def __init__(self, database: str, origin: str) -> None:
        self._database = database
        self._origin = origin.rstrip("/").encode()
        self._streams: set[Stream] = set()
        self._changed: set[int] = set()
        self._anything = asyncio.Event()
        self._asking: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()
        self.hears = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    def end_all(self) -> None:
        """End every stream. The pages come back to whoever serves then."""
        for stream in self._streams:
            stream.end()

    # The life of the process

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        tasks = [asyncio.create_task(work()) for work in (self._listen, self._spread, self._recheck)]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.end_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._hang_up()
        await send({"type": "lifespan.shutdown.complete"})

    async def _listen(self) -> None:
        """Hear the database, for ever. What happened while it was away is asked for afterwards."""
        deaf_since, pause, told = time.time(), SHORTEST_PAUSE, False
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._database, autocommit=True) as ears:
                    await ears.execute(f"LISTEN {CHANNEL}")
                    pause, self.hears, told = SHORTEST_PAUSE, True, False
                    await self._catch_up(self._streams, deaf_since)
                    async for notification in ears.notifies():
                        self._hear(notification.payload)
            except psycopg.Error as error:
                if self.hears:
                    deaf_since, self.hears = time.time(), False
                if not told:
                    log.warning(
                        "The database does not answer (%s). Trying until it does.", type(error).__name__
                    )
                    told = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _hear(self, payload: str) -> None:
        with suppress(ValueError, KeyError, TypeError):
            self._changed.add(int(json.loads(payload)["case"]))
            self._anything.set()

    async def _spread(self) -> None:
        """Tell each stream what its person may see. Gathered for a moment, many changes cost as one."""
        while True:
            await self._anything.wait()
            await asyncio.sleep(GATHER)
            self._anything.clear()
            changed, self._changed = self._changed, set()
            for staff in {stream.staff for stream in self._streams}:
                await self._tell(staff, await self._ask(staff, _SEEN, [list(changed)]))

    async def _recheck(self) -> None:
        """End the streams of people who have left."""
        while True:
            await asyncio.sleep(RECHECK)
            staff = list({stream.staff for stream in self._streams})
            if not staff:
                continue
            gone = {row[0] for row in await self._ask(0, _GONE, [staff])}
            for stream in self._streams:
                if stream.staff in gone:
                    stream.end()

    # Asking the database

    @asynccontextmanager
    async def _acting(self, staff: int) -> AsyncIterator[psycopg.AsyncConnection]:
        """The asking connection in a transaction in which the database knows the person."""
        async with self._one_at_a_time:
            if self._asking is None or self._asking.closed:
                self._asking = await psycopg.AsyncConnection.connect(self._database)
            try:
                async with self._asking.transaction():
                    await self._asking.execute(
                        "SELECT set_config('tutela.actor', %s, true)", [str(staff or "")]
                    )
                    yield self._asking
            except psycopg.OperationalError:
                await self._hang_up()
                raise

    async def _hang_up(self) -> None:
        if self._asking is not None:
            await self._asking.close()
            self._asking = None

    async def _ask(self, staff: int, question: str, values: list[Any]) -> list[Any]:
        """What this person gets for an answer; nothing while the database does not answer.

        They are told when it is back, as everything since then is asked for.
        """
        for _twice in range(2):  # the connection may have ended while nobody used it
            with suppress(psycopg.Error):
                async with self._acting(staff) as asking:
                    return await (await asking.execute(question, values)).fetchall()
        return []

    async def _catch_up(self, streams: Iterable[Stream], since: float) -> None:
        since = max(since - OVERLAP, time.time() - FURTHEST_BACK)
        for staff in {stream.staff for stream in streams}:
            await self._tell(staff, await self._ask(staff, _MISSED, [since]))

    async def _tell(self, staff: int, cases: list[tuple[int, str, int]]) -> None:
        for case, reference, version in cases:
            said = json.dumps({"case": case, "reference": reference, "version": version})
            message = f"id: {int(time.time())}\ndata: {said}\n\n".encode()
            for stream in self._streams:
                if stream.staff == staff:
                    stream.tell(case, message)

    # Answering

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/healthz":
            await _say(send, 200 if self.hears else 503, b"hears the database" if self.hears else b"deaf")
            return
        refusal, staff = self._refuses(scope)
        if refusal:
            await _say(send, refusal)
            return
        if await self._ask(0, _GONE, [[staff]]):
            await _say(send, 403)
            return
        stream = Stream(staff)
        self._streams.add(stream)
        try:
            await self._stream(stream, scope, receive, send)
        finally:
            self._streams.discard(stream)

    def _refuses(self, scope: Scope) -> tuple[int, int]:
        """The status to refuse with and 0, or 0 and who it is."""
        headers = dict(scope["headers"])
        if scope["path"] != "/live":
            return 404, 0
        if scope["method"] != "GET":
            return 405, 0
        if headers.get(b"origin", self._origin) != self._origin:
            return 403, 0
        ticket = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
        try:
            staff = int(signing.loads(ticket, salt=SALT, max_age=TICKET_AGE)["staff"])
        except (signing.BadSignature, ValueError, KeyError, TypeError):
            return 403, 0
        mine = Counter(stream.staff for stream in self._streams)
        if mine[staff] >= PER_PERSON:
            return 429, 0
        return (503, 0) if mine.total() >= ALTOGETHER else (0, staff)

    async def _stream(self, stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
            (b"access-control-allow-origin", self._origin),
            (b"access-control-allow-credentials", b"true"),
            (b"vary", b"origin"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(_wait_until_gone(receive, stream))
        try:
            await _put(send, b"retry: 2000\n\n")
            heard = dict(scope["headers"]).get(b"last-event-id", b"")
            if heard.isdigit():
                await self._catch_up([stream], int(heard))
            await _pump(stream, send)
            await send({"type": "http.response.body"})
        except (TimeoutError, OSError):
            pass  # too slow, or gone
        finally:
            gone.cancel()


async def _pump(stream: Stream, send: Send) -> None:
    """Send what is to be told, and a sign of life when there is nothing."""
    end = time.monotonic() + STREAM_AGE
    while not stream.over and time.monotonic() < end:
        with suppress(TimeoutError):
            await asyncio.wait_for(stream.news.wait(), KEEP_ALIVE)
        stream.news.clear()
        said, stream.changes = b"".join(stream.changes.values()), {}
        if not stream.over:
            await _put(send, said or b": still here\n\n")


async def _put(send: Send, body: bytes) -> None:
    """Send a piece; raises TimeoutError when the other side does not take it."""
    await asyncio.wait_for(
        send({"type": "http.response.body", "body": body, "more_body": True}), SEND_TIMEOUT
    )


async def _wait_until_gone(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


async def _say(send: Send, status: int, body: bytes = b"") -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """Ends the streams when it is told to stop, rather than wait for them."""

    def __init__(self, live: Live, **options: Any) -> None:
        super().__init__(uvicorn.Config(live, **options))
        self._live = live

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """As the original."""
        self._live.end_all()
        super().handle_exit(sig, frame)


def run() -> None:
    """Serve until SIGTERM or SIGINT, on the port after that of the pages."""
    from django.conf import settings

    Server(
        Live(_address(settings.DATABASES["default"]), settings.PUBLIC_URL),
        host=environment.host(),
        port=environment.port() + 1,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=ALTOGETHER + 50,
        http="h11",
        ws="none",
        lifespan="on",
    ).run()


def _address(entry: Mapping[str, Any]) -> str:
    """Django's entry as psycopg takes it, for a connection that notices when the other side is gone."""
    options = {"connect_timeout": 5, "keepalives_idle": 30, "tcp_user_timeout": 20_000, **entry["OPTIONS"]}
    options["options"] = f"{options.get('options', '')} -c statement_timeout=10s"
    return make_conninfo(
        dbname=entry["NAME"],
        user=entry["USER"],
        password=entry["PASSWORD"],
        host=entry["HOST"] or None,
        port=entry["PORT"] or None,
        **options,
    )
