from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bus.envelope import EncodedEvent, decode_event
from bus.failures import MOST_STALLS
from bus.publisher import Publisher
from bus.topology import Topology, dead_letters_of
from shared.bus.tests.harness import (
    Tally,
    declare,
    depth,
    eventually,
    ledger_of,
    order,
    remove,
    small_topology,
    stock_of,
    take,
    told_in,
)
from shared.bus.tests.worker import POISON, Task, be, is_to_freeze
from store.commit import OUTBOX
from store.repository import Database, Repository
from testkit.fixtures import StackAddresses, drop
from testkit.forked import UNKNOWN, Forked, fork
from testkit.patience import IN_TIME, PATIENCE
from testkit.vaults import vaulted

ORDERS = range(60)
PLACES = (
    "before the handler",
    "inside the transaction",
    "after the commit, before the publish",
    "after the commit, before the acknowledgement",
    "between confirm and removal from the outbox",
)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a number of orders: `doubled` counts effects, `told twice` events under two ids."""

    counted: int
    lost: int
    doubled: int
    told: int
    told_twice: int
    left: int


KILLED = {-signal.SIGKILL, UNKNOWN}
"""How a worker ends that did not come to its end: that returns 0."""
ALL_WELL = Account(counted=len(ORDERS), lost=0, doubled=0, told=len(ORDERS), told_twice=0, left=0)


class Workplace:
    """One fault's own topology, database and workers."""

    def __init__(self, addresses: StackAddresses, database: Database, fault: str, folder: Path) -> None:
        token = f"{database.name[-6:]}-{fault.replace(' ', '-').replace(',', '')[-12:]}"
        self.amqp = addresses.amqp
        self.database = vaulted(database.client, f"test-{token}")
        self.topology: Topology = small_topology(token)
        self.task = Task(addresses.amqp, addresses.mongodb, self.database.name, token, fault, str(folder / token))
        self._tallies = Repository(self.database, "tallies", Tally)
        self._workers: list[Forked] = []

    @asynccontextmanager
    async def opened(self, orders: list[EncodedEvent]) -> AsyncIterator[None]:
        """Declare the topology and place the orders; remove everything afterwards."""
        await declare(self.amqp, self.topology)
        shop = Publisher(self.amqp, name="shop")
        try:
            await asyncio.gather(*(self._place(shop, each) for each in orders))
            yield
        finally:
            await shop.close()
            await remove(self.amqp, self.topology)
            await drop(self.database)
            for worker in self._workers:
                if worker.returncode is None:
                    worker.kill()
                await worker.wait()

    async def _place(self, shop: Publisher, order: EncodedEvent) -> None:
        await shop.publish(
            order.body, exchange=self.topology.exchange, routing_key=order.routing_key, message_id=order.id
        )

    async def start(self) -> Forked:
        """Start a worker."""
        self._workers.append(await asyncio.to_thread(fork, be, self.task, environment={}))
        return self._workers[-1]

    async def until_it_dies(self) -> int:
        """Start a worker and wait for its end."""
        async with asyncio.timeout(PATIENCE):
            return await (await self.start()).wait()

    async def numbers(self) -> list[int]:
        """Return what was counted."""
        return [number for tally in await self._tallies.find({}) for number in tally.numbers]

    async def all_is_done(self) -> bool:
        """Tell whether nothing waits any more, on the broker or in the outbox."""
        return (
            len(await self.numbers()) >= len(ORDERS) - 1
            and await self.database[OUTBOX].count_documents({}) == 0
            and await depth(self.amqp, stock_of(self.topology)) == 0
        )

    async def account(self) -> Account:
        """Count what became of the orders."""
        numbers = Counter(await self.numbers())
        told = defaultdict[object, set[str]](set)
        for message in await take(self.amqp, ledger_of(self.topology)):
            event = decode_event(message.body)
            assert isinstance(event.data, dict)
            told[event.data["number"]].add(event.id)
        return Account(
            counted=len(numbers),
            lost=len(set(ORDERS) - set(numbers)),
            doubled=sum(times - 1 for times in numbers.values()),
            told=len(told),
            told_twice=sum(len(ids) > 1 for ids in told.values()),
            left=await depth(self.amqp, dead_letters_of(stock_of(self.topology))),
        )


async def finish(workplace: Workplace) -> None:
    """Start a worker, wait until it has done everything, and see it stop in good order."""
    worker = await workplace.start()
    await eventually(workplace.all_is_done, every=0.1)
    worker.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        assert await worker.wait() == 0


def placed() -> list[EncodedEvent]:
    """Make orders of twenty cases."""
    return [order(n, case=f"case-{n % 20}") for n in ORDERS]


async def test_kill_9_at_any_point_loses_nothing_and_doubles_nothing(
    infrastructure: StackAddresses, database: Database, tmp_path: Path
) -> None:
    async def die_and_come_back(place: str) -> Account:
        workplace = Workplace(infrastructure, database, place, tmp_path)
        async with workplace.opened(placed()):
            assert await workplace.until_it_dies() in KILLED, place
            await finish(workplace)
            return await workplace.account()

    accounts = dict(zip(PLACES, await asyncio.gather(*map(die_and_come_back, PLACES)), strict=True))

    assert accounts == dict.fromkeys(PLACES, ALL_WELL)


