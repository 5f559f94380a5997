"""Search over many cases: rare and common words, several languages, typos; as a person who may see them."""

from __future__ import annotations

import time

from bench import loader
from bench.sizes import SIZES
from bench.table import Figures

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


class Measuring:
    """Times `find()` from the typed text to the rows of the result page."""

    def __init__(self) -> None:
        from bench.people import make_people

        self.figures = Figures("search", "Search: p50 and p95 by number of cases")
        self._juniper = make_people()["juniper"]

    def measure(self, size: int) -> None:
        """Measure with that many cases."""
        for name, typed in TYPED.items():
            times = [_one(self._juniper, typed, (number * 7919) % size + 1) for number in range(ROUNDS)]
            self.figures.add_times(f"{name}, {size:,} cases", times, ratio_to=f"{name}, {SIZES[0]:,} cases")

    def stop(self) -> None:
        """Nothing was started."""


def _one(actor, typed: str, number: int) -> float:
    from tutela.core.people.actor import acting_as
    from tutela.core.search.find import find

    name = loader.name(number)
    start = time.perf_counter()
    with acting_as(actor):
        find(typed.format(n=number, name=name, typo=name[1] + name[0] + name[2:]))
    return (time.perf_counter() - start) * 1000
