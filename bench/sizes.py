"""What is measured at a thousand, a hundred thousand and a million cases, on one load of each."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from bench import loader, place
from bench.table import Figures

SIZES = (1_000, 100_000, 1_000_000)
NAMES = ("pages", "search")


def run(names: Sequence[str]) -> None:
    """Load each size once and measure all of those benchmarks at it."""
    loading = Figures("loading", "The loader of the benchmarks")
    with place.platform() as server:
        place.django()
        measuring = [importlib.import_module(f"bench.{name}").Measuring() for name in names]
        try:
            for size in SIZES:
                loading.add(f"up to {size:,} cases", "s", [loader.load(server.admin_url(), size)])
                for one in measuring:
                    one.measure(size)
        finally:
            for one in measuring:
                one.stop()
    loading.finish()
    for one in measuring:
        one.figures.finish()
