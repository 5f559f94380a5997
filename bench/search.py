"""Search over many cases: rare and common words, several languages, typos; as a person who may see them."""

from __future__ import annotations

import time

from bench import loader, place
from bench.table import Figures

SIZES = (1_000, 100_000, 1_000_000)
TYPED = {
    "rare name": "{name}",
    "two common words": "goodbye station",
    "very common word": "they",
    "Arabic": "تهديد مدرسة",
    "Chinese": "告别 车站",
    "typo in a name": "{typo}",
    "reference": "EM-2025-{n:07d}",
    "nothing like it": "zzyzx qwfpg",
}
ROUNDS = 30


def main() -> None:
    """Measure `find()` from the typed text to the rows of the result page."""
    figures = Figures("search", "Search: p50 and p95 by number of cases")
    with place.platform() as server:
        place.django()
        juniper = _juniper()
        for size in SIZES:
            loader.load(server.admin_url(), size)
            for name, typed in TYPED.items():
                times = [_one(juniper, typed, (number * 7919) % size + 1) for number in range(ROUNDS)]
                figures.add_times(f"{name}, {size:,} cases", times, ratio_to=f"{name}, {SIZES[0]:,} cases")
    figures.finish()


def _juniper():
    from bench.people import make_people

    return make_people()["juniper"]


def _one(actor, typed: str, number: int) -> float:
    from tutela.core.people.actor import acting_as
    from tutela.core.search.find import find

    name = loader.name(number)
    start = time.perf_counter()
    with acting_as(actor):
        find(typed.format(n=number, name=name, typo=name[1] + name[0] + name[2:]))
    return (time.perf_counter() - start) * 1000
