"""The queue and the case page at a thousand, a hundred thousand and a million cases."""

from __future__ import annotations

from bench import loader, place
from bench.client import Client
from bench.sizes import SIZES
from bench.table import Figures

ROUNDS = 60


class Measuring:
    """Times pages over HTTP as a signed-in analyst, and counts their queries."""

    def __init__(self) -> None:
        from bench.people import make_people, signed_in

        self.figures = Figures("pages", "Pages of the desk: p50, p95 and queries by number of cases")
        self._cookies = {name: signed_in(actor.id) for name, actor in make_people().items()}
        self._pages = place.Pages()
        self._pages.start()

    def measure(self, size: int) -> None:
        """Measure with that many cases."""
        _measure(self.figures, self._pages.port, self._cookies, size)

    def stop(self) -> None:
        """End the pages."""
        self._pages.stop()


def _measure(figures: Figures, port: int, cookies: dict[str, str], size: int) -> None:
    number = size // 2 // 100 * 100 + 1  # ends in 1: an emergency; of an open hundred
    addresses = {
        "my day": ("juniper", "/desk/"),
        "queue of a workflow": ("juniper", "/desk/queue/emergency/"),
        "queue, one of two workflows seen": ("wren", "/desk/queue/triage/"),
        "case page": ("juniper", f"/desk/case/EM-2025-{number:07d}/"),
        "search page, a rare name": ("juniper", f"/desk/search/?q={loader.name(number)}"),
    }
    for name, (who, path) in addresses.items():
        client = Client(port, {"Cookie": cookies[who]})
        for _warm in range(5):
            client.time(path)
        times = [client.time(path) for _each in range(ROUNDS)]
        figures.add_times(f"{name}, {size:,} cases", times, ratio_to=f"{name}, {SIZES[0]:,} cases")
        figures.add(f"{name}, {size:,} cases, queries", "count", [_queries(cookies[who], path)])


def _queries(cookie: str, path: str) -> int:
    from django.db import connection
    from django.test import Client as Inside
    from django.test.utils import CaptureQueriesContext

    name, _sign, value = cookie.partition("=")
    inside = Inside(headers={"host": "localhost"})
    inside.cookies[name] = value
    inside.get(path)
    with CaptureQueriesContext(connection) as captured:
        inside.get(path)
    return len(captured)