@pytest.mark.parametrize("fault", ["inside the transaction, beside another", "frozen inside the transaction"])
async def test_a_survivor_goes_on_within_seconds_with_what_another_left_open(
    infrastructure: StackAddresses, database: Database, tmp_path: Path, fault: str
) -> None:
    """One case for all: whoever handles any of them needs the document that the other one has changed."""
    workplace = Workplace(infrastructure, database, fault, tmp_path)
    orders = [order(n, case="case-0") for n in ORDERS]
    async with workplace.opened(orders):
        victim = await workplace.start()
        await eventually(lambda: asyncio.to_thread(Path(workplace.task.died).exists))
        begun = time.perf_counter()
        survivor = await workplace.start()

        async def goes_on() -> bool:
            return bool(await workplace.numbers())

        await eventually(goes_on)
        seconds = time.perf_counter() - begun
        if is_to_freeze(workplace.task):
            victim.send_signal(signal.SIGCONT)
        await eventually(workplace.all_is_done, every=0.1)
        for worker in (victim, survivor):
            if worker.returncode is None:
                worker.send_signal(signal.SIGTERM)
        codes = [await worker.wait() for worker in (victim, survivor)]

        assert codes[0] in ({0} if is_to_freeze(workplace.task) else KILLED)
        assert codes[1] == 0
        assert await workplace.account() == ALL_WELL
    assert seconds < IN_TIME  # and not the minute after which the store itself ends what was left open


async def test_sigterm_ends_a_process_that_is_at_work_and_the_next_one_does_the_rest(
    infrastructure: StackAddresses, database: Database, tmp_path: Path
) -> None:
    async def is_at_work() -> bool:
        return len(await workplace.numbers()) > 5

    workplace = Workplace(infrastructure, database, "SIGTERM", tmp_path)
    async with workplace.opened(placed()):
        worker = await workplace.start()
        await eventually(is_at_work)
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await worker.wait() == 0
        assert len(await workplace.numbers()) < len(ORDERS)

        await finish(workplace)

        assert await workplace.account() == ALL_WELL


async def test_a_message_that_holds_the_process_is_stopped_and_ends_in_the_dead_letters_with_its_stack(
    infrastructure: StackAddresses, database: Database, tmp_path: Path
) -> None:
    async def is_given_up() -> bool:
        return await depth(infrastructure.amqp, dead_letters_of(stock_of(workplace.topology))) == 1

    workplace = Workplace(infrastructure, database, "hold", tmp_path)
    async with workplace.opened(placed()):
        worker = await workplace.start()
        await eventually(is_given_up, every=0.1)
        await eventually(workplace.all_is_done, every=0.1)
        assert worker.returncode is None
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0
        [letter] = await take(infrastructure.amqp, dead_letters_of(stock_of(workplace.topology)))
        account = await workplace.account()

    assert (letter.headers["x-reason"], letter.headers["x-exception"]) == ("holds-the-process", "HandlerStalledError")
    assert letter.headers["x-frame"] == "worker.py hold"
    assert "(a|a)*" in told_in(letter)["x-stack"]
    assert letter.headers["x-attempts"] == MOST_STALLS
    good = len(ORDERS) - 1
    assert account == Account(counted=good, lost=1, doubled=0, told=good, told_twice=0, left=0)


@pytest.mark.parametrize("fault", ["poison", "hold for good"])
async def test_a_message_that_kills_the_process_ends_in_the_dead_letters_and_all_others_are_handled(
    infrastructure: StackAddresses, database: Database, tmp_path: Path, fault: str
) -> None:
    async def keep_alive() -> None:
        while not ended.is_set():
            worker = await workplace.start()
            dying, ending = asyncio.create_task(worker.wait()), asyncio.create_task(ended.wait())
            await asyncio.wait({dying, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                worker.send_signal(signal.SIGTERM)
            codes.append(await dying)
            ending.cancel()

    ended, codes = asyncio.Event(), list[int]()
    workplace = Workplace(infrastructure, database, fault, tmp_path)
    async with workplace.opened(placed()):
        supervisor = asyncio.create_task(keep_alive())
        await eventually(workplace.all_is_done, every=0.1)
        ended.set()
        await supervisor

        [letter] = await take(infrastructure.amqp, dead_letters_of(stock_of(workplace.topology)))
        account = await workplace.account()

    assert (letter.headers["x-reason"], letter.headers["x-exception"]) == ("kills-the-process", "PoisonError")
    assert decode_event(letter.body).data == {"number": POISON, "note": ""}
    assert codes == [1, 1, 1, 0]  # twice among others, once alone, and then it was known
    good = len(ORDERS) - 1
    assert account == Account(counted=good, lost=1, doubled=0, told=good, told_twice=0, left=0)
