"""Tells open pages that a case has changed, over one stream each (server-sent events).

One small process with two database connections, however many pages are open: one hears what changed, the
other asks, as each person, which of it that person may see. Only what they may see is sent, and of that
no more than reference and version. It holds no state that matters: whoever comes back says what they
heard last, and is told what they missed. A stream ends with the session that its ticket was made in.

    GET /live?ticket=…   the stream of the person in the ticket (`tutela.core.people.listening`)
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
from psycopg.conninfo import make_conninfo

from tutela.config import environment
from tutela.core.errors import NotAllowed
from tutela.core.people.listening import CHANNEL, Listener, read_ticket

log = logging.getLogger(__name__)

#: Seconds.
STREAM_AGE, KEEP_ALIVE, RECHECK, GATHER, SEND_TIMEOUT = 3600, 15.0, 30.0, 0.1, 20.0
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

# Who of these may still listen: active people whose session stands. The sessions are a few hundred rows.
_STANDING = """
    SELECT asked.staff, asked.session FROM unnest(%s::bigint[], %s::text[]) AS asked (staff, session)
    JOIN people_staff person ON person.id = asked.staff AND person.is_active
    JOIN django_session kept ON encode(sha256(convert_to(kept.session_key, 'UTF8')), 'hex') = asked.session
        AND kept.expire_date > now()
"""
_SEEN = "SELECT id, reference, version FROM cases_case WHERE id = ANY(%s)"
_MISSED = """
    SELECT id, reference, version FROM cases_case
    WHERE updated_at > to_timestamp(%s) ORDER BY updated_at DESC LIMIT 200
"""


@dataclass(eq=False)
class Stream:
    """One open page. `changes` maps cases to what is to be told of them, the newest only."""

    listener: Listener
    changes: dict[int, bytes] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    @property
    def staff(self) -> int:
        """Who listens."""
        return self.listener.staff

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
            said = json.loads(payload)
            if "session" in said:
                self._end_where(lambda listener: listener.session == said["session"])
                return
            self._changed.add(int(said["case"]))
            self._anything.set()

    def _end_where(self, over: Callable[[Listener], bool]) -> None:
        for stream in self._streams:
            if over(stream.listener):
                stream.end()

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
        """End the streams of people who have left, and of sessions that are over."""
        while True:
            await asyncio.sleep(RECHECK)
            listeners = {stream.listener for stream in self._streams}
            standing = await self._standing(listeners)
            # While the database does not answer there is nothing to hear, so nobody need be cut off.
            if standing is not None:
                over = listeners - standing
                self._end_where(over.__contains__)

    async def _standing(self, listeners: Iterable[Listener]) -> set[Listener] | None:
        """Who of them may still listen; None while the database does not answer."""
        asked = list(listeners)
        values = [[one.staff for one in asked], [one.session for one in asked]]
        rows = await self._ask_or_none(0, _STANDING, values)
        return None if rows is None else {Listener(*row) for row in rows}

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
        return await self._ask_or_none(staff, question, values) or []

    async def _ask_or_none(self, staff: int, question: str, values: list[Any]) -> list[Any] | None:
        for _twice in range(2):  # the connection may have ended while nobody used it
            with suppress(psycopg.Error):
                async with self._acting(staff) as asking:
                    return await (await asking.execute(question, values)).fetchall()
        return None

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
        refusal = self._refuses(scope)
        if refusal:
            await _say(send, refusal)
            return
        try:
            listener = read_ticket(_ticket_in(scope))
        except NotAllowed:
            await _say(send, 403)
            return
        refusal = self._is_full(listener) or await self._is_over(listener)
        if refusal:
            await _say(send, refusal)
            return
        stream = Stream(listener)
        self._streams.add(stream)
        try:
            await self._stream(stream, scope, receive, send)
        finally:
            self._streams.discard(stream)

    def _refuses(self, scope: Scope) -> int:
        """The status to refuse a request with, before its ticket is read; 0 when there is nothing wrong."""
        if scope["path"] != "/live":
            return 404
        if scope["method"] != "GET":
            return 405
        return 403 if dict(scope["headers"]).get(b"origin", self._origin) != self._origin else 0

    def _is_full(self, listener: Listener) -> int:
        mine = Counter(stream.staff for stream in self._streams)
        if mine[listener.staff] >= PER_PERSON:
            return 429
        return 503 if mine.total() >= ALTOGETHER else 0

    async def _is_over(self, listener: Listener) -> int:
        """403 when the person has left or the session is over, 503 when the database cannot say, else 0."""
        standing = await self._standing([listener])
        if standing is None:
            return 503
        return 0 if listener in standing else 403

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


def _ticket_in(scope: Scope) -> str:
    query: str = scope["query_string"].decode("latin-1")
    return parse_qs(query).get("ticket", [""])[0]


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
        Live(_address(settings.DATABASES["default"]), settings.DESK_URL),
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
    options = dict(entry["OPTIONS"])
    options["options"] = f"{options['options']} -c statement_timeout=10s"
    return make_conninfo(
        dbname=entry["NAME"],
        user=entry["USER"],
        password=entry["PASSWORD"],
        host=entry["HOST"] or None,
        port=entry["PORT"] or None,
        **options,
    )
