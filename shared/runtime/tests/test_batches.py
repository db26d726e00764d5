"""Long work in batches: each committed once, repeated when it fails, held back while events don't leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
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


class FakeKernel:
    """Counts commits and publishings; fails as it is told."""

    def __init__(self) -> None:
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
    """So many batches; then nothing."""

    def __init__(self, count: int, done: Callable[[], None]) -> None:
        self.left = count
        self.asked = 0
        self._done = done

    async def __call__(self, kernel: FakeKernel) -> Sequence[Outcome[Any]] | None:
        """Decide the next batch: what was not committed comes again."""
        self.asked += 1
        if len(kernel.committed) == self.left:
            self._done()
            return None
        return [Outcome(case=str(len(kernel.committed)))]


async def finished(kernel: FakeKernel, count: int, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(batches, "_PAUSE", 0.001)
    ended = asyncio.Event()
    work = Work(count, ended.set)
    running = Batches("test", cast("Kernel", kernel), lambda: work(kernel))
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(PATIENCE):
        await ended.wait()
        await running.stop()
        await task
    return work


async def test_each_batch_is_committed_and_published_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeKernel()
    await finished(kernel, 5, monkeypatch)
    assert [outcomes[0].case for outcomes in kernel.committed] == ["0", "1", "2", "3", "4"]
    assert kernel.published == 5


@pytest.mark.parametrize("failure", [ConflictError("somebody was faster"), AutoReconnect("away"), ValueError("ours")])
async def test_a_batch_that_fails_is_decided_anew(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeKernel()
    kernel.failures = [failure, failure]
    work = await finished(kernel, 3, monkeypatch)
    assert [outcomes[0].case for outcomes in kernel.committed] == ["0", "1", "2"]
    assert work.asked >= 6


async def test_no_more_is_committed_while_events_do_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeKernel()
    kernel.relay.ages = [60.0, 60.0, 60.0]
    work = await finished(kernel, 2, monkeypatch)
    assert len(kernel.committed) == 2
    assert work.asked >= 6
