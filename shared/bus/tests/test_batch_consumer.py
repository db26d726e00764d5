"""Whole messages are kept, in batches, before they are acknowledged; in a queue and from a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import aio_pika
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity

from bus.batch_consumer import BatchConsumer, RawMessage
from bus.topology import Topology, dead_letters_of
from shared.bus.tests.harness import Counted, declare, depth, eventually, ledger_of, put, remove, stock_of
from testkit.fixtures import StackAddresses

Take = Callable[[Sequence[RawMessage]], Awaitable[None]]


class Shelf:
    """Keeps what it is given, unless it is told to fail."""

    def __init__(self) -> None:
        self.kept: list[RawMessage] = []
        self.batches: list[int] = []
        self.failures = 0
        self.holds = 1_000
        """More than it can keep at once is too much for it."""
        self.opened = asyncio.Event()
        self.opened.set()

    async def take(self, batch: Sequence[RawMessage]) -> None:
        self.batches.append(len(batch))
        await self.opened.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the store is away")
        if len(batch) > self.holds:
            raise TimeoutError("the store did not get through")
        self.kept += batch

    def bodies(self) -> list[bytes]:
        return [raw.body for raw in self.kept]

    async def has(self, number: int) -> bool:
        return len(self.kept) >= number

    async def has_all(self, numbers: Iterable[int]) -> bool:
        return {str(n).encode() for n in numbers} <= set(self.bodies())


@asynccontextmanager
async def taking(
    amqp: str,
    declared: Topology,
    take: Take,
    *queues: str,
    start: int | None = None,
    together: int = 1,
    is_ours: Callable[[], bool] = lambda: True,
) -> AsyncIterator[BatchConsumer]:
    async def where() -> int | None:
        return start

    is_stream = queues == (declared.trail.queue,)
    intake = BatchConsumer(
        name="test",
        url=amqp,
        topology=declared,
        queues=queues,
        take=take,
        largest=50,
        start=where if is_stream else None,
        watch_every=0.2,
        together=together,
        is_ours=is_ours,
    )
    task = asyncio.create_task(intake.run())
    try:
        await eventually(intake.is_ready)
        yield intake
    finally:
        await intake.stop()
        await task


def numbered(first: int, end: int) -> list[aio_pika.Message]:
    return [
        aio_pika.Message(str(n).encode(), message_id=f"m{n}", headers={"x-n": n}, delivery_mode=2)
        for n in range(first, end)
    ]


async def test_where_one_process_is_enough_the_other_waits_and_takes_over(
    infrastructure: StackAddresses, small: Topology
) -> None:
    """As the trail is read by one of several processes, so that it is not read by all."""
    owner = 0

    def is_turn_of(process: int) -> bool:
        return owner == process

    shelves = [Shelf(), Shelf()]
    stream = small.trail.queue
    async with AsyncExitStack() as both:
        for n, shelf in enumerate(shelves):
            await both.enter_async_context(
                taking(infrastructure.amqp, small, shelf.take, stream, is_ours=partial(is_turn_of, n))
            )
        await put(infrastructure.amqp, small, *numbered(0, 5))
        await eventually(lambda: shelves[0].has_all(range(5)))
        assert shelves[1].kept == []

        owner = 1
        await put(infrastructure.amqp, small, *numbered(5, 10))

        await eventually(lambda: shelves[1].has_all(range(10)))


async def test_everything_in_several_queues_is_kept_with_all_that_is_known_of_it(
    infrastructure: StackAddresses, small: Topology
) -> None:
    shelf, queues = Shelf(), (ledger_of(small), stock_of(small))
    async with taking(infrastructure.amqp, small, shelf.take, *queues):
        await put(infrastructure.amqp, small, *numbered(0, 120), key=Counted.type)
        await put(infrastructure.amqp, small, *numbered(120, 130))
        await eventually(lambda: shelf.has(130))

    assert sorted(map(int, shelf.bodies())) == list(range(130))
    assert max(shelf.batches) <= 50
    raw = next(raw for raw in shelf.kept if raw.body == b"7")
    assert (raw.message_id, raw.headers["x-n"], raw.routing_key, raw.queue) == ("m7", 7, Counted.type, queues[0])
    assert [await depth(infrastructure.amqp, queue) for queue in queues] == [0, 0]


async def test_the_next_batch_is_begun_while_one_is_kept_and_acknowledged_after_it(
    infrastructure: StackAddresses, small: Topology
) -> None:
    """The second batch is never kept, the third is: both are delivered again, the first is not."""
    shelf, again = Shelf(), Shelf()
    second: list[RawMessage] = []

    async def take(batch: Sequence[RawMessage]) -> None:
        if not shelf.kept:  # what else there is comes meanwhile
            await eventually(lambda: _is_empty(infrastructure.amqp, small))
        elif not second:
            second.extend(batch)
        if second and batch[0] is second[0]:
            raise ConnectionError("the store is away")
        await shelf.take(batch)

    await put(infrastructure.amqp, small, *numbered(0, 120), key=Counted.type)
    async with taking(infrastructure.amqp, small, take, ledger_of(small), together=2):
        await eventually(lambda: shelf.has(1))
        first = shelf.batches[0]
        await eventually(lambda: shelf.has(first + 1))
    assert not {raw.body for raw in second} & set(shelf.bodies())
    async with taking(infrastructure.amqp, small, again.take, ledger_of(small), together=2):
        await eventually(lambda: again.has_all(range(first, 120)))
        await eventually(lambda: _is_empty(infrastructure.amqp, small))
    assert sorted(map(int, again.bodies())) == list(range(first, 120)), "each once, as only the first was acknowledged"


async def test_many_batches_taken_together_are_each_kept_once(infrastructure: StackAddresses, small: Topology) -> None:
    shelf = Shelf()
    shelf.failures = 3
    await put(infrastructure.amqp, small, *numbered(0, 400), key=Counted.type)
    async with taking(infrastructure.amqp, small, shelf.take, ledger_of(small), together=3):
        await eventually(lambda: shelf.has(400))
        await eventually(lambda: _is_empty(infrastructure.amqp, small))
    assert sorted(map(int, shelf.bodies())) == list(range(400))


async def _is_empty(amqp: str, small: Topology) -> bool:
    return await depth(amqp, ledger_of(small)) == 0


async def test_a_batch_that_cannot_be_kept_is_tried_again_and_nothing_is_acknowledged_before(
    infrastructure: StackAddresses, small: Topology
) -> None:
    shelf = Shelf()
    shelf.failures = 2
    async with taking(infrastructure.amqp, small, shelf.take, ledger_of(small)) as intake:
        await put(infrastructure.amqp, small, *numbered(0, 10), key=Counted.type)
        await eventually(lambda: shelf.has(10))
        assert await intake.is_ready()

    assert shelf.bodies() == [str(n).encode() for n in range(10)]


async def test_what_is_too_much_at_once_is_kept_part_by_part(infrastructure: StackAddresses, small: Topology) -> None:
    shelf = Shelf()
    shelf.holds = 7
    shelf.opened.clear()

    async def all_arrived() -> bool:
        return await depth(infrastructure.amqp, ledger_of(small)) == 0

    await put(infrastructure.amqp, small, *numbered(0, 40), key=Counted.type)
    async with taking(infrastructure.amqp, small, shelf.take, ledger_of(small)):
        await eventually(all_arrived)
        shelf.opened.set()
        await eventually(lambda: shelf.has(40))

    assert max(shelf.batches) > shelf.holds
    assert shelf.bodies() == [str(n).encode() for n in range(40)]
    assert await depth(infrastructure.amqp, ledger_of(small)) == 0


async def test_what_was_not_kept_when_it_stopped_is_delivered_to_the_next(
    infrastructure: StackAddresses, small: Topology
) -> None:
    stuck, shelf = Shelf(), Shelf()
    stuck.failures = 1_000
    async with taking(infrastructure.amqp, small, stuck.take, ledger_of(small)) as intake:
        await put(infrastructure.amqp, small, *numbered(0, 10), key=Counted.type)

        async def is_stuck() -> bool:
            return not await intake.is_ready()

        await eventually(is_stuck)

    async with taking(infrastructure.amqp, small, shelf.take, ledger_of(small)):
        await eventually(lambda: shelf.has(10))
    assert stuck.kept == []
    assert shelf.bodies() == [str(n).encode() for n in range(10)]


@pytest.mark.parametrize("start", [None, 4])
async def test_a_stream_is_read_from_where_it_was_left(
    infrastructure: StackAddresses, small: Topology, start: int | None
) -> None:
    shelf = Shelf()
    await declare(infrastructure.amqp, small)
    await put(infrastructure.amqp, small, *numbered(0, 10), key=Counted.type)
    async with taking(infrastructure.amqp, small, shelf.take, small.trail.queue, start=start):
        await eventually(lambda: shelf.has(10 - (start or 0)))

    assert [raw.offset for raw in shelf.kept] == list(range(start or 0, 10))
    assert shelf.bodies()[-1] == b"9"


async def test_a_queue_that_was_deleted_is_there_again_and_taken_in(
    infrastructure: StackAddresses, watched: Topology
) -> None:
    shelf = Shelf()
    async with taking(infrastructure.amqp, watched, shelf.take, ledger_of(watched), dead_letters_of(stock_of(watched))):
        await remove(infrastructure.amqp, watched)

        async def arrives() -> bool:
            # A queue may be there before its bindings, or be declared again while the exchange is still to be deleted.
            with suppress(ChannelNotFoundEntity):
                await put(infrastructure.amqp, watched, *numbered(9, 10), key=Counted.type)
            return await shelf.has(1)

        await eventually(arrives, every=0.2)
        await put(infrastructure.amqp, watched, *numbered(0, 5), key=Counted.type)
        await eventually(lambda: shelf.has_all(range(5)))
