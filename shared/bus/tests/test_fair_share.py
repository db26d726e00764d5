from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from bus.fair_share import (
    AT_ONCE,
    COUNTED_AS_ONE,
    EACH_AT_ONCE,
    LONGEST_WAIT,
    OVER_QUOTA_PAUSE,
    FairShare,
    NotBegunError,
)
from bus.quotas import QUOTAS, Quotas
from bus.topology import Department
from shared.bus.tests.harness import eventually
from store.repository import Database, ensure_collections

FLOOD, OTHER, OURS = "flood", "other", "ours"


def department(code: str, per_hour: int = 1_000_000) -> Department:
    return Department(code, {}, (), per_hour)


class Hall:
    """Work that waits for its turn: what has begun, in which order, until it is told to end."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        self.share = FairShare(quotas or Quotas("stock"))
        self.begun: list[str] = []
        self._under_way: list[tuple[str, asyncio.Event]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def comes(self, *names: str) -> None:
        """Have a message come of each of these, or an event of ours."""
        for name in names:
            turn = self.share.ours() if name == OURS else self.share.turn(name)
            self.tasks.append(asyncio.create_task(self._work(name, turn)))
        await self._settle()

    @property
    def oldest(self) -> str:
        """Whose work began first of all that is under way."""
        return self._under_way[0][0]

    async def ends(self, name: str) -> None:
        """End the oldest piece of work of somebody's that is under way."""
        ending = next(each for each in self._under_way if each[0] == name)
        self._under_way.remove(ending)
        ending[1].set()
        await self._settle()

    async def closes(self) -> None:
        """End everything."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _work(self, name: str, turn: AbstractAsyncContextManager[None]) -> None:
        async with turn:
            ended = asyncio.Event()
            self.begun.append(name)
            self._under_way.append((name, ended))
            await ended.wait()

    async def _settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    opened = Hall()
    yield opened
    await opened.closes()


async def test_who_floods_has_few_in_hand_and_another_sender_begins_at_once(hall: Hall) -> None:
    await hall.comes(*[FLOOD] * 100)
    assert hall.begun == [FLOOD] * EACH_AT_ONCE

    await hall.comes(OTHER)
    assert hall.begun[-1] == OTHER


async def test_when_all_places_are_taken_who_has_none_begins_at_once(hall: Hall) -> None:
    await hall.comes(*["a"] * 50, *["b"] * 50, *["c"] * 50)
    assert Counter(hall.begun) == {"a": EACH_AT_ONCE, "b": AT_ONCE - EACH_AT_ONCE, "c": 1}

    await hall.comes(OTHER, OTHER)
    assert hall.begun.count(OTHER) == 1


async def test_senders_take_turns(hall: Hall) -> None:
    await hall.comes(*["a"] * 50, *["b"] * 50, *["c"] * 50)
    for _ in range(60):
        await hall.ends(hall.oldest)
    counts = Counter(hall.begun).values()
    assert max(counts) - min(counts) <= EACH_AT_ONCE, Counter(hall.begun)


async def test_nothing_from_outside_begins_while_an_event_of_ours_is_in_hand(hall: Hall) -> None:
    await hall.comes(OURS, FLOOD)
    assert hall.begun == [OURS]

    await hall.comes(OURS)
    assert hall.begun == [OURS, OURS]
    await hall.ends(OURS)
    await hall.ends(OURS)
    assert hall.begun == [OURS, OURS, FLOOD]


async def test_who_has_sent_much_waits_while_who_has_sent_little_is_in_hand() -> None:
    quotas = Quotas("stock")
    quotas.count(FLOOD, 1_000)
    hall = Hall(quotas)
    await hall.comes(FLOOD, OTHER, FLOOD, FLOOD)
    assert hall.begun == [FLOOD, OTHER]
    await hall.ends(FLOOD)
    assert hall.begun == [FLOOD, OTHER]
    await hall.ends(OTHER)
    assert hall.begun == [FLOOD, OTHER, FLOOD, FLOOD]
    await hall.closes()


async def test_a_busy_day_does_not_shut_systems_outside_out(hall: Hall) -> None:
    async def has_begun_two() -> bool:
        return hall.begun.count(FLOOD) >= 2

    came = monotonic()
    await hall.comes(OURS, *[FLOOD] * 5)
    await eventually(has_begun_two)

    assert hall.begun.count(FLOOD) <= (monotonic() - came) / LONGEST_WAIT


async def test_above_its_quota_a_sender_slows_itself_and_nobody_else() -> None:
    now = 1000.0
    quotas = Quotas("stock", [department(FLOOD, per_hour=3), department(OTHER)])
    hall = Hall(quotas)
    hall.share = FairShare(quotas, clock=lambda: now)
    await hall.comes(*[FLOOD] * 20)
    for _ in range(2):
        await hall.ends(FLOOD)
    assert hall.begun == [FLOOD] * 3
    assert quotas.of(FLOOD).is_over

    for _ in range(5):
        await hall.comes(OTHER)
        assert hall.begun[-1] == OTHER
        await hall.ends(OTHER)

    now += OVER_QUOTA_PAUSE
    await hall.comes(FLOOD)
    assert hall.begun.count(FLOOD) == 4
    await hall.closes()


async def test_a_large_message_counts_as_many() -> None:
    quotas = Quotas("stock", [department(FLOOD, per_hour=100)])
    share = FairShare(quotas)
    for size in (0, COUNTED_AS_ONE - 1, COUNTED_AS_ONE, 10 * COUNTED_AS_ONE):
        async with share.turn(FLOOD, size):
            pass
    assert quotas.of(FLOOD).used == 1 + 1 + 2 + 11


async def test_who_stops_waiting_leaves_its_place_to_others(hall: Hall) -> None:
    await hall.comes(*[FLOOD] * (EACH_AT_ONCE + 2))
    for task in hall.tasks[-2:-1]:
        task.cancel()
    for _ in range(EACH_AT_ONCE + 1):
        await hall.ends(FLOOD)
    await hall.comes(*[FLOOD] * EACH_AT_ONCE)

    assert hall.begun.count(FLOOD) == 2 * EACH_AT_ONCE + 1


async def test_what_waits_when_the_service_stops_is_not_begun(hall: Hall) -> None:
    await hall.comes(*[FLOOD] * (EACH_AT_ONCE + 1))
    hall.share.close()

    with pytest.raises(NotBegunError):
        await hall.tasks[-1]
    with pytest.raises(NotBegunError):
        async with hall.share.turn(OTHER):
            pass


async def test_an_hour_s_use_is_counted_by_all_processes_together_and_outlives_them(database: Database) -> None:
    moment = datetime(2026, 11, 30, 8, 59, tzinfo=UTC)
    await ensure_collections(database, [QUOTAS])
    one, two = (Quotas("stock", [department("a", 5)], database, clock=lambda: moment) for _ in range(2))
    for quotas in (one, two):
        for _ in range(3):
            quotas.count("a")
        await quotas.keep()
    await one.keep()
    assert (one.of("a").used, two.of("a").used) == (6, 6)
    assert one.is_over("a")

    later = Quotas("stock", [department("a", 5)], database, clock=lambda: moment)
    await later.keep()
    assert later.of("a").used == 6

    moment += timedelta(minutes=1)
    await later.keep()
    assert later.of("a").used == 0
    assert not one.is_over("a")
