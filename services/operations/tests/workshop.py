"""A workshop for replays: a small service on the real bus that fails when told to, and operations that repair it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import pytest
from fastapi import FastAPI

from bus.envelope import EncodedEvent
from bus.event import ConflictError, Outcome, Received
from bus.topology import DECLARED, OPERATIONS, Topology
from local_stack import tokens
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from operations import subscriptions
from operations.config import Settings
from operations.domain.failure import Failure, State
from operations.domain.search import ChosenFailures, Criteria
from operations.handlers import failures, replays
from operations.handlers.dependencies import Deps
from operations.handlers.replays import ShownReplay
from operations.main import create_app
from services.operations.tests import replay_worker
from shared.bus.tests.harness import (
    PlacedView,
    Station,
    Tallies,
    count,
    declare,
    eventually,
    hearing,
    order,
    remove,
    small_topology,
    station,
    stock_of,
)
from store.repository import Database
from testkit import signers
from testkit.fixtures import StackAddresses, empty
from testkit.forked import Forked, fork
from testkit.patience import PATIENCE
from web.service_runtime import ServiceRuntime

ResultT = TypeVar("ResultT")

ANN, BEN = "op-ann", "op-ben"
FASTEST = 2_000

_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["number", "note"],
    "properties": {
        "number": {"type": "integer", "minimum": 0, "description": "Which order"},
        "note": {"type": "string", "x-personal": True, "description": "For whom"},
    },
}


@dataclass(slots=True)
class Mood:
    """Which orders the service fails on; all of them, when it is None."""

    fails: set[int] | None = field(default_factory=set)
    message: str = "the shelf is broken"

    async def handle(self, event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        """Count an order, or fail."""
        if self.fails is None or event.data.number in self.fails:
            raise RuntimeError(self.message)
        return await count(event, tallies)


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is."""

    addresses: StackAddresses
    database: Database
    topology: Topology
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The settings of operations in this place."""
        return {
            "AMQP_URL": self.addresses.amqp,
            "MONGODB_URL": self.addresses.mongodb,
            "OPERATIONS_DATABASE": f"{self.database.name}-ops",
            "OPERATIONS_REPLAY_LEASE": "1.0",
            "OPERATIONS_CONTRACTS": str(self.folder / "contracts"),
            "YIZHENG_TOPOLOGY": str(self.folder / "topology.toml"),
            "YIZHENG_KEYS": str(self.folder),
            "YIZHENG_JWKS": str(self.folder / PUBLIC_KEYS),
            "YIZHENG_ISSUER": tokens.ISSUER,
            "YIZHENG_AUDIENCE": tokens.AUDIENCE,
        }

    def settings(self) -> Settings:
        """Read them."""
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            return Settings()
        finally:
            os.environ.clear()
            os.environ.update(before)


@asynccontextmanager
async def place(addresses: StackAddresses, database: Database, folder: Path) -> AsyncIterator[Place]:
    """Lay out a bus of a test's own."""
    declared = replace(small_topology(delays=()), edits=("shop.order-placed",))
    signers.write_private(folder, OPERATIONS)
    ensure_keys(folder)
    signers.write(folder, ("shop", "stock"))
    signers.write_secrets(folder, OPERATIONS, declared)
    (folder / "contracts").mkdir()
    (folder / "contracts" / "shop.order-placed.v1.schema.json").write_text(json.dumps(_SCHEMA), encoding="utf-8")
    (folder / "topology.toml").write_text(_written(declared), encoding="utf-8")
    here = Place(addresses, database, declared, folder)
    for name in (declared.declared, DECLARED):  # a process knows the second: the file names no other
        await declare(addresses.amqp, replace(declared, declared=name))
    try:
        yield here
    finally:
        await empty(database.client[f"{database.name}-ops"])
        await remove(addresses.amqp, declared)


def _written(declared: Topology) -> str:
    subscriptions = "\n".join(f'"{key}" = {json.dumps(services)}' for key, services in declared.subscriptions.items())
    trail = declared.trail
    return f"""exchange = "{declared.exchange}"
[trail]
queue = "{trail.queue}"
max_age = "{trail.max_age}"
max_bytes = {trail.max_bytes}
readers = ["operations"]
[edits]
events = ["shop.order-placed"]
[retry]
delays = {list(declared.delays)}
[subscriptions]
{subscriptions}
"""


