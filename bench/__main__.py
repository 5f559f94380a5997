"""Runs the benchmarks that were named, or all: `python -m bench [NAME ...]`."""

from __future__ import annotations

import importlib
import sys

from bench import sizes

NAMES = ("intake", "pages", "search", "effects", "start", "audit", "backup", "vault", "guarantees", "files")


def main() -> None:
    """Run each in turn; a benchmark whose results do not hold (a report lost, say) ends with 1."""
    wanted = sys.argv[1:] or list(NAMES)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        raise SystemExit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    together = [name for name in wanted if name in sizes.NAMES]
    for name in wanted:
        if name not in together:
            importlib.import_module(f"bench.{name}").main()
        elif name == together[0]:
            sizes.run(together)


if __name__ == "__main__":
    main()
