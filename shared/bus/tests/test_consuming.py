from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import aio_pika
import pytest

from bus.envelope import BrokenMessageError, EncodedEvent, decode_event
from bus.event import NOTHING, Change, ConflictError, NotYet, Outcome, Received
from bus.failures import STALLS
from bus.replay import ROUNDS, WAITS
from bus.topology import Topology, dead_letters_of
from shared.bus.tests.harness import (
    QUICK,
    Counted,
    PlacedView,
    Tallies,
    Tally,
    count,
    declare,
    depth,
    eventually,
    hearing,
    ledger_of,
    order,
    put,
    station,
    stock_of,
    take,
    told_in,
)
from store.commit import INBOX, tombstone
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.patience import PATIENCE
from testkit.signers import signed


async def letters(amqp: str, small: Topology) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Wait for dead letters and take them all."""
    queue = dead_letters_of(stock_of(small))

    async def there_are_some() -> bool:
        return await depth(amqp, queue) > 0

    await eventually(there_are_some, every=0.1)
    return await take(amqp, queue)


async def test_an_order_is_counted_and_the_count_told_to_the_next_service(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    cause = order(7, case="case-a")
    async with station(infrastructure.amqp, database, small) as stock:
        await stock.publish(cause)
        await eventually(lambda: stock.has_counted([7]))
        await eventually(stock.outbox_is_empty)

    [told] = await take(infrastructure.amqp, ledger_of(small))
    event = decode_event(told.body)
    assert (event.type, event.case, event.cause, event.data) == (Counted.type, "case-a", cause.id, {"number": 7})
    assert event.source == "/yizheng/stock"
    assert (told.message_id, told.content_type) == (event.id, "application/cloudevents+json")
    assert (event.traceparent or "").split("-")[1] == (decode_event(cause.body).traceparent or "").split("-")[1]
    assert await depth(infrastructure.amqp, stock_of(small)) == 0


async def test_the_same_event_many_times_at_once_and_later_is_counted_once(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    event, last = order(1), order(2)
    async with station(infrastructure.amqp, database, small) as stock:
        await put(infrastructure.amqp, small, *[aio_pika.Message(event.body)] * 30)
        await eventually(lambda: stock.has_counted([1]))
        await put(infrastructure.amqp, small, aio_pika.Message(event.body), aio_pika.Message(last.body))
        await eventually(lambda: stock.has_counted([1, 2]))

    assert await depth(infrastructure.amqp, stock_of(small)) == 0
    assert await depth(infrastructure.amqp, dead_letters_of(stock_of(small))) == 0
    assert len(await take(infrastructure.amqp, ledger_of(small))) == 2


async def test_an_id_that_comes_with_another_body_is_a_dead_letter(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    first, second = order(1), order(2)
    reused = signed(second.body.replace(second.id.encode(), first.id.encode()))
    async with station(infrastructure.amqp, database, small) as stock:
        await stock.publish(first)
        await eventually(lambda: stock.has_counted([1]))
        await put(infrastructure.amqp, small, aio_pika.Message(reused))

        [letter] = await letters(infrastructure.amqp, small)

        assert letter.headers["x-reason"] == "id-reused"
        assert letter.body == reused
        assert await stock.has_counted([1])


async def test_a_conflict_runs_the_handler_again_and_counts_no_failure(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def overtaken(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        runs.append(event.data.number)
        if len(runs) < 5:
            raise ConflictError("somebody was faster")
        return await count(event, tallies)

    runs: list[int] = []
    async with station(infrastructure.amqp, database, small, hearing(overtaken)) as stock:
        await stock.publish(order(1))
        await eventually(lambda: stock.has_counted([1]))

    assert runs == [1] * 5


async def test_many_cases_that_change_one_document_are_all_counted_without_a_retry(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def count_together(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        deliveries[event.data.number] += 1
        return await count(replace(event, case="all"), tallies)

    deliveries: defaultdict[int, int] = defaultdict(int)
    never = replace(small, delays=(600.0,))
    await declare(infrastructure.amqp, never)
    async with station(infrastructure.amqp, database, never, hearing(count_together)) as stock:
        await stock.place([order(n) for n in range(30)])
        await eventually(lambda: stock.has_counted(range(30)))


async def test_two_processes_that_share_cases_count_every_order_once(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    orders = [order(n, case=f"case-{n % 4}") for n in range(80)]
    async with (
        station(infrastructure.amqp, database, small) as one,
        station(infrastructure.amqp, database, small) as other,
    ):
        await one.place(orders)
        await eventually(lambda: one.has_counted(range(80)))
        await eventually(other.outbox_is_empty)

    assert await depth(infrastructure.amqp, dead_letters_of(stock_of(small))) == 0
    assert await depth(infrastructure.amqp, ledger_of(small)) == 80


async def test_one_case_stays_in_order_while_others_run_beside_it(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def slow_at_first(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        running.add(event.case)
        most_beside.append(len(running))
        if event.data.number == 0:
            await asyncio.wait_for(others_are_done.wait(), PATIENCE)
        running.discard(event.case)
        return await count(event, tallies)

    others_are_done = asyncio.Event()
    running: set[str] = set()
    most_beside: list[int] = []
    async with station(infrastructure.amqp, database, small, hearing(slow_at_first)) as stock:
        for n in range(10):  # the first of its case holds up the nine behind it, and nobody else
            await stock.publish(order(n, case="slow"))
        await stock.place([order(n) for n in range(10, 30)])
        await eventually(lambda: stock.has_counted(range(10, 30)))
        others_are_done.set()
        await eventually(lambda: stock.has_counted(range(30)))

        slow = await stock.tallies.get("slow")
        assert slow is not None
        assert slow.numbers == tuple(range(10))
    assert max(most_beside) > 1


async def test_an_event_whose_subject_comes_late_waits_for_it(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def only_after_the_first(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        if event.data.number != 1 and await tallies.get("case-1") is None:
            waited.append(event.data.number)
            raise NotYet("order 1")
        return await count(event, tallies)

    waited: list[int] = []
    async with station(infrastructure.amqp, database, small, hearing(only_after_the_first)) as stock:
        await stock.publish(order(2))
        await eventually(lambda: waited_for(waited, times=4))
        assert await stock.counted() == []
        await stock.publish(order(1))
        await eventually(lambda: stock.has_counted([1, 2]))

    assert await depth(infrastructure.amqp, dead_letters_of(stock_of(small))) == 0


async def waited_for(waited: list[int], *, times: int) -> bool:
    return len(waited) >= times


async def test_a_subject_that_never_appears_ends_in_the_dead_letters(
    infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait_for_ever(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        raise NotYet("no resident res_1")

    monkeypatch.setattr("bus.failures.LONGEST_WAIT", 3)
    lost = order(1)
    async with station(infrastructure.amqp, database, small, hearing(wait_for_ever)) as stock:
        await stock.publish(lost)

        [letter] = await letters(infrastructure.amqp, small)

    assert letter.headers["x-reason"] == "subject-unknown"
    assert told_in(letter)["x-rule"] == "no resident res_1"
    assert letter.headers[WAITS] == 3
    assert letter.body == lost.body


async def test_nothing_waits_for_a_case_that_is_gone(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def wait_for_ever(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        waited.append(event.data.number)
        raise NotYet("no application app_1")

    waited: list[int] = []
    late, other = order(1, case="app_1"), order(2, case="app_2")
    async with station(infrastructure.amqp, database, small, hearing(wait_for_ever)) as stock:
        await stock.commit(writes=[tombstone("app_1", datetime.now(UTC))])
        await stock.place([late, other])
        await eventually(lambda: waited_for(waited, times=4))
        assert [row["_id"] async for row in database[INBOX].find({})] == [late.id]

    assert waited.count(1) == 1


async def test_a_change_that_the_store_does_not_know_is_a_failure_and_nothing_of_its_outcome_is_kept(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def count_and_lose(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        counted = await count(event, tallies)
        return replace(counted, changes=[*counted.changes, Change()])

    async with station(infrastructure.amqp, database, small, hearing(count_and_lose)) as stock:
        await stock.publish(order(1))

        [letter] = await letters(infrastructure.amqp, small)
        assert await stock.counted() == []

    assert letter.headers["x-exception"] == "TypeError"
    assert told_in(letter)["x-message"] == "this store commits Write and can't commit Change"


async def test_a_failing_handler_is_tried_at_once_then_later_then_given_up_with_its_whole_story(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def fail(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        loop = asyncio.get_running_loop()
        times.append(loop.time())
        raise LookupError("there is no shelf for it")

    times: list[float] = []
    lost = order(1, case="case-x")
    async with station(infrastructure.amqp, database, small, hearing(fail)) as stock:
        await stock.publish(lost)

        [letter] = await letters(infrastructure.amqp, small)

    rounds = 1 + len(small.delays)
    assert len(times) == rounds * QUICK.immediate_attempts
    assert times[2] - times[1] >= small.delays[0]
    assert times[4] - times[3] >= small.delays[1]
    assert "shelf" not in str(letter.headers)
    told = {name: value for name, value in told_in(letter).items() if name.startswith("x-")}
    assert told.pop("x-delivery-count", 0) == 0  # from RabbitMQ 4 a first delivery has none
    assert "in fail" in str(told.pop("x-stack"))
    assert str(told.pop("x-failed-at")).endswith("+00:00")
    assert str(told.pop("x-handler")).endswith(".fail")
    assert told == {
        "x-reason": "handler-failed",
        "x-service": stock_of(small),
        "x-exception": "LookupError",
        "x-message": "there is no shelf for it",
        "x-frame": "test_consuming.py fail",
        "x-path": "",
        "x-rule": "",
        "x-event-type": lost.routing_key,
        "x-event-id": lost.id,
        "x-case": "case-x",
        WAITS: 0,
        STALLS: 0,
        "x-attempts": rounds * QUICK.immediate_attempts,
        ROUNDS: len(small.delays),
    }
    assert letter.body == lost.body


async def test_a_handler_that_works_the_second_time_is_not_put_off(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def fail_once(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        runs.append(event.data.number)
        if len(runs) == 1:
            raise LookupError("not this time")
        return await count(event, tallies)

    runs: list[int] = []
    async with station(infrastructure.amqp, database, replace(small, delays=(600.0,)), hearing(fail_once)) as stock:
        await stock.publish(order(1))
        await eventually(lambda: stock.has_counted([1]))


async def test_a_handler_that_hangs_is_a_failure_and_nothing_else(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def hang(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        if event.data.number == 1:
            await asyncio.Event().wait()
        return await count(event, tallies)

    limits = replace(QUICK, handler_timeout=0.1)
    async with station(infrastructure.amqp, database, small, hearing(hang), limits=limits) as stock:
        await stock.place([order(1), order(2)])
        await eventually(lambda: stock.has_counted([2]))

        [letter] = await letters(infrastructure.amqp, small)

    assert letter.headers["x-exception"] == "TimeoutError"


async def test_what_the_handler_knows_to_be_broken_is_given_up_at_once(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def refuse(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        runs.append(1)
        raise BrokenMessageError("wrong-schema", "/data/number", "an even number")

    runs: list[int] = []
    async with station(infrastructure.amqp, database, small, hearing(refuse)) as stock:
        await stock.publish(order(1, case="c"))
        [letter] = await letters(infrastructure.amqp, small)

    assert [letter.headers[f"x-{name}"] for name in ("reason", "path", "case")] == ["wrong-schema", "/data/number", "c"]
    assert runs == [1]


async def test_a_repetition_that_fails_where_the_first_did_not_is_ignored(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def count_or_complain(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        if await tallies.get(event.case) is not None:
            raise LookupError("it is there already")
        return await count(event, tallies)

    event = order(1)
    async with station(infrastructure.amqp, database, small, hearing(count_or_complain)) as stock:
        await stock.publish(event)
        await eventually(lambda: stock.has_counted([1]))
        await stock.publish(event)
        await stock.publish(order(2))
        await eventually(lambda: stock.has_counted([1, 2]))

    assert await depth(infrastructure.amqp, dead_letters_of(stock_of(small))) == 0


async def test_old_news_is_remembered_and_changes_nothing(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def ignore(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        return NOTHING

    event = order(1)
    async with station(infrastructure.amqp, database, small, hearing(ignore)) as stock:
        await stock.publish(event)
        await eventually(lambda: is_remembered(database, event))
        assert await stock.counted() == []


async def is_remembered(database: Database, event: EncodedEvent) -> bool:
    return await database[INBOX].find_one({"_id": event.id}) is not None


async def test_a_message_that_one_service_gave_up_does_not_trouble_the_next_one(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def fail_for_odd(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        if event.data.number % 2:
            raise LookupError("odd")
        return await count(event, tallies)

    async with station(infrastructure.amqp, database, small, hearing(fail_for_odd)) as stock:
        await stock.place([order(n, case="one") for n in range(10)])
        await eventually(lambda: stock.has_counted(range(0, 10, 2)))

        gone: list[aio_pika.abc.AbstractIncomingMessage] = []
        while len(gone) < 5:
            gone += await letters(infrastructure.amqp, small)

        assert await database["tallies"].find_one({"_id": "one", "version": 5}) is not None
    assert Tally(id="one").version == 0
