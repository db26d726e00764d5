from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import orjson

from local_stack.stack import Stack
from runtime.clock import utc_now
from synthetic.caller import Caller
from tests.end_to_end.earlier_stores import put_in_clear, rotate
from tests.end_to_end.redelivery import (
    HEARD_AGAIN,
    MOVES_BY_ITSELF,
    PROVEN_AGAIN,
    WORKING,
    at_rest,
    changed,
    deliver_again,
    heard_again,
    held,
    told,
)
from tests.journeys.demo import system_of
from tests.journeys.newcomer import live
from tests.journeys.steps import STEPS
from tests.journeys.trail import by_id, read_trail


async def test_the_newcomers_day_happens_for_real_and_delivered_once_more_changes_nothing(stack: Stack) -> None:
    lines: list[str] = []
    begun, earlier = utc_now(), await told(stack.amqp_url)
    lived = await live(system_of(stack), "en", lines.append)
    assert lived.ok, "\n".join(lines)
    assert [step.name for step in lived.steps] == list(STEPS)
    trail = await read_trail(stack.amqp_url, stack.layout.keys, lived.applications["permit"])
    names = [event.name for event in trail]
    assert names[0] == "application-submitted"
    assert names.count("document-submitted") == names.count("match-succeeded") == 1
    assert names.index("field-check-passed") < names.index("application-approved") < names.index("credential-stored")
    known = by_id(trail)
    caused = [event for event in trail if event.name == "match-succeeded"]
    assert [len(event.requirements) for event in caused] == [4]
    assert all(known[event.cause or ""].name == "document-submitted" for event in caused)
    await at_rest(stack.amqp_url, stack.mongodb_url)
    day = {id_: body for id_, body in (await told(stack.amqp_url)).items() if id_ not in earlier}
    await _as_the_broker_does(stack, day)
    await _as_an_operator_does(stack, begun)


async def _as_the_broker_does(stack: Stack, day: Mapping[str, bytes]) -> None:
    """Deliver everything again after it was handled, as after a crash: no trace of it is left.

    Meanwhile what an earlier release kept in clear is encrypted: every document is again what it was, byte for byte.
    """
    before, known = await held(stack.mongodb_url), await told(stack.amqp_url)
    in_clear = await put_in_clear(stack)
    assert {service for service, documents in in_clear.items() if not documents} == {"operations"}
    assert len(changed(before, await held(stack.mongodb_url))) >= sum(in_clear.values())
    _, encrypted = await asyncio.gather(deliver_again(stack.amqp_url, day), rotate(stack))
    assert encrypted == in_clear  # nothing was saved meanwhile
    await at_rest(stack.amqp_url, stack.mongodb_url)
    assert changed(before, await held(stack.mongodb_url)) == []
    assert (await told(stack.amqp_url)).keys() == known.keys()


async def _as_an_operator_does(stack: Stack, begun: datetime) -> None:
    """Have every service handle the day once more: nothing doubles, and nothing becomes a dead letter."""
    without = MOVES_BY_ITSELF | HEARD_AGAIN
    before, known = await held(stack.mongodb_url, without), await told(stack.amqp_url)
    async with system_of(stack).connect() as client:
        operator = Caller(client, stack.token("operator"), "en")
        span = begun.isoformat(), utc_now().isoformat()
        heard = await asyncio.gather(*(heard_again(operator, service, *span) for service in WORKING))
    assert [(each.failed, each.skipped) for each in heard] == [(0, 0)] * len(heard)
    await at_rest(stack.amqp_url, stack.mongodb_url)
    again = await told(stack.amqp_url)
    said = {orjson.loads(again[each])["type"] for each in again.keys() - known.keys()}
    assert (sorted(said - PROVEN_AGAIN), changed(before, await held(stack.mongodb_url, without))) == ([], [])
