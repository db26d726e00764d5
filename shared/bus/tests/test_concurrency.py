from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)

from bus import concurrency
from bus.concurrency import CircuitBreaker, KeyedLocks, SuspectIsolation, is_outage
from bus.publisher import BrokerUnavailableError
from shared.bus.tests.harness import eventually
from testkit.patience import IN_TIME


@pytest.fixture(autouse=True)
def _quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "_FIRST_PROBE", 0.01)
    monkeypatch.setattr(concurrency, "_SLOWEST_PROBE", 0.02)


class Dependency:
    """Something that is down until it is up, and counts how often it was asked."""

    def __init__(self, *, up: bool = False) -> None:
        self.up = up
        self.asked = 0
        self.at_the_same_time = 0
        self._now = 0

    async def work(self) -> str:
        """Do some work, or be out of reach."""
        self.asked += 1
        self._now += 1
        self.at_the_same_time = max(self.at_the_same_time, self._now)
        await asyncio.sleep(0.001)
        self._now -= 1
        if not self.up:
            raise AutoReconnect("down")
        return "done"

    async def was_asked(self, times: int) -> bool:
        """Tell whether it was asked that often."""
        return self.asked >= times


def transient() -> OperationFailure:
    error = OperationFailure("write conflict")
    error._add_error_label("TransientTransactionError")  # noqa: SLF001 - as the driver does
    return error


@pytest.mark.parametrize(
    "error",
    [
        *(
            AutoReconnect("x"),
            BrokerUnavailableError("x"),
            ConnectionResetError(),
            ExecutionTimeout("x", 50),
            transient(),
        ),
        ConfigurationError("Sessions are not supported by this MongoDB deployment"),  # by a member that just started
    ],
)
def test_a_dependency_that_is_down_is_an_outage(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error", [ValueError(), TimeoutError(), PyMongoError("x"), ConfigurationError("x"), DuplicateKeyError("x", 11000)]
)
def test_a_message_or_a_handler_at_fault_is_none(error: Exception) -> None:
    assert not is_outage(error)


async def test_during_an_outage_one_probes_and_then_everybody_goes_on() -> None:
    store, changes = Dependency(), list[bool]()
    breaker = CircuitBreaker(changes.append)
    waiting = [asyncio.create_task(breaker.run(store.work)) for _ in range(20)]
    await eventually(lambda: store.was_asked(20))
    store.at_the_same_time = 0

    await eventually(lambda: store.was_asked(25))
    assert store.at_the_same_time == 1
    assert changes == [True]
    store.up = True

    assert await asyncio.gather(*waiting) == ["done"] * 20
    assert not breaker.is_on
    assert changes == [True, False]


async def test_whoever_comes_during_an_outage_waits() -> None:
    store, other = Dependency(), Dependency(up=True)
    breaker = CircuitBreaker(lambda _: None)
    probing = asyncio.create_task(breaker.run(store.work))
    await eventually(lambda: store.was_asked(2))

    late = asyncio.create_task(breaker.run(other.work))
    store.up = True

    assert [await probing, await late] == ["done", "done"]


async def test_an_error_that_is_no_outage_is_the_callers_even_while_probing() -> None:
    async def fail_then_break() -> None:
        failures.append(1)
        raise AutoReconnect("down") if len(failures) < 3 else ValueError("mine")

    failures: list[int] = []
    breaker = CircuitBreaker(lambda _: None)

    with pytest.raises(ValueError, match="mine"):
        await breaker.run(fail_then_break)

    assert not breaker.is_on


async def test_a_message_that_alone_looks_like_an_outage_does_not_hold_up_the_others() -> None:
    store, stuck = Dependency(up=True), Dependency()
    breaker = CircuitBreaker(lambda _: None)
    forever = asyncio.create_task(breaker.run(stuck.work))
    await eventually(lambda: stuck.was_asked(2))

    async with asyncio.timeout(IN_TIME):
        assert await asyncio.gather(*(breaker.run(store.work) for _ in range(10))) == ["done"] * 10

    forever.cancel()


async def test_a_probe_that_is_cancelled_leaves_no_brake_on() -> None:
    store = Dependency()
    breaker = CircuitBreaker(lambda _: None)
    probing = asyncio.create_task(breaker.run(store.work))
    await eventually(lambda: store.was_asked(2))

    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)

    assert not breaker.is_on
    store.up = True
    assert await breaker.run(store.work) == "done"


def recording(log: list[str], name: str, gate: asyncio.Event | None = None) -> Callable[[], Awaitable[None]]:
    async def work() -> None:
        log.append(f"{name} begins")
        if gate:
            await gate.wait()
        await asyncio.sleep(0)
        log.append(f"{name} ends")

    return work


async def test_a_lane_keeps_the_order_of_arrival_and_other_lanes_do_not_wait() -> None:
    async def run(case: str, work: Callable[[], Awaitable[None]]) -> None:
        async with lanes.of(case):
            await work()

    lanes, log, gate = KeyedLocks(), list[str](), asyncio.Event()
    works = [("a", recording(log, "a1", gate)), ("a", recording(log, "a2")), ("a", recording(log, "a3"))]
    tasks = [asyncio.create_task(run(case, work)) for case, work in [*works, ("b", recording(log, "b1"))]]
    await eventually(lambda: ended(log, "b1"))
    gate.set()
    await asyncio.gather(*tasks)

    assert log == ["a1 begins", "b1 begins", "b1 ends", "a1 ends", "a2 begins", "a2 ends", "a3 begins", "a3 ends"]


async def ended(log: list[str], name: str) -> bool:
    return f"{name} ends" in log


async def test_a_lane_goes_on_when_somebody_in_it_is_cancelled() -> None:
    async def run(work: Callable[[], Awaitable[None]]) -> None:
        async with lanes.of("a"):
            await work()

    lanes, log, gate = KeyedLocks(), list[str](), asyncio.Event()
    first, second, third = [asyncio.create_task(run(recording(log, str(n), gate))) for n in range(3)]
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    assert log == ["0 begins"]  # the third still waits for the first
    gate.set()
    await asyncio.gather(first, third)

    assert log == ["0 begins", "0 ends", "2 begins", "2 ends"]
    assert not lanes._locks  # noqa: SLF001 - an empty lane takes no room


async def test_a_suspect_runs_with_nothing_beside_it() -> None:
    async def run(name: int, *, alone: bool) -> None:
        async with isolation.exclusive() if alone else isolation.shared():
            running.add(name)
            seen.append((alone, len(running)))
            for _ in range(3):
                await asyncio.sleep(0)
            running.discard(name)

    isolation, running, seen = SuspectIsolation(), set[int](), list[tuple[bool, int]]()

    await asyncio.gather(*(run(n, alone=n % 4 == 3) for n in range(40)))

    assert {count for alone, count in seen if alone} == {1}
    assert max(count for alone, count in seen if not alone) > 1
    assert len(seen) == 40
