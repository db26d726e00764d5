"""kill -9 of every service, one after the other, while 200 cases are under way: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from random import Random

import pytest

from local_stack.ports import SERVICES
from local_stack.stack import Stack
from runtime.clock import today, utc_now
from synthetic.progress import Bars
from testkit.fixtures import free_ports
from tests.journeys.waiting import until
from tests.load.replay import place_of
from tests.load.run import Run, perform

PORT_BASE = 28000
CASES = 200
CONCURRENCY = 24
WITHIN = 240.0
"""Seconds within which a part of the load gets as far as the next kill."""


@pytest.fixture(scope="module")
def stack(broker_and_store: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A system of its own, as parts of it are killed."""
    with Stack(tmp_path_factory.mktemp("faults") / "var", port_base=free_ports(PORT_BASE).base) as running:
        yield running


@pytest.mark.timeout(600)
async def test_no_service_that_is_killed_loses_or_doubles_anything(stack: Stack) -> None:
    seed = int(os.environ.get("SEED", secrets.randbelow(100_000)))
    print(f"seed {seed} (SEED={seed} repeats this load)")
    run = Run(place_of(stack), CASES, seed, today(utc_now()), CONCURRENCY, "en", Bars())
    report, killed = await asyncio.gather(perform(run), _kill_all(stack, run, Random(seed)))
    assert sorted(killed) == sorted(SERVICES)
    assert (report.lost_findings, report.doubled_findings) == ((), ()), f"seed {seed}: {report.troubles}"
    assert (report.lost, report.doubled, report.figures.decided) == (0, 0, CASES), f"seed {seed}: {report.troubles}"


async def _kill_all(stack: Stack, run: Run, dice: Random) -> list[str]:
    """Kill identity while people are being registered, the others at any time while cases are under way."""
    await _kill(stack, run, "identity", "residents", dice.randrange(20, 60))
    others = [name for name in SERVICES if name != "identity"]
    dice.shuffle(others)
    share = CASES * 4 // 5 // len(others)
    for place, name in enumerate(others):
        await _kill(stack, run, name, "cases", place * share + dice.randrange(1, share))
    return ["identity", *others]


async def _kill(stack: Stack, run: Run, name: str, part: str, after: int) -> None:
    async def progress() -> int:
        return run.progress[part]

    await until(progress, lambda done: done >= after, what=f"{after} of {part}", seconds=WITHIN, interval=0.02)
    print(f"kill -9 {name} after {after} {part}")
    await asyncio.to_thread(stack.kill, name)
    await asyncio.to_thread(stack.start, name)
