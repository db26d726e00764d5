"""Every released example of every version meets today's consumers, as it would if it came back: none is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aio_pika
from pymongo import AsyncMongoClient

from bus.envelope import new_event_id
from bus.failures import NOT_SIGNED_BY_PERSON
from bus.topology import OPERATIONS, RETRY_EXCHANGE
from testkit.entrances import entrance_of
from testkit.persons import with_person
from testkit.signers import signed
from tests.contract.catalogue import readers, readers_by_upcast
from tests.contract.example_persons import person_of
from tests.contract.published import examples, read
from tests.contract.release import RELEASED, released_types
from tests.end_to_end.redelivery import stop_waiting
from tests.end_to_end.town import Town
from tests.journeys.waiting import until

UNSIGNED = {"reason": NOT_SIGNED_BY_PERSON}
"""What gives or takes a right is read as ever, and counts only signed since the day that the topology names."""
Key = tuple[str, str]
"""A service and the id of an event that it is to handle."""


@dataclass(frozen=True)
class Sent:
    """An example under a new id, and who is to handle it: whose queue is bound, and who reads it as its successor."""

    file: str
    message: dict[str, Any]
    bound: Sequence[str]
    by_upcast: Sequence[str]

    @property
    def keys(self) -> list[Key]:
        return [(service, self.message["id"]) for service in (*self.bound, *self.by_upcast)]


def released(keys: Path) -> list[Sent]:
    """Every example; each record is one that nobody has heard of, so that only its form can be refused."""
    sent = []
    for event_type in released_types():
        for path in examples(event_type, RELEASED):
            message = {**read(path), "id": new_event_id()}
            person = person_of(message) if "person" in message["data"] else None
            if "record_id" in message["data"]:
                message["data"]["record_id"] += f"-{message['id']}"
            if person is not None:
                message["correlationid"] = message["data"]["record_id"]
                message = with_person(message, person, keys)
            sent.append(Sent(path.name, message, readers(event_type), readers_by_upcast(event_type)))
    return sent


async def send(town: Town, sent: Sequence[Sent]) -> None:
    """Publish each where it is published today, or back to the service that still reads an old one."""
    async with (
        await aio_pika.connect(town.system.amqp_url) as connection,
        await aio_pika.connect(town.stack.account_url(OPERATIONS)) as of_operations,
    ):
        channel = await connection.channel()
        retry = await (await of_operations.channel()).get_exchange(RETRY_EXCHANGE, ensure=False)
        for each in sent:
            body = aio_pika.Message(
                signed(each.message, folder=town.stack.layout.keys), delivery_mode=aio_pika.DeliveryMode.PERSISTENT
            )
            if each.bound:
                events = await channel.get_exchange(entrance_of(each.message["type"]), ensure=False)
                await events.publish(body, each.message["type"])
            for service in each.by_upcast:
                body.user_id = OPERATIONS
                await retry.publish(body, service)


async def missing(town: Town, wanted: Mapping[Key, str]) -> list[str]:
    """The examples that were neither handled, nor wait for a subject that is not known, nor lack what people sign."""
    async with AsyncMongoClient[dict[str, Any]](town.stack.mongodb_url) as client:
        handled: set[Key] = set()
        for service in {service for service, _ in wanted}:
            ids = [event_id for it, event_id in wanted if it == service]
            handled |= {(service, it["_id"]) async for it in client[service]["inbox"].find({"_id": {"$in": ids}})}
            refused = client["operations"]["failures"].find({"event_id": {"$in": ids}, "service": service, **UNSIGNED})
            handled |= {(service, it["event_id"]) async for it in refused}
    waiting = {
        (service, event_id)
        for service in {service for service, _ in wanted}
        for line in town.stack.log(service).splitlines()
        if "message_waits_for_subject" in line
        for it, event_id in wanted
        if it == service and event_id in line
    }
    return sorted(f"{file} by {key[0]}" for key, file in wanted.items() if key not in handled | waiting)


async def test_every_released_example_of_every_version_is_handled_today(town: Town) -> None:
    sent = released(town.stack.layout.keys)
    wanted = {key: each.file for each in sent for key in each.keys}
    assert any(each.by_upcast for each in sent)

    await send(town, sent)

    await until(lambda: missing(town, wanted), lambda it: not it, what="every example is handled", interval=0.5)
    async with AsyncMongoClient[dict[str, Any]](town.stack.mongodb_url) as client:
        ids = [event_id for _, event_id in wanted]
        assert (
            await client["operations"]["failures"].count_documents({"event_id": {"$in": ids}, "$nor": [UNSIGNED]}) == 0
        )
    await stop_waiting(town.stack.amqp_url)
