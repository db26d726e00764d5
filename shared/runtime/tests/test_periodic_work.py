"""Work that a service does beside its requests, every so often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from messaging.event import ConflictError, Outcome
from runtime.service import Periodic, take_turn


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

    await take_turn(Periodic("tidy", 3600.0, backlog.work, in_slices=in_slices), None, backlog)  # type: ignore[arg-type] # as much of a kernel as a turn needs

    assert len(backlog.commits) == done


async def test_work_that_somebody_was_faster_at_waits_for_the_next_turn() -> None:
    backlog = Backlog(7, overtaken=1)

    await take_turn(Periodic("tidy", 3600.0, backlog.work, in_slices=True), None, backlog)  # type: ignore[arg-type] # as above

    assert backlog.left == 6
