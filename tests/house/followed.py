"""Through how many files an event, a request and a dead letter are followed; run by `make house` only.

Each is done several times. Periodic work, which runs when nothing is asked too, does not count.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import reduce
from operator import or_
from pathlib import Path

import aio_pika
import orjson
import pytest

import applications.config
import applications.main
import matcher.config
import operations.config
import operations.main
from services.applications.tests import service as calling
from services.applications.tests.service import Service
from services.matcher.tests.outside import Outside
from services.matcher.tests.outside import running as matching
from services.operations.tests.letterbox import example, headers_of, later
from services.operations.tests.stage import environment
from store.repository import Database
from testkit.fixtures import StackAddresses, drop
from testkit.patience import eventually
from tests.house.structure import executed

Counted = Callable[[str, int], None]

TIMES = 5
AFTERWARDS = 0.3
"""Seconds for what follows the last effect that can be seen, such as the acknowledgement."""


async def followed(do: Callable[[int], Awaitable[None]]) -> int:
    """Do something several times, once more at first; print the files that it runs through and return their number.

    A file counts in which more was called each time than ever while nothing was asked for as long.
    """
    await do(0)
    begun = time.monotonic()
    each = [await _calls(do(number)) for number in range(1, TIMES + 1)]
    seconds = (time.monotonic() - begun) / TIMES
    idle = reduce(or_, [await _calls(asyncio.sleep(seconds)) for _ in range(TIMES)])
    files = sorted(path for path in each[0] if min(calls[path] for calls in each) > idle[path])
    print(*files, sep="\n")
    return len(files)


async def _calls(work: Awaitable[None]) -> Counter[Path]:
    with executed() as calls:
        await work
        await asyncio.sleep(AFTERWARDS)
    return calls


@pytest.fixture
async def outside(surroundings: pytest.MonkeyPatch, database: Database) -> AsyncIterator[Outside]:
    surroundings.setenv("MATCHER_DATABASE", database.name)
    async with matching(matcher.config.Settings()) as outside:
        yield outside


async def test_an_event_is_followed_through_few_files(outside: Outside, counted: Counted) -> None:
    async def match(number: int) -> None:
        card = {"name": "李育成", "birth_date": "1990-01-01"}
        await outside.submits("id-card", claims=card, requirement=f"{number}")
        await outside.hears("match-succeeded", requirement=f"{number}")

    await outside.registers()
    counted("files executed for an event", await followed(match))


@pytest.fixture
async def service(surroundings: pytest.MonkeyPatch, database: Database, bus: str) -> AsyncIterator[Service]:
    surroundings.setenv("APPLICATIONS_DATABASE", database.name)
    settings = applications.config.Settings()
    async with calling.running(applications.main.create_app(settings), bus, settings.keys, database) as service:
        yield service


async def test_a_request_is_followed_through_few_files(service: Service, counted: Counted) -> None:
    async def draft(_number: int) -> None:
        body: Mapping[str, object] = {"item": "residence-permit"}
        assert (await service.call("POST", "/v1/applications", body)).status_code == 201

    await service.knows("newcomer")
    counted("files executed for a request", await followed(draft))


async def test_a_dead_letter_is_followed_through_few_files(
    infrastructure: StackAddresses,
    surroundings: pytest.MonkeyPatch,
    database: Database,
    bus: str,
    tmp_path: Path,
    counted: Counted,
) -> None:
    name = f"{database.name}-ops"
    for variable, value in environment(tmp_path / "keys", bus, infrastructure.mongodb, name).items():
        surroundings.setenv(variable, value)
    app = operations.main.create_app(operations.config.Settings())
    kept = database.client[name]["failures"]
    try:
        async with app.router.lifespan_context(app), await aio_pika.connect(bus) as connection:
            exchange = await (await connection.channel()).get_exchange("dead-letters")

            async def take_in(number: int) -> None:
                event = example(id=f"event-{number}")
                letter = aio_pika.Message(orjson.dumps(event), headers=headers_of(event, later(number)))
                await exchange.publish(letter, routing_key="matcher")

                async def is_kept() -> bool:
                    return await kept.count_documents({}) == number + 1

                await eventually(is_kept)

            counted("files executed for a dead letter", await followed(take_in))
    finally:
        await drop(database.client[name])
