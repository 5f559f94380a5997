"""Figures of one benchmark: a table to read, and the same as JSON in bench/out."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True)
class Row:
    """One figure. `ratio` is to the row named by `ratio_to`, measured in the same run."""

    case: str
    unit: str
    median: float
    min: float
    max: float
    n: int
    ratio_to: str = ""
    ratio: float | None = None


class Figures:
    """Collects rows, prints them, and writes them to bench/out/NAME.json."""

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.title = title
        self.rows: list[Row] = []

    def add(self, case: str, unit: str, values: Sequence[float], *, ratio_to: str = "") -> Row:
        """Add a figure from one or more measurements."""
        median = statistics.median(values)
        base = next((row.median for row in self.rows if row.case == ratio_to), 0.0)
        row = Row(
            case,
            unit,
            round(median, 3),
            round(min(values), 3),
            round(max(values), 3),
            len(values),
            ratio_to,
            round(median / base, 3) if base else None,
        )
        self.rows.append(row)
        return row

    def add_times(self, case: str, milliseconds: Sequence[float], *, ratio_to: str = "") -> None:
        """Add the 50th and the 95th percentile of many timings."""
        ordered = sorted(milliseconds)
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            value = ordered[min(int(len(ordered) * share), len(ordered) - 1)]
            base = next((row.median for row in self.rows if row.case == f"{ratio_to}, {name}"), 0.0)
            self.rows.append(
                Row(
                    f"{case}, {name}",
                    "ms",
                    round(value, 2),
                    round(ordered[0], 2),
                    round(ordered[-1], 2),
                    len(ordered),
                    f"{ratio_to}, {name}" if base else "",
                    round(value / base, 3) if base else None,
                )
            )

    def finish(self) -> None:
        """Print the table and write the JSON."""
        table = Table(title=self.title, caption=machine())
        for heading in ("case", "unit", "median", "min", "max", "n", "ratio", "to"):
            table.add_column(heading, justify="left" if heading in {"case", "unit", "to"} else "right")
        for row in self.rows:
            numbers = (
                f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
                for value in (row.median, row.min, row.max)
            )
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            table.add_row(row.case, row.unit, *numbers, str(row.n), ratio, row.ratio_to)
        Console(width=140).print(table)
        OUT.mkdir(exist_ok=True)
        written = {"title": self.title, "machine": machine(), "rows": [asdict(row) for row in self.rows]}
        (OUT / f"{self.name}.json").write_text(json.dumps(written, indent=1) + "\n")


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
    )
