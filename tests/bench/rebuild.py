"""How fast the matcher rebuilds what came from the credential store out of the stream in which that is kept."""

from __future__ import annotations

import asyncio
import io
from time import perf_counter, process_time
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractExchange

from bus import topology
from bus.connection import connect
from bus.declare import declare
from bus.envelope import new_event_id
from bus.signatures import EventSigner, key_file
from local_stack.layout import ROOT
from local_stack.stack import Stack
from matcher.commands import trail, workplace
from matcher.commands.console import MatcherConsole
from matcher.commands.rebuild_projection import Rebuild
from matcher.config import Settings
from tests.bench.figures import Figure

CREDENTIALS = 20_000
GOAL = 10_000
"""Credentials a second."""
DATABASE = "bench-rebuild"

_TYPE = "credential-store.credential-stored.v1"
_OWNER = "credential-store"
_EXAMPLE = ROOT / "shared" / "contracts" / "events" / f"{_TYPE}.example.json"
_AT_ONCE = 500


async def rebuild(stack: Stack) -> list[Figure]:
    """Publish credentials, two a person, each encrypted and signed; rebuild a projection that was lost."""
    settings = Settings.model_validate({**stack.environment, "database": DATABASE})
    declared = topology.load(settings.topology)
    signer = EventSigner.from_file(_OWNER, settings.keys / key_file(_OWNER), settings.event_cipher(_OWNER, declared))
    async with await connect(stack.amqp_url, name="bench") as connection:
        channel = await connection.channel()
        await declare(declared, channel)
        exchange = await channel.get_exchange(declared.exchange, ensure=False)
        for start in range(0, CREDENTIALS, _AT_ONCE):
            numbers = range(start, start + _AT_ONCE)
            await asyncio.gather(*(_publish(exchange, _event(number, signer)) for number in numbers))
    stream = declared.extracts["matcher"].queue
    async with workplace.opened(settings) as work, trail.opened(stack.amqp_url, stream) as kept:
        begun, worked = perf_counter(), process_time()
        done = await Rebuild(work, kept, MatcherConsole("en", io.StringIO())).run()
        rate, worked = CREDENTIALS / (perf_counter() - begun), process_time() - worked
        assert done.changed == CREDENTIALS // 2
    return [
        Figure("credentials of the projection rebuilt", rate, "a second", rate / GOAL, goal=1.0, against=f"{GOAL:,}"),
        Figure("processor time of one, without broker and store", worked / CREDENTIALS * 1e6, "µs"),
    ]


async def _publish(exchange: AbstractExchange, body: bytes) -> None:
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await exchange.publish(message, _TYPE, mandatory=True)


def _event(number: int, signer: EventSigner) -> bytes:
    event: dict[str, Any] = orjson.loads(_EXAMPLE.read_bytes())
    holder = {"resident_id": f"res_{number // 2}", "index": f"{number // 2:064x}"}
    data = {**event["data"], "credential_id": f"crd_{number}", "holder": holder}
    return signer.sign(orjson.dumps(signer.cipher.encrypted_event({**event, "id": new_event_id(), "data": data})))
