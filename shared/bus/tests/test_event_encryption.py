"""What events say of people is read by those who act on them, and by operations, and by nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import orjson
import pytest
from aio_pika.abc import AbstractIncomingMessage
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from bus.envelope import MAX_BYTES, BrokenMessageError, EncodedEvent, decode_event
from bus.event import PERSONAL, EditedBy, Event, Outcome, PersonalStr, Received, View, describes_people
from bus.event_encryption import (
    KEY_UNKNOWN,
    NO_SECRETS,
    NOT_DECRYPTED,
    EventCipher,
    name_of,
    secrets_file,
)
from bus.failures import MessageFailure, details_of, with_details
from bus.key_file import EventKeyError
from bus.reader import Subscription
from bus.signatures import EventSigner
from bus.topology import OPERATIONS, Department, Topology, dead_letters_of
from shared.bus.tests.harness import (
    Tallies,
    eventually,
    small_topology,
    station,
    stock_of,
    take,
    told_in,
)
from shared.bus.tests.test_signatures import BY, NOW
from standards import base64url
from store.repository import Database
from testkit import signers
from testkit.fixtures import StackAddresses

NAME, ADDRESS = "李育成", "民治街道3栋2单元"


class Person(BaseModel):
    """Somebody, below what an event says."""

    index: str = "9f"
    name: Annotated[str, Field(json_schema_extra=PERSONAL)]


class Delivered(Event):
    """An order was brought to somebody."""

    type: ClassVar[str] = "shop.order-placed.v1"
    number: int = 1
    to: Person | None = None


class Addressed(Event):
    """The same, with a mark of its own."""

    type: ClassVar[str] = "shop.order-placed.v2"
    address: PersonalStr


class DeliveredView(View):
    """What is read of it."""

    to: dict[str, str]


class Stored(Event):
    """A fact about nobody."""

    type: ClassVar[str] = "shop.shelf-filled.v1"
    number: int = 1


def delivered(name: str = NAME, *, by: EventSigner | None = None) -> EncodedEvent:
    """Return an order as it leaves the shop."""
    return (by or signers.signer("shop")).encode(Delivered(to=Person(name=name)), case="c1", cause=None)


def having(*names: str) -> EventCipher:
    """Return what reads and writes under these keys only."""
    return EventCipher(lambda name: signers.secret(name) if name in names else None)


def refused(body: bytes, cipher: EventCipher = signers.CIPHER) -> str:
    """Return the reason for which an event can't be read."""
    with pytest.raises(BrokenMessageError) as refusal:
        cipher.decrypted(decode_event(body))
    return refusal.value.reason


def test_an_event_that_describes_people_leaves_without_a_word_of_it_in_clear() -> None:
    sealed = delivered()
    body = orjson.loads(sealed.body)
    assert NAME.encode() not in sealed.body
    assert body["data"] == {}
    assert (body["id"], body["type"], body["correlationid"]) == (sealed.id, Delivered.type, "c1")
    assert list(body)[-1] == "signature"
    assert signers.CIPHER.decrypted(decode_event(sealed.body)).data == {
        "number": 1,
        "to": {"index": "9f", "name": NAME},
    }


def test_a_mark_at_any_depth_counts_and_what_describes_nobody_stays_as_it_is() -> None:
    assert [describes_people(kind) for kind in (Delivered, Addressed, Stored)] == [True, True, False]
    assert orjson.loads(signers.signer("shop").encode(Stored(), case="c", cause=None).body)["data"] == {"number": 1}


def test_without_a_key_nothing_is_published_in_clear() -> None:
    for cipher in (NO_SECRETS, having("shop.shelf-filled")):
        with pytest.raises(EventKeyError, match="no key for shop"):
            delivered(by=EventSigner("shop", signers.private_key("shop"), cipher))


def test_it_is_read_by_who_has_its_key_in_every_version_and_by_nobody_else() -> None:
    ours = having("shop.order-placed")
    assert ours.decrypted(decode_event(delivered().body)).data
    later = signers.signer("shop").encode(Addressed(address=ADDRESS), case="c", cause=None)
    assert ours.decrypted(decode_event(later.body)).data == {"address": ADDRESS}
    assert refused(delivered().body, having("shop.shelf-filled")) == KEY_UNKNOWN
    assert refused(delivered().body, NO_SECRETS) == KEY_UNKNOWN


