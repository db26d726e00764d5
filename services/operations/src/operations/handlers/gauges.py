"""What Prometheus is told about failures, replays and the trail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Gauge

from bus.event import Outcome
from operations.handlers.dependencies import Deps

FAILURES = Gauge("yizheng_failures_open", "Failures that nobody has repaired or discarded", ["service"])
REPLAYS = Gauge("yizheng_replays", "Replays that are not over", ["state"])
LAG = Gauge("yizheng_trail_lag_seconds", "How long the newest event in the trail took to get there")

_UNFINISHED = ("running", "paused", "stopped")
_MOST = 1_000


async def measure(deps: Deps) -> Sequence[Outcome[Any]]:
    """Read the gauges; changes nothing."""
    opened = Counter(dict.fromkeys(deps.topology.services, 0))
    for group in await deps.groups.all():
        opened[group.service if group.service in opened else "other"] += group.count("open")
    for service, count in opened.items():
        FAILURES.labels(service).set(count)
    for state in _UNFINISHED:
        REPLAYS.labels(state).set(len(await deps.replays.page(state=state, before=None, limit=_MOST)))
    return ()


def arrived(newest: datetime, now: datetime) -> None:
    """Tell how far behind the trail is: the age of the newest event when it was recorded."""
    LAG.set(max(0.0, (now - newest).total_seconds()))
