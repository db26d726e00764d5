"""What departments are told of what they send, by a service over a real broker and a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import aio_pika
import orjson
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from bus.envelope import new_event_id
from bus.topology import Topology, dead_letters_of
from credential_store.config import Settings
from credential_store.main import create_app
from local_stack.layout import ROOT
from store.repository import Database
from testkit.entrances import entrance_of
from testkit.patience import eventually
from testkit.persons import NUMBER, with_person
from testkit.signers import signed
from testkit.vaults import whole

EXAMPLE = ROOT / "shared" / "contracts" / "events" / "department.department-record-published.v1.example.json"
PUBLISHED = "health.department-record-published.v1"
RIGHT: dict[str, object] = {"child_name": "李小华", "birth_date": "2020-02-29", "complete": True}
WITHDRAWN = "health.department-record-withdrawn.v1"
ENCRYPTED = "health.department-record-published.v2"
Json = dict[str, Any]
FoundT = TypeVar("FoundT")


class Sender:
    """A department's system: publishes under routing keys, reads its own queue of replies."""

    def __init__(self, channel: AbstractChannel, replies: AbstractQueue, letters: AbstractQueue) -> None:
        self._channel = channel
        self._replies = replies
        self._letters = letters

    async def sends(self, body: bytes, key: str = PUBLISHED) -> None:
        """Publish bytes under a routing key."""
        exchange = await self._channel.get_exchange(entrance_of(key), ensure=False)
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id="letter-1")
        await exchange.publish(message, routing_key=key)

    async def puts_into_the_queue(self, body: bytes) -> None:
        """Put a message into the service's own queue, past every exchange, as only an administrator can."""
        await self._channel.default_exchange.publish(aio_pika.Message(body), "credential-store")

    async def publishes(self, data: Json | None = None, key: str = PUBLISHED, **attributes: object) -> str:
        """Publish an event like the contract's example; return its id."""
        event = self.event(data, key) | attributes
        await self.sends(signed(event), key)
        return str(event["id"])

    @staticmethod
    def event(data: Json | None = None, key: str = PUBLISHED) -> Json:
        """Make an event like the contract's example."""
        event: Json = orjson.loads(EXAMPLE.read_bytes())
        source = f"/yizheng/{key.partition('.')[0]}"
        changed = {name: value for name, value in (event["data"] | (data or {})).items() if value != "gone"}
        return event | {"id": new_event_id(), "type": key, "source": source, "data": changed}

    async def is_told(self) -> Json:
        """Wait for the next reply."""

        async def reply() -> AbstractIncomingMessage | None:
            return await self._replies.get(fail=False, no_ack=True)

        told: Json = orjson.loads((await eventually(reply)).body)
        return told

    async def is_told_nothing_more(self) -> None:
        """See that there is no other reply, and no dead letter either."""
        assert await self._replies.get(fail=False, no_ack=True) is None
        assert await self._letters.get(fail=False, no_ack=True) is None

    async def dead_letter(self) -> AbstractIncomingMessage:
        """Wait for a dead letter."""
        return await eventually(lambda: self._letters.get(fail=False, no_ack=True))


def encrypted(record_id: str, person: Json) -> Json:
    """Make an event of the second version."""
    event = Sender.event({"record_id": record_id, "holder_index": "gone", "fields": "gone"}, ENCRYPTED)
    return with_person(event, person) | {"correlationid": record_id, "receipt": "wanted"}


@pytest.fixture
def settings(surroundings: pytest.MonkeyPatch, database: Database) -> Settings:
    surroundings.setenv("CREDENTIAL_STORE_DATABASE", database.name)
    return Settings()


@pytest.fixture
async def health(settings: Settings) -> AsyncIterator[Sender]:
    app = create_app(settings)
    async with app.router.lifespan_context(app), await aio_pika.connect(settings.amqp_url) as connection:
        channel = await connection.channel()
        replies = await channel.get_queue("health.replies", ensure=False)
        yield Sender(channel, replies, await channel.get_queue(dead_letters_of("credential-store"), ensure=False))


