"""What encryption costs the workflow: the same load on two systems side by side, one of which seals nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from local_stack import services
from local_stack.stack import Stack
from runtime.clock import today, utc_now
from synthetic.progress import Bars
from tests.bench.figures import Figure, in_turns, ratio_of
from tests.load.replay import place_of
from tests.load.run import Run, perform

CASES = 100
CONCURRENCY = 48
BESIDE = 100
"""Ports between the two systems."""
GOAL = 0.8


async def sealing(var: Path, port_base: int, rounds: int) -> list[Figure]:
    """Let both take turns; how many cases a second were decided."""
    with Stack(var / "sealed", port_base=port_base) as sealed, _in_clear(var / "clear", port_base + BESIDE) as clear:
        for stack in (sealed, clear):
            await _rate(stack, 20, seed=1)  # each has its people, its plans and its warm caches
        seeds = {stack: count(2) for stack in (sealed, clear)}
        ours, yardstick = await in_turns(
            lambda: _rate(sealed, CASES, seed=next(seeds[sealed])),
            lambda: _rate(clear, CASES, seed=next(seeds[clear])),
            rounds,
        )
    against = "the same, sealing nothing"
    return [ratio_of("whole workflow, sealed", ours, yardstick, unit="cases/s", goal=GOAL, against=against)]


@contextmanager
def _in_clear(var: Path, port_base: int) -> Iterator[Stack]:
    declared = services.commands

    def unsealed(procfile: Path) -> dict[str, str]:
        return {
            name: f"{sys.executable} -m tests.bench.unsealed {command.split()[-1]}"
            for name, command in declared(procfile).items()
        }

    services.commands = unsealed
    try:
        with Stack(var, port_base=port_base) as stack:
            services.commands = declared
            yield stack
    finally:
        services.commands = declared


async def _rate(stack: Stack, cases: int, *, seed: int) -> float:
    report = await perform(Run(place_of(stack), cases, seed, today(utc_now()), CONCURRENCY, "en", Bars()))
    if not report.ok:
        raise RuntimeError(f"the load run was not sound: {report.lost_findings} {report.doubled_findings}")
    return report.figures.cases_per_second
