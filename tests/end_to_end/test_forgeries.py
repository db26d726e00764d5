"""Who has taken over one service gives and takes no right with its key and account, and is seen to have tried."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import orjson
from pymongo import AsyncMongoClient

from bus.envelope import new_event_id
from bus.failures import NOT_SIGNED_BY_PERSON
from local_stack import tokens
from local_stack.devices import Device
from runtime.clock import utc_now
from tests.contract.catalogue import readers
from tests.contract.published import examples, read
from tests.end_to_end.redelivery import stop_waiting
from tests.end_to_end.thief import counted, say, waits
from tests.end_to_end.town import Town
from tests.journeys.waiting import until
from tests.load.evidence import TOPOLOGY

FORGED = [
    "identity.id-suspended.v1",
    "identity.id-reinstated.v1",
    "identity.guardianship-registered.v1",
    "identity.guardianship-ended.v1",
    "review-dispatch.review-approved.v1",
    "review-dispatch.review-rejected.v1",
    "review-dispatch.review-returned.v1",
    "review-dispatch.field-check-failed.v1",
    "review-dispatch.field-check-passed.v1",
    "review-dispatch.decision-made.v1",
    "review-dispatch.duplicate-checked.v1",
    "review-dispatch.correction-answered.v1",
    "data-rights.correction-permitted.v1",
    "data-rights.erasure-requested.v1",
    "data-rights.export-requested.v1",
]
WAITS = "review-dispatch.review-approved.v2"
"""Of what was never submitted it is not even asked who signed."""


async def test_one_service_alone_gives_and_takes_no_right(town: Town) -> None:
    assert {each.rpartition(".v")[0] for each in (*FORGED, WAITS)} == set(TOPOLOGY.signed)
    family = town.meet("newcomers")
    await town.welcome(family)
    assert family.child is not None
    instead = {
        "identity.guardianship-ended.v1": {"child_id": town.ids[family.child.number]},
        "review-dispatch.correction-answered.v1": {"document_type": "registration"},
    }
    strangers = await _by_stranger(town, town.ids[family.child.number])
    wanted: dict[str, set[str]] = {}
    for event_type in FORGED:
        event = {**_granting(event_type), "id": new_event_id(), "time": utc_now().isoformat()}
        event["data"] |= instead.get(event_type, {})
        wanted[event["id"]] = set(readers(event_type))
        await say(town, event)
    for event in strangers:
        await say(town, event)

    async with AsyncMongoClient[dict[str, Any]](town.stack.mongodb_url) as client:

        async def missing() -> set[tuple[str, str]]:
            rows = client["operations"]["failures"].find({"event_id": {"$in": list(wanted)}})
            found = {(it["event_id"], it["service"]) async for it in rows if it["reason"] == NOT_SIGNED_BY_PERSON}
            return {(id_, reader) for id_, readers_ in wanted.items() for reader in readers_} - found

        await until(missing, lambda it: not it, what="every forged event is a dead letter of each reader")
    for event, reader in product(strangers, ("identity", "applications", "matcher", "credential-store")):
        await until(partial(waits, town, reader, event["id"]), bool, what=f"{reader} waits for a guardianship")
    for reader in sorted({each for found in wanted.values() for each in found}):
        assert await counted(town, reader, rf'yizheng_messages_forged_total{{.*reason="{NOT_SIGNED_BY_PERSON}".*}}'), (
            reader
        )
    await stop_waiting(town.stack.amqp_url)


async def _by_stranger(town: Town, child: str) -> list[dict[str, Any]]:
    """Return an erasure and an export of a child's data, signed by a resident who is no guardian of the child."""
    await town.welcome(senior := town.meet("senior"))
    subject = town.ids[senior.head.number]
    token = tokens.sign(town.system.keys, "resident", subject=subject, bound=True)
    device, events = Device(town.system.keys, subject), list[dict[str, Any]]()
    for name, path in (("erasure", "/v1/erasures/era_of_a_stranger/confirmation"), ("export", "/v1/exports")):
        body = orjson.dumps({"resident_id": child} | ({"preview": "9f2c"} if name == "erasure" else {}))
        proof = device.proof("POST", f"https://gateway.test{path}", token, body=body)
        event = {**_granting(f"data-rights.{name}-requested.v1"), "id": new_event_id(), "time": utc_now().isoformat()}
        holder = event["data"]["holder"] | {"resident_id": child}
        request = {"token": token, "proof": proof, "body": body.decode()}
        event["data"] |= {f"{name}_id": f"{name[:3]}_of_a_stranger", "holder": holder, "signed_request": request}
        events.append(event)
    return events


def _granting(event_type: str) -> dict[str, Any]:
    """Return the example that gives or takes a right, and does not refuse one."""
    found = map(read, examples(event_type))
    return next(it for it in found if it["data"].get("approved", True) and it["data"].get("result") != "refused")
