"""Approvals as v1 and as v2: what an old one says is read as its successor, and both together are one credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any

import aio_pika
import orjson
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from bus.addresses import account_of
from bus.envelope import Envelope, decode_event
from bus.event import Received
from bus.publisher import Publisher
from bus.replay import send_back
from bus.topology import RECEIPTS, delay_name
from credential_store.config import Settings
from credential_store.main import create_app
from credential_store.subscriptions import SUBSCRIPTIONS
from local_stack.layout import ROOT
from runtime.clock import utc_now
from store.repository import Database
from testkit.patience import eventually
from testkit.signers import signed
from testkit.vaults import whole

Json = dict[str, Any]
V1, V2 = "review-dispatch.review-approved.v1", "review-dispatch.review-approved.v2"
RELEASED = ROOT / "shared" / "contracts" / "released"
APPROVED = next(it for it in SUBSCRIPTIONS if it.pattern == V2)
words = st.text("张李王abc 0129", max_size=8)
approvals = st.lists(
    st.fixed_dictionaries(
        {
            "reviewer": words.filter(bool),
            "approved_at": st.datetimes().map(lambda it: f"{it.isoformat()}Z"),
            "note": st.none() | words,
        }
    ),
    min_size=1,
    max_size=2,
)


def example(event_type: str, number: int = 1) -> Json:
    name = f"{event_type}.example{'' if number == 1 else f'-{number}'}.json"
    message: Json = orjson.loads((RELEASED / name).read_bytes())
    return message


def as_v1(data: Json) -> Json:
    """Say as v1 does what v2 says: of two people, one moment and one note."""
    first, last = data["approvals"][0], data["approvals"][-1]
    kept = {name: value for name, value in data.items() if name not in {"approvals", "stated_until"}}
    return kept | {
        "valid_until": data["stated_until"],
        "reviewer": first["reviewer"],
        "second_reviewer": last["reviewer"] if last is not first else None,
        "note": last["note"] or first["note"],
        "approved_at": last["approved_at"],
    }


def read(event_type: str, data: Json) -> Json:
    envelope: Envelope = decode_event(orjson.dumps({**example(V2), "type": event_type, "data": data}))
    received: Received[Any] = APPROVED.read(envelope)
    said: Json = received.data.model_dump()
    return said


@pytest.mark.parametrize("number", [1, 2])
def test_a_released_v1_reads_as_the_v2_that_was_published_beside_it(number: int) -> None:
    older, newer = read(V1, example(V1, number)["data"]), read(V2, example(V2, number)["data"])

    assert older["approvals"][-1] == newer["approvals"][-1]
    assert [it["reviewer"] for it in older["approvals"]] == [it["reviewer"] for it in newer["approvals"]]
    assert {**older, "approvals": None} == {**newer, "approvals": None}


@given(approvals=approvals, until=st.none() | st.dates().map(str))
def test_nothing_that_v1_knows_is_lost_when_it_is_read_as_v2(approvals: list[Json], until: str | None) -> None:
    data = {**example(V2)["data"], "stated_until": until, "approvals": approvals}
    older, newer = read(V1, as_v1(data)), read(V2, data)

    assert older["stated_until"] == newer["stated_until"]
    assert [it["reviewer"] for it in older["approvals"]] == [it["reviewer"] for it in newer["approvals"]]
    assert older["approvals"][-1]["approved_at"] == newer["approvals"][-1]["approved_at"]
    if len(approvals) == 1:
        assert older == {**newer, "approvals": older["approvals"]}
        assert (older["approvals"][0]["note"] or None) == (newer["approvals"][0]["note"] or None)


def test_what_is_no_v1_either_is_refused_at_its_own_place() -> None:
    broken = example(V1)
    del broken["data"]["approved_at"]

    with pytest.raises(Exception, match="/data/approved_at"):
        APPROVED.read(decode_event(orjson.dumps(broken)))


class Post:
    """Puts messages where they may come from, and looks at what the service made of them."""

    def __init__(self, url: str, channel: aio_pika.abc.AbstractChannel, database: Database) -> None:
        self._url = url
        self._channel = channel
        self._database = database

    async def arrives(self, message: Json, *, queue: str = "credential-store") -> None:
        """Put it into the service's queue, as a binding that was left from before does."""
        await self._channel.default_exchange.publish(_sealed(message), queue)

    async def comes_back(self, message: Json) -> None:
        """Let it wait in the first delay queue, from which it comes back."""
        waiting = await self._channel.get_exchange(delay_name(2), ensure=False)
        await waiting.publish(_sealed(message, account_of(self._url)), "credential-store")

    async def is_replayed(self, message: Json, item: str) -> str:
        """Have it sent back as an operator does; return what the receipt says became of it."""
        publisher = Publisher(self._url, name="replay")
        await send_back(publisher, signed(message), service="credential-store", item=item)
        await publisher.close()
        queue = await self._channel.get_queue(RECEIPTS, ensure=False)
        receipt = await eventually(lambda: queue.get(no_ack=True, fail=False))
        said: Json = orjson.loads(receipt.body)
        assert said["item"] == item
        return str(said["fate"])

    async def is_handled(self, *messages: Json) -> None:
        """Wait until all of them are in the inbox."""
        ids = [message["id"] for message in messages]

        async def all_there() -> bool | None:
            return await self._database["inbox"].count_documents({"_id": {"$in": ids}}) == len(set(ids)) or None

        await eventually(all_there)

    async def credentials(self) -> list[Json]:
        """Return every credential."""
        return await whole(self._database, "credentials")