PROBLEMS: list[tuple[Json, Json, str, str]] = [
    ({"sequence": "1"}, {}, "wrong-schema", "/data/sequence"),
    ({"valid_from": 20260105}, {}, "wrong-schema", "/data/valid_from"),
    ({"valid_until": "gone"}, {}, "wrong-schema", "/data/valid_until"),
    ({"fields": {"child_name": {"first": "秘密"}}}, {}, "wrong-schema", "/data/fields/child_name"),
    ({"fields": RIGHT | {"birth_date": "2021-02-29"}}, {}, "field-not-date", "/data/fields/birth_date"),
    ({"fields": RIGHT | {"complete": "yes"}}, {}, "field-not-flag", "/data/fields/complete"),
    ({"fields": RIGHT | {"child_name": " "}}, {}, "field-not-text", "/data/fields/child_name"),
    ({"fields": {"child_name": "秘密", "complete": True}}, {}, "field-missing", "/data/fields/birth_date"),
    ({"department": "civil"}, {}, "wrong-department", "/data/department"),
    ({"document_type": "bank-account"}, {}, "document-type-not-kept", "/data/document_type"),
    ({"document_type": "library-card"}, {}, "unknown-document-type", "/data/document_type"),
    ({}, {"source": "/yizheng/civil"}, "wrong-source", "/source"),
    ({}, {"type": "civil.department-record-published.v1"}, "wrong-routing-key", "/type"),
    ({}, {"specversion": "0.3"}, "not-a-cloudevent", "/specversion"),
    ({}, {"time": "yesterday"}, "not-a-cloudevent", "/time"),
    ({}, {"time": "0001-01-01T00:00:00+08:00"}, "not-a-cloudevent", "/time"),
    ({}, {"time": "9999-12-31T23:59:59.999Z"}, "not-a-cloudevent", "/time"),
    ({"valid_from": "0001-01-01"}, {}, "wrong-schema", "/data/valid_from"),
    ({"valid_until": "9999-12-31"}, {}, "wrong-schema", "/data/valid_until"),
    ({"valid_from": "2026-05-01", "valid_until": "2026-01-01"}, {}, "term-reversed", "/data/valid_until"),
    ({"fields": RIGHT | {"birth_date": "0001-01-01"}}, {}, "field-not-date", "/data/fields/birth_date"),
    ({"fields": RIGHT | {"child_name": "九" * 150_000}}, {}, "wrong-schema", "/data/fields/child_name"),
    ({"fields": RIGHT | {f"f{n}": "x" for n in range(60)}}, {}, "wrong-schema", "/data/fields"),
    ({"fields": RIGHT | {f"f{n}": "九" * 400 for n in range(8)}}, {}, "record-too-large", "/data/fields"),
]


async def test_each_problem_has_its_answer_and_the_right_record_behind_it_is_stored(
    health: Sender, database: Database
) -> None:
    for n, (data, attributes, reason, path) in enumerate(PROBLEMS):
        changed = {"holder_index": f"{n:064x}"} | data
        wrong = await health.publishes(changed | {"record_id": f"wrong-{n}"}, **attributes)
        record = {"record_id": f"right-{n}", "holder_index": f"{n:064x}"}
        right = await health.publishes(record, receipt="wanted")
        told = {each["type"]: each["data"] for each in (await health.is_told(), await health.is_told())}
        refused = told["credential-store.record-refused.v1"]
        assert (refused["event_id"], refused["record_id"], refused["addressee"]) == (wrong, f"wrong-{n}", "health")
        assert (refused["reason"], refused["path"]) == (reason, path)
        assert refused["rule"]
        assert refused["title"]["zh-CN"] != refused["title"]["en"]
        assert "秘密" not in str(refused)
        accepted = told["credential-store.record-accepted.v1"]
        assert (accepted["event_id"], accepted["result"]) == (right, "stored")
        await health.is_told_nothing_more()
    stored = {each["record"] for each in await whole(database, "credentials")}
    assert stored == {f"right-{n}" for n in range(len(PROBLEMS))}


UNREADABLE = [b"hello?", b"[]", b'{"name": "value"}', b'"' + b"x" * 1_100_000 + b'"']


async def test_what_can_not_even_be_read_is_answered_too(health: Sender) -> None:
    for body in UNREADABLE:
        await health.sends(body)
        refused = (await health.is_told())["data"]
        assert refused["reason"] in {"not-json", "not-a-cloudevent", "too-large"}
        assert (refused["event_id"], refused["record_id"]) == ("letter-1", None)
        await health.is_told_nothing_more()


STANDING_TWICE: list[tuple[bytes, bytes, str]] = [
    (b'"sequence":', b'"sequence":9,"sequence":', "/data/sequence"),
    (b'"record_id":', rb'"record_id":"a","\u0072ecord_id":', "/data/record_id"),
    (b'"child_name":', b'"child_name":"a","child_name":', "/data/fields/child_name"),
    (b'"time":', b'"time":"2026-11-29T10:00:00Z","time":', "/time"),
]


async def test_a_name_that_stands_twice_is_refused_wherever_it_is(health: Sender, database: Database) -> None:
    for written, twice, path in STANDING_TWICE:
        body = orjson.dumps(Sender.event())
        assert body.count(written) == 1
        await health.sends(signed(body.replace(written, twice)))
        refused = (await health.is_told())["data"]
        assert (refused["reason"], refused["path"]) == ("repeated-name", path)
        assert not await whole(database, "credentials")
        await health.is_told_nothing_more()


TIMES = ["2026-11-29t10:00:00z", "2026-11-29T10:00:00.123456789012-00:00", "2016-12-31T23:59:60Z"]


async def test_a_time_in_any_form_of_rfc_3339_is_taken(health: Sender) -> None:
    for n, time in enumerate(TIMES):
        await health.publishes({"record_id": f"vac-{n}", "holder_index": f"{n:064x}"}, receipt="wanted", time=time)
        assert (await health.is_told())["data"]["result"] == "stored"
        await health.is_told_nothing_more()


