"""Reports through the API from eight clients, with fsync on, beside a bare view on the same machine.

In a further round the web processes are killed in the middle; each client sends again what was not
answered, under the same key, and at the end every report must be there once.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable

import psycopg

from bench import place
from bench.client import Client
from bench.table import Figures

REPORTS, CLIENTS = 20_000, 8
ROUNDS = 3


def main() -> None:
    """Print rates and p95; exit with 1 when a report was lost or doubled."""
    figures = Figures("intake", f"Intake: {REPORTS:,} reports from {CLIENTS} clients, fsync on")
    with place.platform() as server:
        place.django()
        token = _token()
        _bare(figures, server.admin_url())
        pages = place.Pages()
        pages.start()
        try:
            rates, times = [], []
            for _round in range(ROUNDS):
                rate, took = _drive(pages.port, REPORTS // ROUNDS, _report(token))
                rates.append(rate)
                times += took
            figures.add("API, full intake", "reports/s", rates, ratio_to="bare view, three rows")
            figures.add_times("API, full intake", times, ratio_to="bare view, three rows")
            lost = _with_kills(pages, token, server.admin_url(), figures)
        finally:
            pages.stop()
    figures.finish()
    if lost:
        raise SystemExit(f"{lost} reports were lost or doubled.")


def _bare(figures: Figures, admin_url: str) -> None:
    from bench.bare import TABLES

    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(TABLES)
    bare = place.Pages("bench.bare:application")
    bare.start()
    try:
        rates, times = [], []
        for _round in range(ROUNDS):
            rate, took = _drive(bare.port, REPORTS // ROUNDS, _text)
            rates.append(rate)
            times += took
    finally:
        bare.stop()
    figures.add("bare view, three rows", "reports/s", rates)
    figures.add_times("bare view, three rows", times)


def _text(client: Client, _key: str) -> int:
    return client.send("POST", "/insert", b"They wrote goodbye on their talk page and named a station.")[0]


def _report(token: str) -> Callable[[Client, str], int]:
    body = {"workflow": "emergency", "language": "en", "subject": "Please look"}

    def send(client: Client, key: str) -> int:
        said = {**body, "text": f"They wrote goodbye on their talk page and named a station. {key}"}
        headers = {
            "Authorization": f"Bearer {token}",
            "Content_Type": "application/json",
            "Idempotency_Key": key,
        }
        return client.send("POST", "/api/v1/reports", json.dumps(said).encode(), **headers)[0]

    return send


def _drive(port: int, count: int, send: Callable[[Client, str], int]) -> tuple[float, list[float]]:
    """Send `count` from all clients. Returns the rate and every time in milliseconds."""
    times: list[float] = []
    faults: list[str] = []

    def work() -> None:
        client = Client(port)
        for _each in range(count // CLIENTS):
            start = time.perf_counter()
            status = send(client, uuid.uuid4().hex)
            times.append((time.perf_counter() - start) * 1000)
            if status != 201:
                faults.append(f"answered {status}")

    start = time.perf_counter()
    _all(work)
    if faults:
        raise SystemExit(f"{len(faults)} reports were not accepted: {faults[0]}")
    return len(times) / (time.perf_counter() - start), times


def _with_kills(pages: place.Pages, token: str, admin_url: str, figures: Figures) -> int:
    send = _report(token)
    accepted: list[str] = []
    done = threading.Event()

    def work() -> None:
        client = Client(pages.port)
        for _each in range(2_000 // CLIENTS):
            key = f"kill-{uuid.uuid4().hex}"
            while True:
                try:
                    if send(client, key) == 201:
                        accepted.append(key)
                        break
                except OSError:
                    time.sleep(0.05)
                except Exception:  # noqa: BLE001  half an answer of a killed server
                    time.sleep(0.05)

    def killer() -> None:
        while not done.wait(0.7):
            pages.kill()
            pages.start()

    kills = threading.Thread(target=killer)
    kills.start()
    _all(work)
    done.set()
    kills.join()
    with psycopg.connect(admin_url) as connection:
        stored = connection.execute(
            "SELECT count(*), count(DISTINCT text) FROM cases_report WHERE text LIKE '%kill-%'"
        )
        rows, distinct = stored.fetchone() or (0, 0)
    figures.add("accepted while killed", "reports", [len(accepted)])
    figures.add("stored after the kills", "reports", [rows])
    return abs(len(set(accepted)) - distinct) + abs(rows - distinct)


def _all(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _each in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _token() -> str:
    from datetime import timedelta

    from bench.people import make_people
    from tutela.core.people.models import Staff, Token
    from tutela.core.people.tokens import make_token

    juniper = make_people()["juniper"]
    staff = Staff.objects.get(pk=juniper.id)
    return make_token(staff, "bench", Token.Scope.INTAKE, timedelta(days=1), juniper)[0]
