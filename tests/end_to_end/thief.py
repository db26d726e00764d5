"""What a thief does with an account and its key, and where it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import aio_pika
import httpx

from bus.envelope import new_event_id
from runtime.clock import utc_now
from testkit.signers import signed
from tests.contract.published import examples, read
from tests.end_to_end.town import Town
from tests.journeys import failures
from tests.journeys.waiting import until

Json = dict[str, Any]


def forged(event_type: str, data: Mapping[str, Any] | None = None, **changes: Any) -> Json:  # noqa: ANN401 - JSON
    """Return the example of an event under an id of its own, with other data in places."""
    example = read(next(iter(examples(event_type))))
    said = {**example["data"], **(data or {})}
    return {**example, "id": new_event_id(), "time": utc_now().isoformat(), "data": said, **changes}


async def say(town: Town, event: Json, by: str = "") -> None:
    """Publish an event with the account and the key of its publisher."""
    account = by or str(event["type"]).partition(".")[0]
    async with await aio_pika.connect(town.stack.account_url(account)) as connection:
        events = await (await connection.channel()).get_exchange("events", ensure=False)
        body = signed(event, folder=town.stack.layout.keys)
        await events.publish(aio_pika.Message(body, user_id=account), event["type"])


async def put(town: Town, account: str, exchange: str, key: str, body: bytes) -> None:
    """Publish any bytes anywhere."""
    url = town.stack.amqp_url if account == "administrator" else town.stack.account_url(account)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        to = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        await to.publish(aio_pika.Message(body, user_id=None if account == "administrator" else account), key)


async def dead_letter(town: Town, event_id: str) -> tuple[str, str]:
    """Wait for the dead letter of an event; return its service and reason."""
    operator = town.worker("operator", "operator-1")
    [found, *_] = await until(lambda: failures.of_event(operator, event_id), bool, what=f"a dead letter of {event_id}")
    return found.service, found.reason


async def counted(town: Town, service: str, metric: str) -> bool:
    """Tell whether a counter of a service stands above nothing: what an alert is made of."""
    async with httpx.AsyncClient() as client:
        shown = (await client.get(f"http://127.0.0.1:{town.stack.ports.service(service)}/metrics")).text
    return re.search(rf"^{metric} [1-9]", shown, re.MULTILINE) is not None


async def waits(town: Town, service: str, event_id: str) -> bool:
    """Tell whether a service waits for something before it acts on an event."""
    lines = town.stack.log(service).splitlines()
    return any("message_waits_for_subject" in line and event_id in line for line in lines)