@dataclass(slots=True)
class Operations:
    """Operations as operators use it."""

    place: Place
    runtime: ServiceRuntime
    deps: Deps
    app: FastAPI

    async def do(self, work: Callable[[], Awaitable[Outcome[ResultT]]]) -> ResultT:
        """Commit what a handler decides, as a route does."""
        for _ in range(20):
            outcome = await work()
            try:
                await self.runtime.commit(outcome)
            except ConflictError:
                continue
            assert outcome.result is not None
            return outcome.result
        message = "somebody else was always faster"
        raise AssertionError(message)

    async def prepare(self, *, rate: int = FASTEST, by: str = ANN, **selected: Any) -> str:  # noqa: ANN401 - any way
        """Prepare a replay of the failures that are selected; of all open ones unless told."""
        chosen = ChosenFailures(**(selected or {"search": Criteria()}))
        shown = await self.do(
            lambda: replays.prepare(chosen, reason="shelf repaired", by=by, rate=rate, deps=self.deps)
        )
        return shown.replay.id

    async def start(self, id: str, by: str = ANN) -> ShownReplay:
        """Start a replay."""
        return await self.do(lambda: replays.start(id, by=by, version=None, deps=self.deps))

    async def step(self, step: str, id: str, reason: str = "because") -> ShownReplay:
        """Pause, resume or cancel."""
        handler = {"pause": replays.pause, "resume": replays.resume, "cancel": replays.cancel}[step]
        return await self.do(lambda: handler(id, reason=reason, by=ANN, version=None, deps=self.deps))

    async def becomes(self, id: str, state: str, *, seconds: float = PATIENCE) -> ShownReplay:
        """Wait until a replay is in a state."""

        async def there() -> bool:
            return (await self.show(id)).replay.state == state

        try:
            await eventually(there, seconds=seconds, every=0.05)
        except TimeoutError as error:
            raise AssertionError(await self.show(id)) from error
        return await self.show(id)

    async def show(self, id: str) -> ShownReplay:
        """Look at a replay."""
        return await replays.show(id, self.deps)

    async def failures(self, *states: State) -> list[Failure]:
        """Return the failures in these states, whole."""
        return list((await self.deps.failures.many(await self._found(*states))).values())

    async def _found(self, *states: State) -> list[str]:
        return [each.id for each in await failures.search(Criteria(states=states), None, 5_000, self.deps)]

    async def has_failures(self, number: int, *states: State) -> None:
        """Wait until so many failures are in these states."""

        async def there() -> bool:
            return len(await self._found(*states)) == number

        await eventually(there, every=0.1)


@asynccontextmanager
async def operations(here: Place) -> AsyncIterator[Operations]:
    """Run operations in this process."""
    app = create_app(here.settings())
    async with app.router.lifespan_context(app):
        yield Operations(here, app.state.runtime, app.state.deps, app)


@asynccontextmanager
async def desk(here: Place) -> AsyncIterator[Operations]:
    """Decide about replays in this process; whatever runs beside requests, the driver too, runs in another one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscriptions, "background", lambda _runtime, _deps: ())
        async with operations(here) as ops:
            yield ops


@asynccontextmanager
async def worker(here: Place, fault: str = "none", turn: int = 0) -> AsyncIterator[Forked]:
    """Run operations as a process of its own, killed at the end at the latest."""
    process = fork(replay_worker.live, fault, turn, environment=here.environment, log=here.folder / "worker.log")
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def shop(here: Place, mood: Mood) -> AsyncIterator[Station]:
    """Run the service that counts orders, and fails as its mood is."""
    async with station(here.addresses.amqp, here.database, here.topology, hearing(mood.handle)) as running:
        yield running


async def fail(ops: Operations, running: Station, mood: Mood, orders: Sequence[EncodedEvent]) -> None:
    """Have orders fail, every one, and operations know of them; then the service is sound again."""
    mood.fails = None
    before = len(await ops.failures("open"))
    await running.place(orders)
    await ops.has_failures(before + len(orders), "open")
    mood.fails = set()


def orders(numbers: Iterable[int]) -> list[EncodedEvent]:
    """Return orders of a case each."""
    return [order(number, note="李育成") for number in numbers]


async def counted_once(running: Station, numbers: Collection[int]) -> bool:
    """Tell whether each of these was counted exactly once and nothing else was: lost 0, doubled 0."""
    return sorted(await running.counted()) == sorted(numbers)


async def delete_queue(here: Place) -> None:
    """Delete the queue of the service that counts."""
    async with await aio_pika.connect(here.addresses.amqp) as connection:
        await (await connection.channel()).queue_delete(stock_of(here.topology))


async def mend(here: Place) -> None:
    """Declare everything again, as the administrator does."""
    await declare(here.addresses.amqp, here.topology)


async def for_a_while(check: Callable[[], Awaitable[bool]], seconds: float = 0.6) -> bool:
    """Tell whether something stays true for a moment."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        if not await check():
            return False
        await asyncio.sleep(0.05)
    return True
