"""Messages that wait for each other share one transaction; a request, or a full group, ends the waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from store.group_commit import LARGEST_GROUP, GroupCommit, Handled, OutboxEntry, Unit

FOR_EVER = 3600.0


class Commits:
    """Commits of which each group is kept."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.commits = GroupCommit(self._transact, gather_for=FOR_EVER)

    async def _transact(self, group: list[Unit]) -> OutboxEntry:
        self.groups.append(len(group))
        return OutboxEntry("e", 0)

    def message(self, number: int) -> asyncio.Task[OutboxEntry]:
        return asyncio.create_task(self.commits.commit(Unit((), (), Handled(f"m{number}", ""))))

    async def request(self) -> None:
        await self.commits.commit(Unit((), (), None))


@pytest.fixture
async def office() -> AsyncIterator[Commits]:
    office = Commits()
    office.commits.start()
    yield office
    await office.commits.stop()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_messages_wait_for_each_other_and_a_request_takes_them_along(office: Commits) -> None:
    waiting = []
    for number in range(3):
        waiting.append(office.message(number))
        await turns()
    assert office.groups == []

    await office.request()
    await asyncio.gather(*waiting)
    assert office.groups == [4]


async def test_a_request_waits_for_nobody(office: Commits) -> None:
    await office.request()
    assert office.groups == [1]


async def test_a_full_group_waits_no_longer(office: Commits) -> None:
    waiting = [office.message(number) for number in range(2 * LARGEST_GROUP)]
    await asyncio.gather(*waiting)
    assert office.groups == [LARGEST_GROUP, LARGEST_GROUP]


async def test_what_waits_when_it_stops_is_given_back(office: Commits) -> None:
    waiting = office.message(1)
    await turns()
    await office.commits.stop()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert office.groups == []
