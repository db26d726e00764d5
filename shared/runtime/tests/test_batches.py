"""Long work in batches: each committed once, repeated when it fails, held back while events don't leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect

from messaging.event import ConflictError, Outcome
from runtime import batches
from runtime.batches import Batches
from runtime.kernel import Kernel
from testkit.patience import PATIENCE


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


class FakeKernel:
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

    def __init__(self, kernel: FakeKernel, count: int) -> None:
        self.runs = 0
        self.ended = asyncio.Event()
        self._kernel = kernel
        self._count = count

    async def __call__(self) -> AsyncGenerator[Sequence[Outcome[Any]], None]:
        """Decide one run: what was not committed comes again."""
        self.runs += 1
        for number in range(len(self._kernel.committed), self._count):
            yield [Outcome(case=str(number))]
        if len(self._kernel.committed) == self._count:
            self.ended.set()


async def finished(kernel: FakeKernel, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_PAUSE", 0.001)
    running = Batches("test", cast("Kernel", kernel), work)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(PATIENCE):
        await work.ended.wait()
        await running.stop()
        await task


async def test_each_batch_is_committed_and_published_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeKernel()
    await finished(kernel, Work(kernel, 5), monkeypatch)
    assert [outcomes[0].case for outcomes in kernel.committed] == ["0", "1", "2", "3", "4"]
    assert kernel.published == 5


async def test_a_batch_is_decided_while_the_one_before_is_being_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = [asyncio.Event() for _ in range(3)]

    class Waiting(FakeKernel):
        async def commit_together(self, outcomes: Sequence[Outcome[Any]]) -> Coroutine[Any, Any, None]:
            async with asyncio.timeout(PATIENCE):
                await decided[min(len(self.committed) + 1, 2)].wait()
            return await super().commit_together(outcomes)

    class Telling(Work):
        async def __call__(self) -> AsyncGenerator[Sequence[Outcome[Any]], None]:
            async for batch in super().__call__():
                decided[int(batch[0].case or "")].set()
                yield batch

    kernel = Waiting()
    await finished(kernel, Telling(kernel, 3), monkeypatch)
    assert kernel.published == 3


@pytest.mark.parametrize("failure", [ConflictError("somebody was faster"), AutoReconnect("away"), ValueError("ours")])
async def test_a_batch_that_fails_is_decided_anew(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeKernel()
    kernel.failures = [failure, failure]
    work = Work(kernel, 3)
    await finished(kernel, work, monkeypatch)
    assert [outcomes[0].case for outcomes in kernel.committed] == ["0", "1", "2"]
    assert kernel.published == 3
    assert work.runs >= 3


async def test_no_more_is_committed_while_events_do_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeKernel()
    kernel.relay.ages = [60.0, 60.0, 60.0]
    work = Work(kernel, 2)
    await finished(kernel, work, monkeypatch)
    assert len(kernel.committed) == 2
    assert work.runs >= 4


async def test_one_process_of_several_works_and_another_goes_on_when_it_is_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = FakeKernel()
    first = kernel.committer.heartbeat.turns = [False, False, False]
    work = Work(kernel, 2)
    monkeypatch.setattr(batches, "_PAUSE", 0.001)
    running = Batches("test", cast("Kernel", kernel), work)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(PATIENCE):
        while first:
            assert work.runs == 0
            await asyncio.sleep(0)
        await work.ended.wait()
        await running.stop()
        await task
