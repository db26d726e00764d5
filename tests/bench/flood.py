"""How long one department waits for its answer while another floods, against how long it waits otherwise.

The flood is one department's records, all of one holder or each of another, which wait before the first is measured.
Then a department that sends one record after the other measures from the send to the answer in its queue. Rates are
of its slowest twentieth (p95), so that a ratio of 0.83 is a wait that is 1.2 times as long.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import aio_pika
import orjson

from bus.connection import connect
from bus.envelope import new_event_id
from testkit.signers import signed
from tests.bench.figures import Figure, in_turns, ratio_of

FLOOD = 5_000
ASKED = 100
PAUSE = 0.02
"""Seconds between an answer and the next record."""
GOAL = 1 / 1.2
KEY = "health.department-record-published.v1"
OTHER = "civil"
OTHERS_KEY = f"{OTHER}.department-record-published.v1"
REPLIES = f"{OTHER}.replies"
SMALL_QUOTA = 200

FLOODS = {
    "another's answers beside a flood of one holder": (True, False),
    "another's answers beside a flood of many holders": (False, False),
    "another's answers beside one that is above its quota": (False, True),
}
"""Whether it is of one holder, and whether its quota is used up when the first is measured."""

Json = dict[str, Any]
Measuring = Callable[[bool | None, bool], Awaitable[float]]
"""Measures the other's answers beside a flood of one holder, of many, or none, with a small quota or not."""


async def others_wait(measure: Measuring, name: str, rounds: int) -> Figure:
    """Measure with and without the flood, in turns."""
    of_one, slowed = FLOODS[name]
    flooded, alone = await in_turns(lambda: measure(of_one, slowed), lambda: measure(None, slowed), rounds)
    return ratio_of(name, flooded, alone, unit="slowest answers/s", goal=GOAL, against="without the flood")


def with_small_quota(topology: Path, folder: Path) -> Path:
    """Write the topology with a quota that the flood is far above; the one of the other stays as it is."""
    text = topology.read_text(encoding="utf-8")
    per_hour = tomllib.loads(text)["departments"]["health"]["per_hour"]
    head, section, rest = text.partition("[departments.health]")
    changed = folder / "topology.toml"
    changed.write_text(head + section + rest.replace(f"per_hour = {per_hour:_}", f"per_hour = {SMALL_QUOTA}", 1))
    return changed


def flood(example: Json, keys: Path, *, one_holder: bool) -> list[bytes]:
    """Make the flood, signed: as many records as are sent at once, of one holder or each of another."""

    def event(number: int) -> Json:
        holder = f"{0 if one_holder else number:064x}"
        # Of one holder they are the same fifty records again and again: nobody may have so many.
        record = {"record_id": f"vac-{number % 50 if one_holder else number}", "sequence": number + 1}
        data = {**example["data"], **record, "holder_index": holder}
        return {**example, "id": new_event_id(), "correlationid": holder, "data": data}

    return [signed(event(number), folder=keys) for number in range(FLOOD)]


async def slowest_answers(url: str, keys: Path) -> float:
    """Send one record after the other and wait for each answer; return the rate of the slowest twentieth (1/s)."""
    waits = []
    async with await connect(url, name="bench other") as connection:
        channel = await connection.channel()
        replies = await channel.get_queue(REPLIES, ensure=False)
        await replies.purge()
        answered: asyncio.Queue[str] = asyncio.Queue()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            answered.put_nowait(orjson.loads(message.body)["data"]["event_id"])
            await message.ack()

        await replies.consume(take)
        exchange = await channel.get_exchange(f"{OTHER}.messages", ensure=False)
        for number in range(ASKED):
            event = _account(number)
            begun = perf_counter()
            body = signed(event, folder=keys)
            await exchange.publish(aio_pika.Message(body, message_id=event["id"]), OTHERS_KEY)
            while await answered.get() != event["id"]:
                pass
            waits.append(perf_counter() - begun)
            await asyncio.sleep(PAUSE)
    return 1 / quantiles(waits, n=20)[-1]


def _account(number: int) -> Json:
    """Make a record of a bank account that wants its receipt."""
    holder = f"{number + 1_000_000:064x}"
    data = {
        "record_id": f"account-{number}-{new_event_id()}",
        "document_type": "bank-account",
        "holder_index": holder,
        "department": OTHER,
        "fields": {"name": "李小龙", "account_number": f"62220000{number:08d}"},
        "valid_from": "2026-01-05",
        "valid_until": None,
        "sequence": 1,
    }
    return {
        "specversion": "1.0",
        "id": new_event_id(),
        "source": f"/yizheng/{OTHER}",
        "type": OTHERS_KEY,
        "time": "2026-11-23T09:30:00Z",
        "datacontenttype": "application/json",
        "correlationid": holder,
        "receipt": "wanted",
        "data": data,
    }
