"""What may be erased is gone from every store, opened and searched; what stays is told with its reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aio_pika
from pymongo import AsyncMongoClient

from bus import topology
from bus.event_encryption import EventCipher, secrets_file
from bus.topology import OPERATIONS
from local_stack.ports import SERVICES
from store import master_keys
from store.commit import INBOX
from store.field_encryption import Vault
from store.repository import CODECS, Document
from store.sealed_fields import opened
from synthetic import exchange
from synthetic.caller import Caller
from testkit import signers
from testkit.signers import signed
from tests.contract.published import CONTRACTS
from tests.end_to_end.town import Town, refusal
from tests.journeys import desk, erasures, portal, scans
from tests.journeys.waiting import until

TOPOLOGY = topology.load(CONTRACTS / "topology.toml")
KEYS = {"keys"}
"""Hold nothing of anybody, and open with no key of their own."""

MAY_NAME_A_CASE = {
    *("data-rights/accesses", "operations/trail", "operations/erased-cases", "applications/gone-cases"),
    *("operations/failures", "review-dispatch/cases"),
}
"""Where it is remembered that an erased case was."""


async def _stores_with(town: Town, secret: str) -> set[str]:
    """Return where a text is found in any service's store, everything sealed opened."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(town.stack.mongodb_url, tz_aware=True)
    keys = partial(master_keys.read, town.stack.layout.keys, None)
    cipher = EventCipher.from_file(town.stack.layout.keys / secrets_file(OPERATIONS))
    found: set[str] = set()
    async with client:
        for service in SERVICES:
            vault = Vault(client, service, master_keys=keys, codecs=CODECS)
            await vault.prepare()
            for name in set(await client[service].list_collection_names()) - KEYS:
                async for row in client[service].get_collection(name, codec_options=CODECS).find({}):
                    if secret in _text(await opened(vault, name, row), cipher):
                        found.add(f"{service}/{name}")
    return found


def _text(value: Any, cipher: EventCipher) -> str:  # noqa: ANN401 - a document holds anything
    if isinstance(value, dict):
        return " ".join(_text(each, cipher) for each in value.values())
    if isinstance(value, list | tuple):
        return " ".join(_text(each, cipher) for each in value)
    return cipher.decrypted_body(value).decode(errors="replace") if isinstance(value, bytes) else str(value)


@asynccontextmanager
async def _overhearing(town: Town) -> AsyncIterator[Callable[[], Awaitable[list[dict[str, Any]]]]]:
    """Hear every event; give what has been said so far."""
    async with await aio_pika.connect(town.system.amqp_url) as connection:
        queue = await (await connection.channel()).declare_queue(exclusive=True)
        await queue.bind(TOPOLOGY.exchange, "#")

        async def said() -> list[dict[str, Any]]:
            heard = []
            while message := await queue.get(no_ack=True, fail=False):
                heard.append(signers.in_clear(message.body, town.stack.layout.keys))
            return heard

        yield said


async def _tell_again(town: Town, events: Sequence[Mapping[str, Any]]) -> None:
    async with exchange.connected(town.system.amqp_url, town.system.keys) as outside:
        said = await outside.channel.get_exchange(TOPOLOGY.exchange)
        for each in events:
            body = signed(each, folder=outside.keys)
            await said.publish(aio_pika.Message(body, message_id=each["id"]), each["type"])


