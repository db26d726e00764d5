"""How figures are taken and shown: in turns, as ratios, with their spread (median of the pairs, minimum, maximum)."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from local_stack.store import described

RESULTS = Path("build") / "bench"

RateT = TypeVar("RateT")

Run = Callable[[], Awaitable[RateT]]
"""One run of a contestant; returns its rate (messages, cases or reads a second), or several."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `goal` is the least ratio to be reached; None where there is no yardstick."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    lowest: float | None = None
    highest: float | None = None
    goal: float | None = None
    against: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the goal was reached."""
        if self.goal is None or self.ratio is None:
            return ""
        return "reached" if self.ratio >= self.goal else "missed"


async def in_turns(ours: Run[RateT], yardstick: Run[RateT], rounds: int) -> tuple[list[RateT], list[RateT]]:
    """Let two contestants take turns, A B A B, so that the machine's mood falls on both."""
    mine, theirs = [], []
    for _ in range(rounds):
        theirs.append(await yardstick())
        mine.append(await ours())
    return mine, theirs


def ratio_of(
    name: str, ours: Sequence[float], yardstick: Sequence[float], *, unit: str, goal: float | None, against: str
) -> Figure:
    """Make the figure of two contestants' rates, taken pair by pair."""
    ratios = [a / b for a, b in zip(ours, yardstick, strict=True)]
    return Figure(
        name, statistics.median(ours), unit, statistics.median(ratios), min(ratios), max(ratios), goal, against
    )


def p50_and_p95(took: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile."""
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print the table and write the same as JSON under `build/bench/`."""
    table = Table(title=title)
    for heading in ("figure", "value", "ratio", "spread", "goal", "against", ""):
        table.add_column(heading)
    for f in figures:
        spread = "" if f.lowest is None else f"{f.lowest:.2f} to {f.highest:.2f}"
        ratio, goal = ("" if number is None else f"{number:.2f}" for number in (f.ratio, f.goal))
        table.add_row(f.name, f"{f.value:,.1f} {f.unit}", ratio, spread, goal, f.against, f.verdict)
    Console().print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"title": title, "environment": environment(), "figures": [asdict(f) for f in figures]}
    (RESULTS / f"{title.split(':', maxsplit=1)[0].replace(' ', '-')}.json").write_text(
        json.dumps(content, indent=2) + "\n"
    )


def environment() -> dict[str, str | int]:
    """Name what the figures were taken with."""
    packages = ("aio-pika", "aiormq", "faststream", "pymongo", "pydantic", "uvloop")
    return {
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "store": described(),
        **{name: version(name) for name in packages},
    }
