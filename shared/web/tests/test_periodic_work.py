"""Work that a service does beside its requests, every so often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect

from bus.event import ConflictError, Outcome
from web.periodic import ExclusiveTask, Periodic, take_turn


@dataclass
class Backlog:
    """So much to do, of which two are found at a time; the commit of some is overtaken."""

    left: int
    overtaken: int = 0
    commits: list[object] = field(default_factory=list)

    async def work(self, _deps: None) -> Sequence[Outcome[Any]]:
        return [Outcome(result=number) for number in range(min(2, self.left))]

    async def commit(self, outcome: Outcome[Any]) -> None:
        if self.overtaken:
            self.overtaken -= 1
            raise ConflictError("somebody was faster")
        self.left -= 1
        self.commits.append(outcome.result)


@pytest.mark.parametrize(("in_slices", "done"), [(False, 2), (True, 7)])
async def test_work_in_slices_is_done_to_its_end_and_other_work_once(*, in_slices: bool, done: int) -> None:
    backlog = Backlog(7)

    await take_turn(Periodic("tidy", 3600.0, backlog.work, in_slices=in_slices), None, backlog.commit)

    assert len(backlog.commits) == done


async def test_work_that_somebody_was_faster_at_waits_for_the_next_turn() -> None:
    backlog = Backlog(7, overtaken=1)

    await take_turn(Periodic("tidy", 3600.0, backlog.work, in_slices=True), None, backlog.commit)

    assert backlog.left == 6


async def test_a_process_that_becomes_the_first_does_at_once_what_is_due_and_then_every_so_often() -> None:
    async def work() -> None:
        done.append(now)

    now, is_first, done = 0.0, False, list[float]()
    turns = ExclusiveTask(work, every=3600.0, is_ours=lambda: is_first, clock=lambda: now)
    await turns.look()
    now, is_first = 4.0, True
    await turns.look()
    for now in (6.0, 3603.0, 3605.0, 3607.0):  # noqa: B007 - the clock reads it
        await turns.look()

    assert done == [4.0, 3605.0]


@pytest.mark.parametrize(("fault", "counted"), [(ValueError("unreadable"), 1), (AutoReconnect("away"), 0), (None, 0)])
async def test_only_a_fault_of_its_own_counts_as_failed(fault: Exception | None, counted: int) -> None:
    name = f"tidy-{fault!r}"

    async def work(_deps: None) -> Sequence[Outcome[Any]]:
        if fault is not None:
            raise fault
        return ()

    await take_turn(Periodic(name, 3600.0, work), None, Backlog(0).commit)

    assert REGISTRY.get_sample_value("yizheng_periodic_work_failed_total", {"work": name}) == counted