def test_what_was_published_in_clear_is_read_as_before() -> None:
    clear = {**orjson.loads(delivered().body), "data": {"to": {"name": NAME}}}
    del clear["encrypted"]
    assert signers.CIPHER.decrypted(decode_event(orjson.dumps(clear))).data == {"to": {"name": NAME}}


@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_of_it_can_be_changed(at: float, bit: int) -> None:
    body = orjson.loads(delivered().body)
    kid, _, value = body["encrypted"].rpartition(".")
    raw = bytearray(base64url.decode(value))
    raw[int(at * len(raw))] ^= 1 << bit
    body["encrypted"] = f"{kid}.{base64url.encode(bytes(raw))}"
    assert refused(orjson.dumps(body)) == NOT_DECRYPTED


@pytest.mark.parametrize(
    "changed",
    [{"id": "another"}, {"type": Addressed.type}, {"type": "shop.shelf-filled.v1"}],
    ids=["another event", "another version", "another kind of event"],
)
def test_it_can_not_be_moved_to_another_event(changed: dict[str, str]) -> None:
    assert refused(orjson.dumps(orjson.loads(delivered().body) | changed)) == NOT_DECRYPTED


@pytest.mark.parametrize("text", ["", ".", "shop.order-placed.", "shop.order-placed.AA", "shop.order-placed.ü", "x.y"])
def test_what_is_nothing_encrypted_is_refused_and_no_fault_of_ours(text: str) -> None:
    assert refused(orjson.dumps(orjson.loads(delivered().body) | {"encrypted": text})) in {KEY_UNKNOWN, NOT_DECRYPTED}


def test_data_that_is_no_json_is_refused() -> None:
    body = orjson.loads(delivered().body)
    body["encrypted"] = signers.CIPHER.encrypt(name_of(body["type"]), b"{", body["id"], body["type"])
    assert refused(orjson.dumps(body)) == NOT_DECRYPTED


def test_an_event_is_as_large_as_it_is_on_the_bus() -> None:
    assert len(delivered("x" * 780_000).body) <= MAX_BYTES
    with pytest.raises(BrokenMessageError, match="too-large"):
        delivered("x" * 800_000)


def test_an_edit_is_encrypted_again_and_the_same_edit_always_gives_the_same_bytes() -> None:
    operations = signers.signer(OPERATIONS)
    shown = signers.CIPHER.decrypted_event(orjson.loads(delivered().body))
    assert isinstance(shown, dict)
    assert (shown["data"]["to"]["name"], "encrypted" in shown) == (NAME, False)
    edited = {**shown, "id": "e2", "data": {"number": 2, "to": {"index": "9f", "name": "欧阳建国"}}}
    body = operations.sign_edit(edited, BY, NOW)
    assert operations.sign_edit(edited, BY, NOW) == body
    assert "欧阳建国".encode() not in body
    assert signers.CIPHER.decrypted(decode_event(body)).data == edited["data"]
    again = operations.sign_edit(orjson.loads(body), EditedBy("op-ben", "op-cat"), NOW)
    assert signers.CIPHER.decrypted(decode_event(again)).data == edited["data"]


def test_an_edit_of_a_system_outside_stays_as_it_wrote_it() -> None:
    cipher = having("shop.order-placed")
    operations = EventSigner(OPERATIONS, signers.private_key(OPERATIONS), cipher)
    body = operations.sign_edit({"id": "e", "type": "health.record-withdrawn.v1", "data": {"n": 1}}, BY, NOW)
    assert orjson.loads(body)["data"] == {"n": 1}


def test_who_can_not_decrypt_sees_it_as_it_is() -> None:
    event: dict[str, Any] = orjson.loads(delivered().body)
    assert NO_SECRETS.decrypted_event(event) == event
    assert NO_SECRETS.decrypted_body(delivered().body).endswith(b'"}')
    for body in (b"", b'"encrypted":', b'["encrypted":1]', b'{"encrypted":1}', b'["encrypted"]'):
        assert signers.CIPHER.decrypted_body(body) == body


