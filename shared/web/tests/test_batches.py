"""Long work in batches: each committed once, repeated when it fails, held back while events don't leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect

from bus.event import ConflictError, Outcome
from testkit.patience import PATIENCE
from web import batches
from web.batches import Batches
from web.service_runtime import ServiceRuntime


class FakeOutbox:
    """Says how old its oldest event is."""

    def __init__(self) -> None:
        self.ages: list[float] = []

    async def oldest_age(self) -> float:
        """Return the next age, 0 when there is none."""
        return self.ages.pop(0) if self.ages else 0.0


class FakeHeartbeat:
    """Says in turn whether this process is the first of its service; in the end it is."""

    def __init__(self) -> None:
        self.turns: list[bool] = []

    @property
    def is_first(self) -> bool:
        return self.turns.pop(0) if self.turns else True

    @property
    def is_at_rest(self) -> bool:
        return False


class FakeCommitter:
    """Has a heartbeat."""

    def __init__(self) -> None:
        self.heartbeat = FakeHeartbeat()


class FakeRuntime:
    """Counts commits and publishings; fails as it is told."""

    def __init__(self) -> None:
        self.committer = FakeCommitter()
        self.relay = FakeOutbox()
        self.failures: list[Exception] = []
        self.committed: list[Sequence[Outcome[Any]]] = []
        self.published = 0

    async def commit_together(self, outcomes: Sequence[Outcome[Any]]) -> Coroutine[Any, Any, None]:
        """Commit, or fail."""
        if self.failures:
            raise self.failures.pop(0)
        self.committed.append(outcomes)
        return self._publish()

    async def _publish(self) -> None:
        await asyncio.sleep(0)
        self.published += 1


class Work:
    """So many batches, decided run by run, each as if those before it were stored; then nothing."""

    def __init__(self, runtime: FakeRuntime, count: int) -> None:
        self.runs = 0
        self.ended = asyncio.Event()
        self._runtime = runtime
        self._count = count

    async def __call__(self) -> AsyncGenerator[Sequence[Outcome[Any]], None]:
        """Decide one run: what was not committed comes again."""
        self.runs += 1
        for number in range(len(self._runtime.committed), self._count):
            yield [Outcome(case=str(number))]
        if len(self._runtime.committed) == self._count:
            self.ended.set()


async def finished(runtime: FakeRuntime, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_PAUSE", 0.001)
    running = Batches("test", cast("ServiceRuntime", runtime), work)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(PATIENCE):
        await work.ended.wait()
        await running.stop()
        await task


async def test_each_batch_is_committed_and_published_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = FakeRuntime()
    await finished(runtime, Work(runtime, 5), monkeypatch)
    assert [outcomes[0].case for outcomes in runtime.committed] == ["0", "1", "2", "3", "4"]
    assert runtime.published == 5


async def test_a_batch_is_decided_while_the_one_before_is_being_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = [asyncio.Event() for _ in range(3)]

    class Waiting(FakeRuntime):
        async def commit_together(self, outcomes: Sequence[Outcome[Any]]) -> Coroutine[Any, Any, None]:
            async with asyncio.timeout(PATIENCE):
                await decided[min(len(self.committed) + 1, 2)].wait()
            return await super().commit_together(outcomes)

    class Telling(Work):
        async def __call__(self) -> AsyncGenerator[Sequence[Outcome[Any]], None]:
            async for batch in super().__call__():
                decided[int(batch[0].case or "")].set()
                yield batch

    runtime = Waiting()
    await finished(runtime, Telling(runtime, 3), monkeypatch)
    assert runtime.published == 3


@pytest.mark.parametrize("failure", [ConflictError("somebody was faster"), AutoReconnect("away"), ValueError("ours")])
async def test_a_batch_that_fails_is_decided_anew(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = FakeRuntime()
    runtime.failures = [failure, failure]
    work = Work(runtime, 3)
    await finished(runtime, work, monkeypatch)
    assert [outcomes[0].case for outcomes in runtime.committed] == ["0", "1", "2"]
    assert runtime.published == 3
    assert work.runs >= 3


async def test_no_more_is_committed_while_events_do_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = FakeRuntime()
    runtime.relay.ages = [60.0, 60.0, 60.0]
    work = Work(runtime, 2)
    await finished(runtime, work, monkeypatch)
    assert len(runtime.committed) == 2
    assert work.runs >= 4


async def test_one_process_of_several_works_and_another_goes_on_when_it_is_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = FakeRuntime()
    first = runtime.committer.heartbeat.turns = [False, False, False]
    work = Work(runtime, 2)
    monkeypatch.setattr(batches, "_PAUSE", 0.001)
    running = Batches("test", cast("ServiceRuntime", runtime), work)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(PATIENCE):
        while first:
            assert work.runs == 0
            await asyncio.sleep(0)
        await work.ended.wait()
        await running.stop()
        await task
