"""Operations against the yardsticks: dead letters taken in and sent back, searches, the trail of one case.

Everything goes through the service's own intakes, handlers and stores. The raw loop that both rates stand against
consumes, validates with pydantic, publishes one confirmed event and acknowledges (see `tests.bench.bus`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

import aio_pika
from fastapi import FastAPI

from bus import topology
from bus.connection import connect
from bus.consumer import Consumer, ConsumerLimits
from bus.declare import declare
from bus.event import ConflictError, Outcome, Received
from bus.publisher import Publisher
from bus.reader import Subscription
from bus.topology import DEAD_LETTER_EXCHANGE, dead_letters_of
from operations import subscriptions
from operations.config import Settings
from operations.domain.letter import failure_id
from operations.domain.search import ChosenFailures, Criteria
from operations.handlers import groups, replays
from operations.handlers.dependencies import Deps
from operations.main import create_app
from store.repository import Database
from testkit import signers
from tests.bench.bus import BENCH, MESSAGES, Bench
from tests.bench.figures import Figure, Run, in_turns, ratio_of
from tests.bench.operations_bare import Bare
from tests.bench.operations_material import SERVICE, TYPE, Heard, letter, letter_headers, written_topology
from tests.bench.stand_ins import Countdown, Direct, Unstored
from web.service_runtime import ServiceRuntime

UNLIMITED = 1_000_000
"""Messages a second: more than anybody sends."""
DATABASE = "bench-operations"
BY = "op-bench"
_LONGEST = 300.0
_LOOP = "raw aio-pika loop"


@dataclass(frozen=True, slots=True)
class Running:
    """Operations in this process."""

    runtime: ServiceRuntime
    deps: Deps

    async def commit(self, work: Callable[[], Awaitable[Outcome[Any]]]) -> Any:  # noqa: ANN401 - whatever it decides
        """Commit what a handler decides."""
        outcome = await work()
        await self.runtime.commit(outcome)
        return outcome.result

    async def count(self) -> None:
        """Have groups count what was taken in, unless the service does so at that moment."""
        for outcome in await groups.compact(self.deps):
            with suppress(ConflictError):
                await self.runtime.commit(outcome)


class Workplace:
    """One broker and one store on which operations and the raw loop take turns."""

    def __init__(self, amqp_url: str, mongodb_url: str, database: Database, keys: Path, folder: Path) -> None:
        self.amqp_url = amqp_url
        signers.write(keys, ["matcher"])
        self.database = database
        self._runs = 0
        self._last = ""
        self.settings = Settings.model_validate(
            {
                "AMQP_URL": amqp_url,
                "MONGODB_URL": mongodb_url,
                "YIZHENG_KEYS": keys,
                "YIZHENG_JWKS": str(keys / "jwks.json"),
                "YIZHENG_ISSUER": "bench",
                "YIZHENG_AUDIENCE": "bench",
                "YIZHENG_TOPOLOGY": written_topology(folder),
                "database": DATABASE,
                "fastest_replay": UNLIMITED,
            }
        )
        self.topology = topology.load(self.settings.topology)
        signers.write_secrets(keys, "operations", self.topology)

    @asynccontextmanager
    async def running(self, *, alone: bool) -> AsyncIterator[Running]:
        """Run operations; `alone` without anything that runs beside requests."""
        background = (lambda _runtime, _deps: ()) if alone else subscriptions.background
        with patch.object(subscriptions, "background", background):
            app: FastAPI = create_app(self.settings)
        async with await connect(self.amqp_url, name="bench") as connection:
            await declare(self.topology, await connection.channel())
        async with app.router.lifespan_context(app):
            yield Running(app.state.runtime, app.state.deps)

    async def letters(self, rounds: int) -> list[Figure]:
        """Take dead letters in, in turns with the raw loop and with the writes that nobody can do without."""
        bench, bare = Bench(self.amqp_url), Bare(self.amqp_url, self.database)
        taken, raw = await in_turns(self.take_in, bench.raw_alone, rounds)
        kept, raw_kept = await in_turns(self.take_in, self._filled(bare.take_in), rounds)
        return [
            _ratio("dead letters taken in", taken, raw, _LOOP, goal=0.5),
            _ratio("dead letters taken in", kept, raw_kept, "the same letters written raw"),
            _ratio("the same letters written raw", raw_kept, raw, _LOOP),
        ]

    async def replays(self, rounds: int) -> list[Figure]:
        """Send them back, in turns with the raw loop."""
        sent, raw = await in_turns(self.replay, Bench(self.amqp_url).raw_alone, rounds)
        return [_ratio("dead letters replayed", sent, raw, _LOOP, goal=0.5)]

    async def bare_replays(self, rounds: int) -> list[Figure]:
        """Send them back, in turns with the same messages sent and marked raw; and these with the raw loop."""
        bench, bare = Bench(self.amqp_url), Bare(self.amqp_url, self.database)
        sent, closed = await in_turns(self.replay, self._filled(bare.send_back), rounds)
        again, raw = await in_turns(bare.send_back, bench.raw_alone, rounds)
        return [
            _ratio("dead letters replayed", sent, closed, "the same messages sent and marked raw"),
            _ratio("the same messages sent and marked raw", again, raw, _LOOP),
        ]

    def _filled(self, work: Run[float]) -> Run[float]:
        async def fill_first() -> float:
            await self._fill()
            return await work()

        return fill_first

    async def take_in(self) -> float:
        """From the first letter taken to the last one stored, acknowledged and counted by its group."""
        self.begin_anew()
        await self._fill()
        async with self.running(alone=True) as ops:
            intake = subscriptions.background(ops.runtime, ops.deps)[0]
            begun = perf_counter()
            task = asyncio.create_task(intake.run())
            await self._until_stored(ops)
            await ops.count()
            seconds = perf_counter() - begun
            await intake.stop()
            await task
        return MESSAGES / seconds

    async def replay(self) -> float:
        """From the start of a replay to its last receipt: sent, confirmed, handled, told, closed."""
        self.begin_anew()
        await self._fill()
        async with self.running(alone=False) as ops, self._hearing():
            await self._until_stored(ops)
            chosen = ChosenFailures(search=Criteria())
            work = replays.prepare(chosen, reason="bench", by=BY, rate=UNLIMITED, deps=ops.deps)
            shown = await ops.commit(lambda: work)
            begun = perf_counter()
            await ops.commit(lambda: replays.start(shown.replay.id, by=BY, version=None, deps=ops.deps))
            await self._until_done(shown.replay.id, ops)
            return MESSAGES / (perf_counter() - begun)

    async def _until_done(self, id: str, ops: Running) -> None:
        async with asyncio.timeout(_LONGEST):
            while (shown := await replays.show(id, ops.deps)).replay.state != "done":
                if shown.replay.state not in {"prepared", "running"}:
                    raise RuntimeError(f"the replay is {shown.replay.state}: {shown.replay.problem}")
                await asyncio.sleep(0.5)

    async def _until_stored(self, ops: Running) -> None:
        async with asyncio.timeout(_LONGEST):
            while await ops.deps.failures.get(self._last) is None:  # noqa: ASYNC110 - far away
                await asyncio.sleep(0.2)

    def begin_anew(self) -> None:
        """Go on in another database: to empty one takes some stores longer than the figure itself."""
        self._runs += 1
        self.settings = self.settings.model_copy(update={"database": f"{DATABASE}-{self._runs}"})

    async def _fill(self) -> None:
        """Put the dead letters into the queue; they are taken in in order, so that the last one tells of all."""
        async with await connect(self.amqp_url, name="bench") as connection:
            channel = await connection.channel()
            await declare(self.topology, channel)  # the queue is filled before operations runs
            await (await channel.get_queue(dead_letters_of(SERVICE))).purge()
            exchange = await channel.get_exchange(DEAD_LETTER_EXCHANGE)
            for start in range(0, MESSAGES, 500):
                numbers = range(start, start + 500)
                messages = [_message(number) for number in numbers]
                await asyncio.gather(*(exchange.publish(each, SERVICE, mandatory=True) for each in messages))
                self._last = failure_id(SERVICE, messages[-1].body)

    @asynccontextmanager
    async def _hearing(self) -> AsyncIterator[None]:
        """Run the service that gets the messages back, without a store: the replay is what is measured."""
        publisher = Publisher(self.amqp_url, name=SERVICE, topology=self.topology)
        committer, relay = Unstored(), Direct(publisher, BENCH, Countdown(0))
        consumer = Consumer(
            service=SERVICE,
            url=self.amqp_url,
            topology=self.topology,
            subscriptions=[Subscription(TYPE, Heard, _hear)],
            deps=None,
            committer=committer,
            relay=relay,
            publisher=publisher,
            signer=signers.signer(SERVICE),
            keys=signers.keys(self.topology),
            limits=ConsumerLimits(),
        )
        task = asyncio.create_task(consumer.run())
        try:
            yield
        finally:
            await consumer.stop()
            await task
            await publisher.close()


def _ratio(
    name: str, ours: Sequence[float], yardstick: Sequence[float], against: str, goal: float | None = None
) -> Figure:
    return ratio_of(name, ours, yardstick, unit="messages/s", goal=goal, against=against)


async def _hear(_event: Received[Heard], _deps: None) -> Outcome[None]:
    return Outcome()


def _message(number: int) -> aio_pika.Message:
    return aio_pika.Message(
        letter(number),
        message_id=f"letter-{perf_counter()}-{number}",
        headers=letter_headers(number),
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