def test_a_failure_tells_operations_alone_what_it_said() -> None:
    failure = MessageFailure(
        "handler-failed", message=f"no flat for {NAME}", rule=NAME, stack=f"ValueError: {NAME}" * 900
    )
    headers = {"x-reason": "handler-failed", "x-details": details_of(failure, "stock", signers.CIPHER)}
    assert NAME not in str(headers)
    told = with_details(headers, "stock", signers.CIPHER)
    assert (told["x-message"], told["x-rule"], told["x-stack"]) == (failure.message, NAME, failure.stack)
    assert told["x-reason"] == "handler-failed"
    for service, cipher in (("ledger", signers.CIPHER), ("stock", having("ledger.dead-letters"))):
        assert with_details(headers, service, cipher) == headers
    assert with_details({"x-details": 7}, "stock", signers.CIPHER) == {"x-details": 7}


AUDIENCES = Topology(
    exchange="e",
    trail=small_topology().trail,
    delays=(1,),
    subscriptions={
        "shop.order-placed.v1": ("stock",),
        "shop.order-placed.v2": ("ledger",),
        "stock.counted.v1": (),
        "*.record-published.v1": ("stock",),
        "health.record-withdrawn.v1": ("stock",),
    },
    departments={"health": Department("health", {}, ("record-published", "record-withdrawn"))},
)


def test_only_the_publisher_those_who_act_on_it_and_operations_get_a_key() -> None:
    assert AUDIENCES.audiences == {
        "shop.order-placed": {"shop", "stock", "ledger", OPERATIONS},
        "stock.counted": {"stock", OPERATIONS},
        "stock.dead-letters": {"stock", OPERATIONS},
        "ledger.dead-letters": {"ledger", OPERATIONS},
    }


def test_keys_are_read_from_a_file_and_found_at_once_when_they_come_later(tmp_path: Path) -> None:
    path = tmp_path / secrets_file("stock")
    with pytest.raises(EventKeyError, match=str(path)):
        EventCipher.from_file(path)
    signers.write_secrets(tmp_path, "stock", replace(AUDIENCES, subscriptions={"stock.counted.v1": ()}))
    with pytest.raises(EventKeyError, match="no key for shop"):
        EventCipher.from_file(path, ["stock.counted", "shop.order-placed"])
    cipher = EventCipher.from_file(path, ["stock.counted"])
    assert refused(delivered().body, cipher) == KEY_UNKNOWN
    signers.write_secrets(tmp_path, "stock", AUDIENCES)
    assert cipher.decrypted(decode_event(delivered().body)).data


async def test_who_acts_on_it_reads_it_and_who_has_no_key_yet_waits_for_it(
    infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hear(event: Received[DeliveredView], tallies: Tallies) -> Outcome[None]:
        heard.append(event.data.to["name"])
        return Outcome()

    async def has_heard() -> bool:
        return len(heard) == len(orders)

    heard: list[str] = []
    monkeypatch.setattr("bus.failures.LONGEST_WAIT", 2)
    unknown = EventSigner("shop", signers.private_key("shop"), EventCipher(lambda _: replace(secret, kid="rotated")))
    secret = signers.secret("shop.order-placed")
    lost, orders = delivered("nobody", by=unknown), [delivered(NAME), delivered("欧阳建国")]
    hearing = (Subscription(Delivered.type, DeliveredView, hear),)
    async with station(infrastructure.amqp, database, small, hearing) as stock:
        await stock.place([lost, *orders])
        await eventually(has_heard)
        queue = dead_letters_of(stock_of(small))
        letters: list[AbstractIncomingMessage] = []

        async def is_given_up() -> bool:
            letters.extend(await take(infrastructure.amqp, queue))
            return bool(letters)

        await eventually(is_given_up, every=0.1)
    assert sorted(heard) == sorted([NAME, "欧阳建国"])
    [letter] = letters
    assert (letter.headers["x-reason"], letter.headers["x-waits"], letter.body) == (KEY_UNKNOWN, 2, lost.body)
    assert told_in(letter)["x-rule"] == "a key that this service has"