def _sealed(message: Json, account: str | None = None) -> aio_pika.Message:
    return aio_pika.Message(signed(message), delivery_mode=aio_pika.DeliveryMode.PERSISTENT, user_id=account)


def submitted(approval: Json) -> Json:
    """Return the matcher's word that what an approval is about was submitted and could not be proven."""
    event, data = example("matcher.match-failed.v1"), approval["data"]
    named = {name: data[name] for name in ("application_id", "requirement", "attempt", "document_type", "holder")}
    event["data"] |= named | {"document_types": [data["document_type"]]}
    return {**event, "id": f"failed-{approval['id']}"}


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


@pytest.fixture
async def post(settings: Settings, database: Database) -> AsyncIterator[Post]:
    app: FastAPI = create_app(settings)
    async with await aio_pika.connect(settings.amqp_url) as connection:
        channel = await connection.channel()
        async with app.router.lifespan_context(app):
            await (await channel.get_queue(RECEIPTS, ensure=False)).purge()
            post = Post(settings.amqp_url, channel, database)
            failed = [submitted(example(V2, number)) for number in (1, 2)]
            for each in failed:
                await post.arrives(each)
            await post.is_handled(*failed)
            yield post


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_both_versions_in_any_order_and_twice_are_one_credential(post: Post, order: tuple[int, ...]) -> None:
    again = {**example(V1, 2), "id": f"again-{utc_now().timestamp()}"}
    messages = [example(V1, 2), example(V2, 2), again]
    for index in order:
        await post.arrives(messages[index])
        await post.arrives(messages[index])
    await post.is_handled(*messages)

    (credential,) = await post.credentials()
    assert (len(credential["issues"]), len(credential["history"]), credential["sequence"]) == (1, 1, 1)
    assert credential["history"][0]["by"] == "land-003, land-011"


async def test_an_old_approval_that_comes_back_from_waiting_is_read_through_the_upcast_once(post: Post) -> None:
    await post.comes_back(example(V1))
    await post.is_handled(example(V1))
    await post.arrives(example(V1))
    assert await post.is_replayed(example(V1), "replay/1") == "ignored"

    (credential,) = await post.credentials()
    assert len(credential["issues"]) == 1
    assert credential["history"][0]["reason"] == "已与签发医院电话核实"


async def test_an_old_approval_that_is_replayed_is_handled_and_then_ignored(post: Post) -> None:
    assert await post.is_replayed(example(V1), "replay/1") == "handled"
    assert await post.is_replayed(example(V1), "replay/2") == "ignored"

    (credential,) = await post.credentials()
    assert len(credential["issues"]) == 1
