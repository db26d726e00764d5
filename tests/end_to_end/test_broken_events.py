"""What strangers may send: each ends among the dead letters with its reason, and the next good message is handled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import aio_pika
import orjson
import pytest
from aio_pika.exceptions import AMQPError

from runtime.clock import utc_now
from synthetic import facts, records
from synthetic.caller import Json
from synthetic.facts import Fact
from tests.end_to_end.town import Town
from tests.journeys import portal
from tests.journeys.waiting import until

QUEUE = "matcher"
DEAD = "matcher.dead-letters"


def _event(**changed: Json) -> dict[str, Json]:
    return {
        "specversion": "1.0",
        "id": f"stranger-{utc_now().timestamp()}",
        "source": "/city",
        "type": "city.city-record-published.v1",
        "time": utc_now().isoformat(),
        "correlationid": "somebody",
        "data": {
            "record_id": "r-1",
            "document_type": "household-register",
            "holder_index": "0" * 64,
            "fields": {"holder_name": "甲"},
            "valid_from": None,
            "valid_until": None,
            "sequence": 1,
        },
        **changed,
    }


def _data(fact: Fact) -> Json:
    data: Json = orjson.loads(orjson.dumps(fact.data))
    return data


async def _send(town: Town, body: bytes) -> None:
    connection = await aio_pika.connect(town.system.amqp_url)
    async with connection:
        channel = await connection.channel()
        message = aio_pika.Message(body, content_type="application/cloudevents+json", message_id="stranger")
        await channel.default_exchange.publish(message, QUEUE)


async def _dead_letter(town: Town) -> Mapping[str, object]:
    """Take the one message that was given up; its headers say why."""
    connection = await aio_pika.connect(town.system.amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(DEAD, ensure=False)
        found = await until(lambda: queue.get(no_ack=True, fail=False), lambda it: it is not None, what="a dead letter")
        assert found is not None
        assert await queue.get(no_ack=True, fail=False) is None
        return found.headers


async def _the_next_good_message_is_handled(town: Town) -> None:
    made = town.meet("senior")
    resident = await town.welcome(made)
    photo = records.portrait_photo(made.head, town.today)
    await town.tell(replace(photo, record_id=f"photo-{made.index}"))
    await until(
        lambda: portal.explain(resident, "senior-card"), lambda it: it.need("photo") == "held", what="the good record"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"hello?", "not-json"),
        (b'{"name": "value"}', "not-a-cloudevent"),
        (orjson.dumps(_event(type="city.weather-changed.v1")), "unknown-type"),
        (orjson.dumps(_event(type="city.city-record-published.v2")), "unknown-type"),
        (orjson.dumps(_event(data={"record_id": 7})), "wrong-schema"),
        (b'"' + b"x" * 2_000_000 + b'"', "too-large"),
    ],
    ids=["not JSON", "no CloudEvent", "an unknown type", "a future version", "a wrong schema", "2 MB"],
)
async def test_a_broken_event_is_put_aside_with_its_reason(town: Town, body: bytes, reason: str) -> None:
    await _send(town, body)
    headers = await _dead_letter(town)
    assert headers["x-reason"] == reason
    assert headers["x-service"] == "matcher"
    await _the_next_good_message_is_handled(town)


async def test_twenty_megabytes_are_refused_to_the_sender(town: Town) -> None:
    with pytest.raises(AMQPError, match="larger than configured max size"):
        await _send(town, b"x" * 20_000_000)
    await _the_next_good_message_is_handled(town)


async def test_the_same_id_with_another_body_is_put_aside(town: Town) -> None:
    made = town.meet("senior")
    await town.welcome(made)
    record = replace(records.portrait_photo(made.head, town.today), record_id=f"twice-{made.index}")
    fact = facts.published(record, town.system.index, utc_now())
    event = _event(id=fact.id, correlationid=fact.case, data=_data(fact))
    await _send(town, orjson.dumps(event))
    await _send(town, orjson.dumps({**event, "source": "/somebody-else"}))
    assert (await _dead_letter(town))["x-reason"] == "id-reused"


async def test_the_same_event_many_times_is_one_event(town: Town) -> None:
    made = town.meet("senior")
    resident = await town.welcome(made)
    record = replace(records.portrait_photo(made.head, town.today), record_id=f"often-{made.index}")
    fact = facts.published(record, town.system.index, utc_now())
    body = orjson.dumps(_event(id=fact.id, correlationid=fact.case, data=_data(fact)))
    for _ in range(10):
        await _send(town, body)
    await until(
        lambda: portal.explain(resident, "senior-card"), lambda it: it.need("photo") == "held", what="the record"
    )
    connection = await aio_pika.connect(town.system.amqp_url)
    async with connection:
        channel = await connection.channel()
        assert await (await channel.get_queue(DEAD, ensure=False)).get(no_ack=True, fail=False) is None
