from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY

from operations.handlers.gauges import arrived, measure
from services.operations.tests.workshop import Mood, Place, fail, operations, orders, shop


def told(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_open_failures_and_replays_that_are_not_over_are_told(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await measure(ops.deps)
        assert [told("yizheng_failures_open", service=name) for name in here.topology.services] == [0, 0]

        await fail(ops, running, mood, orders(range(3)))
        await measure(ops.deps)
        assert {told("yizheng_failures_open", service=name) for name in here.topology.services} == {0, 3}
        assert told("yizheng_replays", state="stopped") == 0

        mood.fails = None
        replay = await ops.prepare()
        await ops.start(replay)
        await ops.becomes(replay, "stopped")
        await measure(ops.deps)
        assert told("yizheng_replays", state="stopped") == 1


def test_the_trail_is_as_far_behind_as_its_newest_event_was_old_on_arrival() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    arrived(now - timedelta(seconds=90), now)
    assert told("yizheng_trail_lag_seconds") == 90
    arrived(now + timedelta(seconds=5), now)  # a clock that is ahead
    assert told("yizheng_trail_lag_seconds") == 0
