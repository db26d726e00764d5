"""What strangers may send.

The city is told what is wrong with what it sent; what reached the queue by another way is a failure with its reason in
the hands of operations; and the next good message is handled.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace

import aio_pika
import orjson
import pytest
from aio_pika.exceptions import AMQPError

from records.persons import by_index
from runtime.clock import utc_now
from synthetic import facts, records
from synthetic.caller import Json
from synthetic.facts import Fact
from testkit.signers import signed
from tests.end_to_end.town import Town
from tests.journeys import failures, portal
from tests.journeys.failures import Failure
from tests.journeys.waiting import until

QUEUE = "matcher"
REPLIES = "city.replies"
KEY = "city.city-record-published.v1"


def _event(**changed: Json) -> dict[str, Json]:
    return {
        "specversion": "1.0",
        "id": f"stranger-{secrets.token_hex(6)}",
        "source": "/yizheng/city",
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


def _data(fact: Fact, town: Town) -> Json:
    """What it says in the first version of its event."""
    data: Json = orjson.loads(orjson.dumps(by_index(fact.data, town.system.index)))
    return data


async def _send(town: Town, body: bytes) -> str:
    """Put a message into the queue itself; return the id under which it is found if it fails."""
    message_id = f"stranger-{secrets.token_hex(6)}"
    connection = await aio_pika.connect(town.system.amqp_url)
    async with connection:
        channel = await connection.channel()
        body = signed(body, folder=town.stack.layout.keys)
        message = aio_pika.Message(body, content_type="application/cloudevents+json", message_id=message_id)
        await channel.default_exchange.publish(message, QUEUE)
    named = re.search(rb'"id":"([^"]+)"', body)
    return named[1].decode() if named else message_id


async def _failure(town: Town, event_id: str) -> Failure:
    """Wait until operations has the one failure of a message."""
    operator = town.worker("operator", "operator-1")
    [found] = await until(lambda: failures.of_event(operator, event_id), bool, what="the failure")
    return found


async def _publish(town: Town, body: bytes) -> None:
    """Publish as the city does: under a routing key that the broker lets it use."""
    connection = await aio_pika.connect(town.system.amqp_url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("city.messages", ensure=False)
        body = signed(body, by="city", folder=town.stack.layout.keys)
        await exchange.publish(aio_pika.Message(body, message_id="stranger"), KEY)


async def _reply(town: Town) -> Mapping[str, Json]:
    """Take the one answer that the city got."""
    connection = await aio_pika.connect(town.system.amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(REPLIES, ensure=False)
        found = await until(lambda: queue.get(no_ack=True, fail=False), lambda it: it is not None, what="a reply")
        assert found is not None
        assert await queue.get(no_ack=True, fail=False) is None
        data: Mapping[str, Json] = orjson.loads(found.body)["data"]
        return data


async def _the_next_good_message_is_handled(town: Town) -> None:
    made = town.meet("senior")
    resident = await town.welcome(made)
    photo = records.portrait_photo(made.head, town.today)
    await town.tell(replace(photo, record_id=f"photo-{made.index}"))
    await until(
        lambda: portal.explain(resident, "senior-card"), lambda it: it.need("photo") == "held", what="the good record"
    )


async def test_a_broken_event_is_put_aside_with_its_reason(town: Town) -> None:
    for body, reason in (
        (b"hello?", "not-json"),
        (b'{"name": "value"}', "not-a-cloudevent"),
        (orjson.dumps(_event(type="city.weather-changed.v1")), "unknown-type"),
        (orjson.dumps(_event(type="city.city-record-published.v99")), "unknown-type"),
        (b'"' + b"x" * 1_100_000 + b'"', "too-large"),
    ):
        failure = await _failure(town, await _send(town, body))
        assert (failure.service, failure.reason, failure.state) == ("matcher", reason, "open")
    await _the_next_good_message_is_handled(town)


async def test_the_city_is_told_what_is_wrong_with_what_it_sent(town: Town) -> None:
    for body, reason, path in (
        (b"hello?", "not-json", ""),
        (b'{"name": "value"}', "not-a-cloudevent", "/specversion"),
        (orjson.dumps(_event(type="city.city-record-published.v99")), "unknown-type", "/type"),
        (orjson.dumps(_event(type="city.city-record-withdrawn.v1")), "wrong-routing-key", "/type"),
        (orjson.dumps(_event(source="/yizheng/psb")), "wrong-source", "/source"),
        (orjson.dumps(_event(data={"record_id": 7})), "wrong-schema", "/data/record_id"),
    ):
        await _publish(town, body)
        told = await _reply(town)
        assert (told["reason"], told["path"]) == (reason, path)
    await _the_next_good_message_is_handled(town)


async def test_twenty_megabytes_are_refused_to_the_sender(town: Town) -> None:
    with pytest.raises(AMQPError, match="larger than configured max size"):
        await _send(town, b"x" * 20_000_000)
    await _the_next_good_message_is_handled(town)


async def test_the_same_id_with_another_body_is_answered(town: Town) -> None:
    made = town.meet("senior")
    await town.welcome(made)
    record = replace(records.portrait_photo(made.head, town.today), record_id=f"twice-{made.index}")
    fact = facts.published(record, utc_now())
    event = _event(id=fact.id, correlationid=fact.case, data=_data(fact, town))
    await _send(town, orjson.dumps(event))
    await _send(town, orjson.dumps({**event, "source": "/somebody-else"}))
    told = await _reply(town)
    assert (told["event_id"], told["reason"]) == (fact.id, "id-reused")