async def _unheard(town: Town, events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what whoever acts on it has not handled."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(town.stack.mongodb_url)
    async with client:
        return [
            f"{service}: {each['type']}"
            for each in events
            for service in TOPOLOGY.subscriptions[each["type"]]
            if await client[service][INBOX].find_one({"_id": each["id"]}) is None
        ]


async def _submitted(resident: Caller, address: str) -> str:
    application = await portal.draft(resident, "residence-permit", {"address": address})
    await portal.hand_in(resident, application, "work", "social-insurance-record", scans.png())
    await portal.submit(resident, application)
    return application


async def test_a_withdrawn_application_goes_from_every_store_and_an_open_one_stays(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    gone, stays = f"{made.home.address}之八八六一", f"{made.home.address}之七七五二"
    withdrawn = await _submitted(resident, gone)
    reviewer = town.worker("reviewer", "si-1", department="social-insurance")
    await until(lambda: desk.queue(reviewer, application_id=withdrawn), lambda it: bool(it.items), what="a task")
    await portal.withdraw(resident, withdrawn, "搬走了")
    await until(
        lambda: desk.queue(reviewer, application_id=withdrawn), lambda it: not it.items, what="the task is finished"
    )
    still_open = await _submitted(resident, stays)
    kept = {"applications/applications", "applications/idempotency", "operations/trail", "review-dispatch/tasks"}
    await until(lambda: _stores_with(town, gone), lambda it: it >= kept, what="the trail is recorded, too")

    shown = await erasures.preview(resident)
    assert {told.service.code for told in shown.previews} == {*SERVICES}
    assert shown.would_erase("applications") == {"withdrawn-applications": 1}
    assert shown.would_keep("applications")["open-applications"] == 1
    assert (shown.would_erase("review-dispatch")["finished-tasks"] or 0) >= 1
    assert (shown.would_erase("operations")["trail"] or 0) > 1
    begun_since = await portal.draft(resident, "residence-permit", {"address": made.home.address})
    assert (await portal.see(resident, withdrawn)).state == "withdrawn", "nothing goes before the confirmation"
    assert "applications/applications" in await _stores_with(town, gone)

    done = await erasures.confirm(resident, shown)
    assert (await portal.see(resident, begun_since)).state == "draft", "of cases only what was shown goes"
    assert done.erased("applications") == {"withdrawn-applications": 1}
    assert done.kept("applications")["open-applications"] == 1
    assert (done.erased("operations")["trail"] or 0) > 1
    assert {told.service.code for told in done.services} == {*SERVICES}
    assert (await refusal(portal.see(resident, withdrawn))).status == 404
    assert (await portal.see(resident, still_open)).state == "in-progress"
    left = await until(lambda: _stores_with(town, gone), lambda it: not it, what="nothing is left in any store")
    assert left == set()
    assert await _stores_with(town, withdrawn) <= MAY_NAME_A_CASE
    assert "applications/applications" in await _stores_with(town, stays)

    again = await erasures.erase(resident)
    assert again.erased("applications") == {"drafts": 1}
    assert again.kept("applications")["open-applications"] == 1


async def test_whatever_comes_late_of_an_erased_case_leaves_nothing_anywhere(town: Town) -> None:
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    secret = f"{made.home.address}之六六五三"
    async with _overhearing(town) as overheard:
        case = await _submitted(resident, secret)
        reviewer = town.worker("reviewer", "si-1", department="social-insurance")
        queue = await until(lambda: desk.queue(reviewer, application_id=case), lambda it: bool(it.items), what="a task")
        await desk.claim(reviewer, queue.items[0].task_id)
        await portal.withdraw(resident, case, "搬走了")
        await erasures.erase(resident)
        said = [each for each in await overheard() if each["correlationid"] == case]
        late = [{**each, "id": f"late-{each['id']}"} for each in said]
        assert {"review-dispatch.task-claimed.v1", "review-dispatch.task-released.v1"} <= {
            each["type"] for each in late
        }
        await _tell_again(town, late)

    await until(lambda: _unheard(town, late), lambda it: not it, what="everybody has heard it again")
    left = await until(lambda: _stores_with(town, secret), lambda it: not it, what="nothing is left in any store")
    assert left == set()
    assert await _stores_with(town, case) <= MAY_NAME_A_CASE


async def test_a_guardian_asks_for_a_child_and_nobody_for_others(town: Town) -> None:
    made = town.meet("newcomers")
    guardian = await town.welcome(made)
    assert made.child is not None
    child = town.ids[made.child.number]
    stranger = await town.welcome(town.meet("senior"))
    own = await portal.draft(guardian, "residence-permit", {"address": made.home.address})

    childs = await portal.draft(guardian, "school-enrolment", {}, subject_id=child)

    done = await erasures.erase(guardian, resident_id=child)
    assert done.erased("applications") == {"drafts": 1}
    assert (await refusal(portal.see(guardian, childs))).status == 404
    assert done.kept("identity")["registrations"] == 1
    assert (await portal.see(guardian, own)).state == "draft", "the guardian's own is not the child's"

    problem = await refusal(stranger.post("/v1/erasures", erasures.Erasure, {"resident_id": child}))
    assert (problem.status, problem.code) == (403, "not-your-data")
    unseen = await refusal(stranger.get(f"/v1/erasures/{done.erasure_id}", erasures.Erasure))
    assert (unseen.status, unseen.code) == (404, "erasure-unknown")