async def test_sequences_and_ids_that_are_used_again_are_answered_naming_what_is_held(health: Sender) -> None:
    await health.publishes({"sequence": 3}, receipt="wanted")
    assert (await health.is_told())["data"]["result"] == "stored"
    older = await health.publishes({"sequence": 2})
    refused = (await health.is_told())["data"]
    assert (refused["event_id"], refused["reason"]) == (older, "older-than-held")
    assert refused["rule"] == "greater than 3, which is held"
    reused = await health.publishes({"sequence": 3, "fields": RIGHT})
    refused = (await health.is_told())["data"]
    assert (refused["event_id"], refused["reason"], refused["path"]) == (reused, "sequence-reused", "/data/sequence")
    same = Sender.event({"sequence": 4})
    await health.sends(signed(same))
    await health.sends(signed(same))
    await health.sends(signed(same | {"data": same["data"] | {"sequence": 5}}))
    refused = (await health.is_told())["data"]
    assert (refused["event_id"], refused["reason"], refused["path"]) == (same["id"], "id-reused", "/id")
    await health.publishes({"sequence": 4}, receipt="wanted")
    assert (await health.is_told())["data"]["result"] == "unchanged"
    await health.is_told_nothing_more()


async def test_a_person_that_comes_encrypted_is_stored_and_answered_like_one_that_came_by_index(
    health: Sender, database: Database, settings: Settings
) -> None:
    index = settings.blind_index().of(NUMBER)
    right = {"number": NUMBER, "fields": RIGHT}
    await health.publishes({"record_id": "by-index", "holder_index": index, "fields": RIGHT}, receipt="wanted")
    assert (await health.is_told())["data"]["result"] == "stored"
    await health.sends(signed(encrypted("sealed", right)), ENCRYPTED)
    assert (await health.is_told())["data"]["result"] == "stored"

    one, other = await whole(database, "credentials")
    assert one["holder"] == other["holder"]
    assert one["issues"][0]["content"]["fields"] == other["issues"][0]["content"]["fields"] == RIGHT

    replayed = encrypted("elsewhere", right)
    replayed["data"]["person"] = encrypted("sealed", right)["data"]["person"]
    for wrong, reason, path in (
        (replayed, "person-of-another-event", "/data/person"),
        (
            encrypted("w", {**right, "fields": {**RIGHT, "complete": 1}}),
            "field-not-flag",
            "/data/person/fields/complete",
        ),
        (encrypted("w", {**right, "number": "440309200002300031"}), "wrong-number", "/data/person/number"),
        ({**encrypted("w", right), "correlationid": index}, "case-not-record", "/correlationid"),
    ):
        await health.sends(signed(wrong), ENCRYPTED)
        refused = (await health.is_told())["data"]
        assert (refused["event_id"], refused["reason"], refused["path"]) == (wrong["id"], reason, path)
        assert NUMBER not in str(refused)
        assert path in refused["action"]["en"] or refused["title"]["zh-CN"]
    await health.is_told_nothing_more()
    assert await database["credentials"].count_documents({}) == 2


async def test_a_field_that_nobody_named_is_kept_as_it_is(health: Sender, database: Database) -> None:
    await health.publishes({"fields": RIGHT | {"blood_group": "AB"}}, receipt="wanted")
    assert (await health.is_told())["data"]["result"] == "stored"
    (credential,) = await whole(database, "credentials")
    assert credential["issues"][0]["content"]["fields"] == RIGHT | {"blood_group": "AB"}


async def test_who_is_no_department_is_a_case_for_an_operator(health: Sender) -> None:
    """The broker lets departments in only in their own names; an operator sees what is in the queue all the same."""
    stranger = health.event({"department": "nobody"}, "nobody.department-record-published.v1")
    await health.puts_into_the_queue(orjson.dumps(stranger))
    letter = await health.dead_letter()
    assert letter.headers["x-reason"] == "not-signed"  # nobody has its key


async def test_what_a_department_has_not_signed_is_told_to_it_and_to_an_operator(
    health: Sender, database: Database
) -> None:
    await health.sends(orjson.dumps(Sender.event()))
    told = (await health.is_told())["data"]
    assert (told["reason"], told["path"]) == ("not-signed", "/signature")
    assert (await health.dead_letter()).headers["x-reason"] == "not-signed"
    assert await database["credentials"].count_documents({}) == 0


async def test_a_flood_of_broken_events_that_nobody_reads_the_answers_of_stops_no_right_one(
    health: Sender, database: Database
) -> None:
    wrong = signed(Sender.event({"sequence": 0}))
    for n in range(8):  # and so many times what is prefetched
        await asyncio.gather(*(health.sends(wrong) for _ in range(25)))
        await health.publishes({"record_id": f"right-{n}", "holder_index": f"{n:064x}"})

    async def all_stored() -> bool | None:
        return await database["credentials"].count_documents({}) == 8 or None

    await eventually(all_stored)


def test_a_full_queue_of_replies_drops_the_oldest_instead_of_refusing(full_topology: Topology) -> None:
    from bus.topology import _REPLIES  # noqa: PLC0415 - what is declared is nowhere else to be seen

    assert _REPLIES["x-max-length"] == 100_000
    assert "x-overflow" not in _REPLIES
    assert all(department.replies.endswith(".replies") for department in full_topology.departments.values())
