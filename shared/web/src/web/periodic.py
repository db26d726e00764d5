"""Work that a service does beside its requests, every so often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

import pymongo
import structlog
from prometheus_client import Counter

from bus.event import Commit, ConflictError, Outcome
from web.service_runtime import ServiceRuntime

DepsT = TypeVar("DepsT")

FAILED = Counter("yizheng_periodic_work_failed", "Turns of recurring work that ended in a fault of its own", ["work"])

LOOK_EVERY = 5.0
"""Seconds after which a process that has become the first sees to what is due."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Periodic(Generic[DepsT]):
    """Work that one process does at its start and then every so many seconds; each outcome is committed on its own.

    `in_slices`: the work finds so much at a time, and is asked again at once until it finds nothing more. `in_each`:
    every process of the service does it, as for what each shows of itself.
    """

    name: str
    every: float
    work: Callable[[DepsT], Awaitable[Sequence[Outcome[Any]]]]
    in_slices: bool = False
    in_each: bool = False


class ExclusiveTask:
    """Work that is done every so many seconds, as long as it is this process's: at once when it becomes so."""

    def __init__(
        self,
        work: Callable[[], Awaitable[None]],
        *,
        every: float,
        is_ours: Callable[[], bool],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.every = every
        self._work = work
        self._is_ours = is_ours
        self._clock = clock
        self._due = float("-inf")

    async def look(self) -> None:
        """Do the work if it is due and ours. Two processes that do it at once overtake each other, no more."""
        if self._clock() >= self._due and self._is_ours():
            self._due = self._clock() + self.every
            await self._work()


def turns_of(periodic: Periodic[DepsT], deps: DepsT, runtime: ServiceRuntime) -> ExclusiveTask:
    heartbeat = runtime.committer.heartbeat
    work = partial(take_turn, periodic, deps, runtime.commit)
    return ExclusiveTask(work, every=periodic.every, is_ours=lambda: periodic.in_each or heartbeat.is_first)


async def take_turn(periodic: Periodic[DepsT], deps: DepsT, commit: Commit) -> None:
    """Do the work once, or slice by slice to its end; what goes wrong waits for the next turn."""
    FAILED.labels(periodic.name)  # shown before it ever fails: an alert sees a counter rise, not appear
    try:
        goes_on = True
        while goes_on:
            outcomes = await periodic.work(deps)
            committed = await asyncio.gather(*(_commit(outcome, periodic.name, commit) for outcome in outcomes))
            goes_on = periodic.in_slices and bool(committed) and all(committed)
    except (pymongo.errors.PyMongoError, OSError) as error:
        log.warning("periodic_work_postponed", work=periodic.name, error=repr(error))
    except Exception:
        FAILED.labels(periodic.name).inc()
        log.exception("periodic_work_failed", work=periodic.name)


async def _commit(outcome: Outcome[Any], work: str, commit: Commit) -> bool:
    try:
        await commit(outcome)
    except ConflictError:
        log.info("periodic_work_overtaken", work=work)  # what changed meanwhile is seen next time
        return False
    return True
