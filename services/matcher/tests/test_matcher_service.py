"""The whole service over a real broker and a real store, called over HTTP."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import httpx
import orjson
import pytest

from local_stack.keys import ensure_keys
from local_stack.layout import ROOT
from local_stack.tokens import sign
from matcher.commands import trail, workplace
from matcher.commands.rebuild_projection import Rebuild
from matcher.commands.telling import Teller
from matcher.config import Settings
from matcher.domain.evidence import Evidence
from matcher.main import create_app
from matcher.store import EvidenceStore
from messaging.envelope import new_event_id
from messaging.topology import dead_letters_of
from runtime.blind_index import BlindIndex
from runtime.kernel import Database
from testkit.fixtures import Addresses

EXAMPLES = ROOT / "shared" / "contracts" / "events"
NUMBER = "440309199001010013"
RESIDENT = "res_1"
FLAT = "深圳市龙华区民治街道民治社区幸福花园3栋502室"
PATIENCE = 20.0

Json = dict[str, Any]
FoundT = TypeVar("FoundT")


class Outside:
    """Whoever deals with the service: publishes events to it, hears its own, calls its routes."""

    def __init__(self, keys: Path, channel: aio_pika.abc.AbstractChannel, client: httpx.AsyncClient) -> None:
        self.index = BlindIndex.from_file(keys / "blind-index.key").of(NUMBER)
        self.heard: list[Json] = []
        self._keys = keys
        self._channel = channel
        self._client = client

    async def publishes(self, contract: str, **changes: object) -> None:
        """Publish an event like the contract's example."""
        message = orjson.loads((EXAMPLES / f"{contract}.example.json").read_bytes())
        message |= {"id": new_event_id(), "data": message["data"] | changes}
        exchange = await self._channel.get_exchange("events")
        body = aio_pika.Message(orjson.dumps(message), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(body, routing_key=contract)

    async def registers(self) -> None:
        """Register the person and store the card, as identity and the credential store would."""
        await self.publishes(
            "identity.id-registered.v1",
            resident_id=RESIDENT,
            holder_index=self.index,
            name="李育成",
            birth_date="1990-01-01",
            address=FLAT,
        )
        await self.stores("id-card", {"number": self.index, "name": "李育成", "birth_date": "1990-01-01"}, "identity")

    async def stores(self, document_type: str, fields: Json, origin: str = "review", **changes: object) -> None:
        """Publish that a credential was stored."""
        given: Json = {
            "credential_id": f"cred-{document_type}",
            "document_type": document_type,
            "holder": {"resident_id": RESIDENT, "index": self.index},
            "fields": fields,
            "origin": origin,
            "valid_from": "2020-01-01",
            "valid_until": None,
            "sequence": 1,
        }
        await self.publishes("credential-store.credential-stored.v1", **(given | changes))

    async def holds(self, document_type: str, fields: Json, **changes: object) -> None:
        """Publish a record of the city mirror."""
        given: Json = {
            "record_id": f"sz-{document_type}",
            "document_type": document_type,
            "holder_index": self.index,
            "fields": fields,
            "valid_until": None,
        }
        await self.publishes("city.city-record-published.v1", **(given | changes))

    async def submits(self, *document_types: str, claims: Json, **changes: object) -> None:
        """Publish that an application needs a document."""
        given: Json = {
            "document_types": document_types,
            "holder": {"resident_id": RESIDENT, "index": self.index},
            "claims": claims,
            "scans": [],
        }
        await self.publishes("applications.document-submitted.v1", **(given | changes))

    async def listens(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Remember what the service publishes."""
        self.heard.append(orjson.loads(message.body))

    async def hears(self, event: str, **expected: object) -> Json:
        """Wait for an event with these values and return its data; each is returned once."""
        wanted = f"matcher.{event}.v1"

        async def found() -> Json | None:
            matching = (e for e in self.heard if e["type"] == wanted and expected.items() <= e["data"].items())
            return next(matching, None)

        event_found = await eventually(found)
        self.heard.remove(event_found)
        data: Json = event_found["data"]
        return data

    async def hears_of_holdings(self, *document_types: str) -> Json:
        """Wait until exactly these documents are held."""

        async def found() -> Json | None:
            changes = [e["data"] for e in self.heard if e["type"] == "matcher.holdings-changed.v1"]
            return next(
                (c for c in changes if {h["document_type"] for h in c["holdings"]} == set(document_types)), None
            )

        return await eventually(found)

    async def calls(
        self, method: str, path: str, body: Json | None = None, *, role: str = "", subject: str = "", **headers: str
    ) -> httpx.Response:
        """Call a route."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if role:
            sent["Authorization"] = f"Bearer {sign(self._keys, role, subject=subject)}"
        return await self._client.request(method, path, json=body, headers=sent)


async def eventually(look: Callable[[], Awaitable[FoundT | None]]) -> FoundT:
    """Look until there is something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(0.02)


@pytest.fixture
def settings(
    tmp_path: Path, infrastructure: Addresses, database: Database, bus: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    keys = tmp_path / "keys"
    ensure_keys(keys)
    monkeypatch.setenv("AMQP_URL", bus)
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("YIZHENG_KEYS", str(keys))
    monkeypatch.setenv("YIZHENG_JWKS", str(keys / "jwks.json"))
    monkeypatch.setenv("MATCHER_DATABASE", database.name)
    monkeypatch.setenv("MATCHER_STATISTICS_FOR", "0")
    return Settings()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Outside]:
    """Run the service, with somebody outside who hears it."""
    app = create_app(settings)
    async with await aio_pika.connect(settings.amqp_url) as connection:
        channel = await connection.channel()
        ear = await channel.declare_queue(exclusive=True)
        await ear.bind("events", "matcher.#")
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://matcher") as client,
        ):
            outside = Outside(settings.keys, channel, client)
            await ear.consume(outside.listens, no_ack=True)
            yield outside


@pytest.fixture
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    async with running(settings) as outside:
        yield outside


async def test_a_document_is_proven_first_by_the_store_and_later_by_the_mirror(outside: Outside) -> None:
    await outside.registers()
    account = {"name": "李育成", "account_number": "6222 0001"}
    await outside.stores("bank-account", account)
    changed = await outside.hears_of_holdings("id-card", "bank-account")
    assert (changed["resident_id"], changed["holder_index"]) == (RESIDENT, outside.index)

    await outside.submits("bank-account", claims={"name": "李育成"}, requirement="account")
    answer = await outside.hears("match-succeeded", requirement="account")
    assert (answer["source"], answer["evidence_id"]) == ("district-store", "cred-bank-account")
    outside.heard.clear()
    await outside.holds("bank-account", account)
    assert len((await outside.hears_of_holdings("id-card", "bank-account"))["holdings"]) == 3
    await outside.submits("bank-account", claims={"name": "李育成"}, requirement="account again")
    answer = await outside.hears("match-succeeded", requirement="account again")
    assert answer["source"] == "city-mirror"
    assert "yizheng_matches_total" in (await outside.calls("GET", "/metrics")).text


async def test_a_withdrawn_record_is_told_from_one_that_never_was(outside: Outside) -> None:
    await outside.registers()
    await outside.holds("property-certificate", {"owner_name": "李育成", "address": FLAT})
    await outside.hears_of_holdings("id-card", "property-certificate")
    claims = {"owner_name": "李育成", "address": "民治街道幸福花园三棟502", "tenant_name": "李育成"}
    await outside.submits("property-certificate", claims=claims, requirement="before")
    assert (await outside.hears("match-succeeded", requirement="before"))["source"] == "city-mirror"

    gone = {"record_id": "sz-property-certificate", "document_type": "property-certificate", "sequence": 9}
    outside.heard.clear()
    await outside.publishes("city.city-record-withdrawn.v1", holder_index=outside.index, **gone)
    await outside.hears_of_holdings("id-card")
    await outside.submits("rental-contract-record", "property-certificate", claims=claims, requirement="after")
    answer = await outside.hears("match-failed", requirement="after")
    assert answer["document_type"] == "property-certificate"
    assert {(field["result"], field["reason"]) for field in answer["fields"]} == {("revoked", "record-revoked")}
    await outside.submits("household-register", claims={"holder_name": "李育成"}, requirement="never")
    answer = await outside.hears("match-failed", requirement="never")
    assert {(field["result"], field["reason"]) for field in answer["fields"]} == {("missing", "no-record")}


async def test_an_application_that_overtakes_the_registration_waits_for_it(outside: Outside) -> None:
    await outside.submits("id-card", claims={"name": "李育成", "birth_date": "1990-01-01"}, requirement="early")
    await outside.submits("id-card", claims={"name": "李育成", "birth_date": "1990-01-10"}, requirement="early too")
    await outside.registers()
    assert (await outside.hears("match-succeeded", requirement="early"))["document_type"] == "id-card"
    assert (await outside.hears("match-failed", requirement="early too"))["fields"][2]["reason"] == "date-differs"


async def test_a_suspended_persons_card_proves_nothing_until_reinstated(outside: Outside) -> None:
    await outside.registers()
    await outside.hears_of_holdings("id-card")
    person = {"resident_id": RESIDENT, "holder_index": outside.index}
    await outside.publishes("identity.id-suspended.v1", **person, sequence=2)
    await outside.hears_of_holdings()
    card = {"name": "李育成", "birth_date": "1990-01-01"}
    await outside.submits("id-card", claims=card, requirement="suspended")
    answer = await outside.hears("match-failed", requirement="suspended")
    assert {(field["result"], field["reason"]) for field in answer["fields"]} == {("revoked", "person-suspended")}
    outside.heard.clear()
    await outside.publishes("identity.id-reinstated.v1", **person, sequence=3)
    await outside.hears_of_holdings("id-card")
    await outside.submits("id-card", claims=card, requirement="reinstated")
    await outside.hears("match-succeeded", requirement="reinstated")


async def test_a_record_of_the_wrong_shape_is_a_dead_letter_that_says_where(
    outside: Outside, settings: Settings
) -> None:
    await outside.holds("bank-account", {"name": {"first": "李"}})
    async with await aio_pika.connect(settings.amqp_url) as connection:
        channel = await connection.channel()
        letters = await channel.get_queue(dead_letters_of("matcher"), ensure=False)

        async def letter() -> aio_pika.abc.AbstractIncomingMessage | None:
            return await letters.get(fail=False)

        found = await eventually(letter)
        await found.ack()
    assert found.headers["x-reason"] == "wrong-schema"
    assert str(found.headers["x-path"]).startswith("/data/fields/name")


DRY_RUN: Json = {"item": "senior-card", "applicant": {"number": NUMBER}, "purpose": "核对能否全自动办理"}


async def publish_item(outside: Outside) -> None:
    requirements = [
        {
            "key": "id-card",
            "document_types": ["id-card"],
            "holder": "applicant",
            "claims": {"number": "holder.number_index", "name": "holder.name", "birth_date": "holder.birth_date"},
        },
        {
            "key": "status",
            "document_types": ["household-register", "residence-permit"],
            "holder": "applicant",
            "claims": {"holder_name": "holder.name", "address": "form.registered_address"},
        },
        {
            "key": "landlord",
            "document_types": ["id-card"],
            "holder": "second-party",
            "claims": {"name": "holder.name"},
        },
    ]
    await outside.publishes("applications.item-published.v1", item="senior-card", requirements=requirements)

    async def known() -> httpx.Response | None:
        answer = await outside.calls("POST", "/v1/dry-runs", DRY_RUN, role="official")
        return None if answer.status_code == 404 else answer

    await eventually(known)


async def test_an_official_tries_an_item_and_the_resident_can_read_who_tried(outside: Outside) -> None:
    await outside.registers()
    await outside.holds("household-register", {"holder_name": "李育成", "address": FLAT})
    await outside.hears_of_holdings("id-card", "household-register")
    await publish_item(outside)
    asked = DRY_RUN | {"form": {"registered_address": "民治街道幸福花园3栋503"}}
    first = await outside.calls(
        "POST", "/v1/dry-runs", asked, role="official", subject="official-7", Idempotency_Key="k1"
    )
    assert first.status_code == 200
    identity, status, landlord = first.json()["requirements"]
    assert (identity["result"], identity["source"]["name"]) == ("proven", "区居民证照电子库")
    assert (status["result"], status["document_type"]["code"]) == ("not-proven", "household-register")
    differing = {"field": "address", "result": "different", "reason": "unit-differs"}
    assert status["fields"][1] == differing | {"explanation": "单元或房号不一致"}
    assert landlord["result"] == "holder-not-named"
    assert first.json()["registered"] == {"applicant": True, "subject": True}
    assert FLAT not in first.text
    assert "李育成" not in first.text

    again = await outside.calls(
        "POST", "/v1/dry-runs", asked, role="official", subject="official-7", Idempotency_Key="k1"
    )
    assert again.json() == first.json()
    english = await outside.calls(
        "POST", "/v1/dry-runs", asked, role="official", subject="official-7", Accept_Language="en"
    )
    assert english.json()["requirements"][1]["fields"][1]["explanation"] == "the unit or room differs"

    looks = await outside.calls("GET", "/v1/evidence/looks?limit=2", role="resident", subject=RESIDENT)
    assert [(look["official"], look["purpose"]) for look in looks.json()["items"]] == [
        ("official-7", DRY_RUN["purpose"])
    ] * 2
    rest = await outside.calls(
        "GET", f"/v1/evidence/looks?cursor={looks.json()['next']}", role="resident", subject=RESIDENT
    )
    assert all(look["official"] == "official-1" for look in rest.json()["items"])
    others = await outside.calls("GET", "/v1/evidence/looks", role="resident", subject="res_2")
    assert others.json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"item": "fishing-licence"}, 404, "item-unknown"),
        ({"applicant": {"resident_id": "res_9"}}, 404, "resident-unknown"),
        ({"applicant": {"number": "440309199001010014"}}, 422, "identity-number-check-character"),
        ({"applicant": {"number": NUMBER, "resident_id": RESIDENT}}, 422, "invalid-input"),
        ({"applicant": {}}, 422, "invalid-input"),
        ({"purpose": " "}, 422, "invalid-input"),
        ({"purpose": "查" * 201}, 422, "invalid-input"),
        ({"unasked": 1}, 422, "invalid-input"),
    ],
)
async def test_a_dry_run_that_can_not_be_tried_says_why(
    outside: Outside, changes: Json, status: int, code: str
) -> None:
    await publish_item(outside)
    answer = await outside.calls("POST", "/v1/dry-runs", DRY_RUN | changes, role="official")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_officials_try_and_count_and_only_residents_read_their_looks(outside: Outside) -> None:
    assert (await outside.calls("POST", "/v1/dry-runs", DRY_RUN)).status_code == 401
    for role in ("resident", "reviewer", "clerk"):
        assert (await outside.calls("POST", "/v1/dry-runs", DRY_RUN, role=role)).status_code == 403
        assert (await outside.calls("GET", "/v1/evidence/statistics", role=role)).status_code == 403
    assert (await outside.calls("GET", "/v1/evidence/looks", role="official")).status_code == 403


async def test_the_evidence_is_counted_by_source_and_type(outside: Outside) -> None:
    await outside.registers()
    await outside.holds("bank-account", {"name": "李育成"})
    await outside.holds("bank-account", {"name": "赵六"}, record_id="sz-2", holder_index="ab" * 32)
    await outside.hears_of_holdings("id-card", "bank-account")

    async def counted() -> Json | None:
        answer: Json = (await outside.calls("GET", "/v1/evidence/statistics", role="official")).json()
        return answer if answer["total"] == 3 else None

    answer = await eventually(counted)
    assert (answer["people"], answer["registered"]) == (2, 1)
    assert {(row["source"], row["document_type"], row["status"], row["count"]) for row in answer["records"]} == {
        ("city-mirror", "bank-account", "valid", 2),
        ("district-store", "id-card", "valid", 1),
    }


async def test_the_projection_is_rebuilt_while_the_service_learns(
    outside: Outside, settings: Settings, database: Database
) -> None:
    """Half of the events come before the rebuild, half while it is under way; in between the evidence is damaged."""
    holders = [secrets.token_hex(32) for _ in range(8)]
    evidence = EvidenceStore(database)

    async def tell(sequences: range) -> None:
        for sequence in sequences:
            for index in holders:
                holder = {"resident_id": None, "index": index}
                await outside.stores("bank-account", {"n": sequence}, holder=holder, sequence=sequence)

    async def at(sequence: int) -> bool | None:
        known = await evidence.many(holders)
        return True if [_sequences(known.get(index)) for index in holders] == [[sequence]] * len(holders) else None

    await tell(range(1, 6))
    await eventually(lambda: at(5))
    known = await evidence.many(holders)
    await evidence.save_many([each.with_records([]) for each in known.values()])

    async with workplace.opened(settings) as work, trail.opened(settings.amqp_url, "trail") as opened:
        await asyncio.gather(Rebuild(work, opened, Teller("en", io.StringIO())).run(), tell(range(6, 21)))
    await eventually(lambda: at(20))
    for each in (await evidence.many(holders)).values():
        assert [record.content.fields for record in each.records if record.content] == [{"n": 20}]


def _sequences(evidence: Evidence | None) -> list[int]:
    return [record.sequence for record in evidence.records] if evidence else []
