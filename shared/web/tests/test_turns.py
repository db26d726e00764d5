from __future__ import annotations

import asyncio

import pytest

from web.rates import Busy, TooMany
from web.turns import TurnLimits, Turns

QUICK = TurnLimits(at_once=2, of_one_person=4, longest_wait=2.0, retry_after=3)


class Work:
    """Work that lasts until it is let go; remembers who began, in order."""

    def __init__(self, limits: TurnLimits = QUICK) -> None:
        self.turns = Turns(limits)
        self.begun: list[str] = []
        self._gates: dict[str, asyncio.Event] = {}

    def ask(self, person: str, name: str) -> asyncio.Task[None]:
        self._gates[name] = asyncio.Event()
        return asyncio.create_task(self._do(person, name))

    async def _do(self, person: str, name: str) -> None:
        async with self.turns.of(person):
            self.begun.append(name)
            await self._gates[name].wait()

    async def ends(self, name: str) -> None:
        self._gates[name].set()
        await settled()


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_person_has_one_turn_at_a_time_however_much_they_ask_for() -> None:
    work = Work()
    hoard = [work.ask("hoarder", f"h{number}") for number in range(4)]
    await settled()
    assert work.begun == ["h0"]

    others = [work.ask("a", "a0"), work.ask("b", "b0")]
    await settled()
    assert work.begun == ["h0", "a0"]

    await work.ends("h0")
    assert work.begun == ["h0", "a0", "b0"]
    await work.ends("a0")
    assert work.begun == ["h0", "a0", "b0", "h1"]
    for name in ("h1", "b0", "h2", "h3"):
        await work.ends(name)
    await asyncio.gather(*hoard, *others)


async def test_too_much_of_one_person_is_refused_at_once_and_says_when_to_come_back() -> None:
    work = Work()
    held = [work.ask("hoarder", f"h{number}") for number in range(4)]
    await settled()

    with pytest.raises(TooMany) as refused:
        await work.ask("hoarder", "one more")
    assert refused.value.retry_after == 3

    for number in range(4):
        await work.ends(f"h{number}")
    await asyncio.gather(*held)
    last = work.ask("hoarder", "later")
    await work.ends("later")
    await last


async def test_who_gets_no_turn_in_time_is_told_to_come_back_and_takes_nobodys() -> None:
    work = Work(TurnLimits(at_once=1, of_one_person=4, longest_wait=0.05, retry_after=3))
    first = work.ask("a", "a0")
    await settled()

    with pytest.raises(Busy) as refused:
        await work.ask("b", "b0")
    assert (refused.value.status, refused.value.retry_after) == (503, 3)

    await work.ends("a0")
    await first
    last = work.ask("c", "c0")
    await work.ends("c0")
    await last
    assert work.begun == ["a0", "c0"]


async def test_who_gives_up_leaves_the_queue_moving() -> None:
    work = Work(TurnLimits(at_once=1, of_one_person=4, longest_wait=5.0, retry_after=3))
    running, leaving, staying = work.ask("a", "a0"), work.ask("b", "b0"), work.ask("c", "c0")
    await settled()
    leaving.cancel()
    running.cancel()
    await settled()
    assert work.begun == ["a0", "c0"]
    await work.ends("c0")
    await staying
    assert leaving.cancelled()
    assert running.cancelled()
