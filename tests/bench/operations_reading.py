"""Searches among many recorded failures, and the trail of one case among many events: how long, and by which index."""

from __future__ import annotations

import random
import statistics
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from pymongo.errors import PyMongoError

from operations.domain.search import Criteria
from operations.handlers import failures, letters, trails
from operations.handlers.recording import Recorder
from tests.bench.figures import Figure
from tests.bench.operations import Running
from tests.bench.operations_material import CASE_EVENTS, DOCUMENTS, SERVICE, TYPE, case_of, raw_event, raw_letter

FAILURES, EVENTS = 50_000, 100_000
"""As many as are taken in within minutes; the goals are for 1 and 10 million (--failures, --events)."""
GOAL_MS = 100.0
_LOOKS = 100
_BATCH = 500
_SEED = 1
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)

Look = Callable[[], Awaitable[Any]]


async def searches(ops: Running, size: int) -> list[Figure]:
    """Record failures through the intake's handler and search them in every way that operators do."""
    begun = perf_counter()
    for first in range(0, size, _BATCH):
        batch = [raw_letter(number, size) for number in range(first, min(size, first + _BATCH))]
        await ops.kernel.commit(await letters.take(batch, ops.deps))
    await ops.count()
    rate = Figure(f"recording {size:,} failures", size / (perf_counter() - begun), "a second")
    chosen = random.Random(_SEED)
    found: list[Figure] = []
    for name, criteria in _ways(size, chosen).items():
        looks = [_search(each, ops) for each in criteria]
        found += await _timed(f"search by {name} among {size:,}", looks)
    lead = {"words": f"case:{case_of(0)}", "last_seen": {"$gte": _BEGINNING, "$lt": ops.deps.clock()}}
    await _explain(ops, "failures", lead, [("last_seen", -1)])
    return [rate, *found]


async def reading(ops: Running, size: int) -> list[Figure]:
    """Record events through the trail's own recorder and read cases, and the newest events."""
    recorder = Recorder(ops.deps.trail, ops.deps.clock, keys=ops.deps.keys, stream="trail", body_at=_nowhere)
    begun = perf_counter()
    for first in range(0, size, _BATCH):
        await recorder.take([raw_event(number) for number in range(first, min(size, first + _BATCH))])
    rate = Figure(f"recording {size:,} events", size / (perf_counter() - begun), "a second")
    chosen = random.Random(_SEED)
    cases = [case_of(chosen.randrange(size)) for _ in range(_LOOKS)]
    figures = await _timed(f"trail of one case among {size:,}", [_case(case, ops) for case in cases])
    newest = await _timed(f"newest events among {size:,}", [_newest(ops) for _ in range(_LOOKS)])
    await _explain(ops, "trail", {"case": cases[0], "place": {"$gte": 0, "$lt": 2**62}}, [("case", 1), ("place", 1)])
    return [rate, *figures, *newest]


def _ways(size: int, chosen: random.Random) -> dict[str, list[Criteria]]:
    numbers = [chosen.randrange(size) for _ in range(_LOOKS)]
    return {
        "case": [Criteria(case=case_of(n)) for n in numbers],
        "text": [Criteria(text=f"community {n % 5000}") for n in numbers],
        "field": [Criteria(fields=(f"/data/claims/certificate_number=R{n:09d}",)) for n in numbers],
        "service and type": [Criteria(service=SERVICE, event_type=TYPE) for _ in numbers],
        "document type": [Criteria(fields=(f"/data/document_type={DOCUMENTS[n % len(DOCUMENTS)]}",)) for n in numbers],
    }


def _search(criteria: Criteria, ops: Running) -> Look:
    async def look() -> Any:  # noqa: ANN401 - whatever is found
        found = await failures.search(criteria, None, 20, ops.deps)
        assert found
        return found

    return look


def _case(case: str, ops: Running) -> Look:
    async def look() -> Any:  # noqa: ANN401 - whatever is found
        trail = await trails.read(case, ops.deps)
        assert len(trail.steps) >= CASE_EVENTS
        return trail

    return look


def _newest(ops: Running) -> Look:
    async def look() -> Any:  # noqa: ANN401 - whatever is found
        return await trails.newest(trails.Sought(type=TYPE), None, 20, ops.deps)

    return look


async def _timed(name: str, looks: Sequence[Look]) -> list[Figure]:
    """Time each look, after one that warms up; the median and the 95th percentile."""
    await looks[0]()
    times = []
    for look in looks:
        begun = perf_counter()
        await look()
        times.append((perf_counter() - begun) * 1000)
    p95 = statistics.quantiles(times, n=20)[-1]
    goal = f"goal: under {GOAL_MS:g} ms: {'reached' if p95 < GOAL_MS else 'missed'}"
    return [Figure(f"{name}, p50", statistics.median(times), "ms"), Figure(f"{name}, p95", p95, "ms", against=goal)]


async def _explain(ops: Running, collection: str, wanted: dict[str, Any], sort: list[tuple[str, int]]) -> None:
    """Print the query's plan, or what the store says instead of one."""
    query = {"find": collection, "filter": wanted, "sort": dict(sort), "limit": 20}
    try:
        plan = await ops.kernel.database.command({"explain": query, "verbosity": "queryPlanner"})
        print(f"plan of {collection} by {', '.join(wanted)}:", plan.get("queryPlanner", {}).get("winningPlan", plan))
    except PyMongoError as error:
        print(f"plan of {collection} by {', '.join(wanted)}: the store does not tell: {error}")


async def _nowhere(_offset: int) -> bytes | None:
    return None
