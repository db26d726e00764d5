"""Committed effects, as an observer of the store sees them, and for how long there were none though work waited.

An effect is a message that a service has handled: its entry in the inbox, one transaction with what was changed. The
store's change stream tells only what a majority has, with the time at which the primary wrote it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

_PIPELINE: Sequence[Mapping[str, Any]] = [
    {"$match": {"operationType": "insert", "ns.coll": "inbox"}},
    {"$project": {"ns.db": 1, "documentKey._id": 1, "wallTime": 1}},
]
_AGAIN = 0.2
_OTHER_CLOCK = 1800.0
"""Seconds: an event that seems further away than this from its handling bears the time of a wrong clock."""
_MOMENT = 1.0
_NOTHING_MORE = 1000
"""Milliseconds without another effect after which the stream counts as read to its end."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A service has handled an event: when the event was made, when its effect was committed (seconds since 1970)."""

    service: str
    made: float
    at: float


@dataclass(frozen=True, slots=True)
class Stall:
    """From when until when a service committed nothing although something waited for it."""

    service: str
    since: float
    until: float

    def within(self, begin: float, end: float) -> float:
        """Return for how many seconds it lasted from `begin` on; 0 unless it began then and before `end`.

        The last effect before a fault may be a moment older than the fault.
        """
        return max(0.0, self.until - max(self.since, begin)) if begin <= self.since + _MOMENT < end else 0.0


class Watch:
    """Takes down every effect, through every change of primary."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        self.effects: list[Effect] = []
        self._client = client
        self._token: Mapping[str, Any] | None = None
        self._ending = False

    async def run(self) -> None:
        """Watch until `end` was called and everything was read. Goes on where it was after any trouble of the store."""
        while True:
            try:
                stream = await self._client.watch(_PIPELINE, resume_after=self._token, max_await_time_ms=_NOTHING_MORE)
                async with stream:
                    while True:
                        change = await stream.try_next()
                        self._token = stream.resume_token
                        if change is not None:
                            self.effects.append(_effect(change))
                        elif self._ending:
                            return
            except PyMongoError:
                await asyncio.sleep(_AGAIN)

    def end(self) -> None:
        """Let `run` end when there is nothing more."""
        self._ending = True


@asynccontextmanager
async def watched(mongodb_url: str) -> AsyncIterator[Watch]:
    """Watch within this; afterwards everything is taken down."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url, tz_aware=True)
    async with client, asyncio.TaskGroup() as group:
        watch = Watch(client)
        group.create_task(watch.run())
        yield watch
        watch.end()


def stalls(effects: Iterable[Effect]) -> list[Stall]:
    """Return, of every service, the times between two effects in which something already waited."""
    by_service: defaultdict[str, list[Effect]] = defaultdict(list)
    for effect in effects:
        by_service[effect.service].append(effect)
    return [stall for found in by_service.values() for stall in _of_one(sorted(found, key=lambda each: each.at))]


def _of_one(effects: Sequence[Effect]) -> list[Stall]:
    """Look at one service's effects, in order: between two of them waited what was handled later and made before."""
    waiting = [effect.made for effect in effects]
    for place in range(len(waiting) - 2, -1, -1):
        waiting[place] = min(waiting[place], waiting[place + 1])
    found, before = [], float("-inf")
    for effect, since in zip(effects, waiting, strict=True):
        found.append(Stall(effect.service, max(before, since), effect.at))
        before = effect.at
    return found


def longest(found: Iterable[Stall], begin: float, end: float) -> tuple[str, float]:
    """Return the service that stood still for longest after `begin`, in a stall that began before `end`; seconds."""
    worst = max(found, key=lambda each: each.within(begin, end), default=None)
    return ("", 0.0) if worst is None else (worst.service, worst.within(begin, end))


def latest(effects: Iterable[Effect], begin: float, end: float) -> tuple[str, float]:
    """Return the service that handled an event of a time last, and how long after it was made; seconds."""
    of_then = (effect for effect in effects if begin <= effect.made + _MOMENT < end)
    worst = max(of_then, key=lambda each: each.at - each.made, default=None)
    return ("", 0.0) if worst is None else (worst.service, worst.at - worst.made)


def _effect(change: Mapping[str, Any]) -> Effect:
    at = change["wallTime"].timestamp()
    return Effect(change["ns"]["db"], made(change["documentKey"]["_id"], at), at)


def made(event_id: str, at: float) -> float:
    """Return when an event was made, by its id; for an id that does not say, or by a wrong clock, its handling."""
    try:
        seconds = int(event_id.partition("-")[0], 16) / 1e9
    except ValueError:
        return at
    return min(seconds, at) if abs(seconds - at) < _OTHER_CLOCK else at
