"""What a resident is told of a catalogue of 432 items, over the gateway: all judged in one answer, and searched."""

from __future__ import annotations

import os
import statistics
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

from local_stack.stack import Stack
from runtime.clock import today, utc_now
from services.applications.tests.many_items import ALL_ITEMS, write_many_items
from synthetic.caller import CallerAnswer
from synthetic.households import households
from tests.bench.figures import Figure
from tests.end_to_end.town import PERFECT, Town
from tests.journeys.demo import system_of

ASKED = 60
GOAL_MS = 100
_SETTING = "APPLICATIONS_CATALOGUE"
SEARCHES = {"name": "居住证", "pinyin": "juzhuzheng", "wrong character": "居佳证", "wrong letter": "resdence"}


class _Items(CallerAnswer):
    items: tuple[object, ...]


async def catalogue(var: Path, port_base: int) -> list[Figure]:
    """Take the figures of a guardian, for herself and for the child."""
    with _many_items(var / "catalogue"), Stack(var / "stack", port_base=port_base) as stack:
        async with system_of(stack).connect() as client:
            day = today(utc_now())
            town = Town(stack, system_of(stack), client, day, households(1, day, PERFECT))
            made = town.meet("newcomers")
            resident = await town.welcome(made)
            assert made.child is not None
            child = town.ids[made.child.number]
            asked = {
                "what may I get, of 432 items": "/v1/eligibility",
                "what may my child get, of 432 items": f"/v1/eligibility?subject_id={child}",
                **{f"search by {kind}, in 432 items": f"/v1/items?q={typed}" for kind, typed in SEARCHES.items()},
                "the first page of the catalogue": "/v1/items",
            }
            figures = []
            for name, path in asked.items():
                found = await resident.get(path, _Items)
                assert len(found.items) in {20, ALL_ITEMS}, (path, len(found.items))
                figures += await _times(name, partial(resident.get, path, _Items))
            return figures


async def _times(name: str, ask: Callable[[], Awaitable[object]]) -> list[Figure]:
    took = []
    for _ in range(ASKED):
        begun = perf_counter()
        await ask()
        took.append((perf_counter() - begun) * 1000)
    p95 = statistics.quantiles(took, n=20)[-1]
    against = f"goal: under {GOAL_MS} ms"
    return [
        Figure(f"{name}, {which}", value, "ms", against=against)
        for which, value in (("p50", statistics.median(took)), ("p95", p95))
    ]


@contextmanager
def _many_items(folder: Path) -> Iterator[None]:
    """Have services started meanwhile read a catalogue of 432 items."""
    write_many_items(folder)
    os.environ[_SETTING] = str(folder)
    try:
        yield
    finally:
        del os.environ[_SETTING]
