"""The whole service over HTTP, with a real broker and store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import httpx
import orjson
import pytest

from data_rights.commands.line import run
from data_rights.config import Settings
from data_rights.main import create_app
from local_stack import tokens
from local_stack.devices import ProvingAuth
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from privacy import exports
from runtime.texts import written_day
from store.repository import Database
from testkit import signers
from testkit.fixtures import TOPOLOGY, StackAddresses
from testkit.leaks import readable_in
from testkit.patience import PATIENCE
from testkit.signers import signed

Json = dict[str, Any]
FoundT = TypeVar("FoundT")
EVENTS = TOPOLOGY.parent / "events"
RESIDENT = "res_01kb2m7k9q3v5x8z0a1b2c3d4e"


@dataclass
class Outside:
    """Who publishes what the other services would, and calls as a resident."""

    http: httpx.AsyncClient
    exchange: aio_pika.abc.AbstractExchange
    heard: aio_pika.abc.AbstractQueue
    keys: Path

    async def publish(self, example: str) -> Json:
        """Publish an example message of the contracts."""
        return await self.tell(orjson.loads((EVENTS / f"{example}.json").read_bytes()))

    async def tell(self, message: Json) -> Json:
        """Publish a message."""
        body = aio_pika.Message(signed(message, folder=self.keys), content_type="application/cloudevents+json")
        await self.exchange.publish(body, message["type"])
        return message

    async def post(self, path: str, body: Json, subject: str = RESIDENT) -> httpx.Response:
        """Ask for something as a resident."""
        token = tokens.sign(self.keys, "resident", subject=subject, bound=True)
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.post(path, json=body, headers=headers, auth=ProvingAuth(self.keys))

    async def hears(self, type_: str) -> Json:
        """Wait for an event of the service's own."""

        async def arrived() -> Json | None:
            while message := await self.heard.get(no_ack=True, fail=False):
                event: Json = signers.in_clear(message.body)
                if event["type"] == type_:
                    return event
            return None

        return await until(arrived)

    async def get(self, path: str, subject: str = RESIDENT, language: str = "en", **params: str) -> httpx.Response:
        """Call as a resident."""
        token = tokens.sign(self.keys, "resident", subject=subject)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        return await self.http.get(path, headers=headers, params=params)

    async def accesses(self, **params: str) -> list[Json]:
        """Read the resident's record."""
        answer = await self.get("/v1/accesses", **params)
        assert answer.status_code == httpx.codes.OK, answer.text
        items: list[Json] = answer.json()["items"]
        return items


async def until(look: Callable[[], Awaitable[FoundT | None]]) -> FoundT:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.05)


@pytest.fixture
def settings(
    infrastructure: StackAddresses, bus: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    ensure_keys(tmp_path)
    environment = {
        "AMQP_URL": bus,
        "MONGODB_URL": infrastructure.mongodb,
        "DATA_RIGHTS_DATABASE": database.name,
        "DATA_RIGHTS_SEAL_AFTER": "0.2",
        "DATA_RIGHTS_PUBLISH_EVERY": "0.2",
        "YIZHENG_RECORD_HEADS": str(tmp_path / "heads.jsonl"),
        "YIZHENG_KEYS": str(tmp_path),
        "YIZHENG_JWKS": str(tmp_path / PUBLIC_KEYS),
        "YIZHENG_ISSUER": tokens.ISSUER,
        "YIZHENG_AUDIENCE": tokens.AUDIENCE,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("data_rights.main.WRITE_EVERY", 0.2)
    return Settings()


@pytest.fixture
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    app = create_app(settings)
    async with await aio_pika.connect(settings.amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("events")
        heard = await channel.declare_queue(exclusive=True)
        await heard.bind(exchange, "data-rights.#")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://d") as http,
        ):
            yield Outside(http, exchange, heard, settings.keys)


async def test_what_services_tell_is_read_in_words_filtered_proven_and_verified(
    outside: Outside, settings: Settings
) -> None:
    for example in (
        "identity.id-registered.v1.example",
        "identity.data-accessed.v1.example",
        "review-dispatch.data-accessed.v1.example",
        "review-dispatch.data-accessed.v1.example-2",
        "credential-store.data-accessed.v1.example",
        "operations.data-accessed.v1.example",
        "matcher.match-succeeded.v2.example-2",
    ):
        await outside.publish(example)

    async def all_of_them() -> list[Json] | None:
        found = await outside.accesses()
        return found if len(found) == 7 else None

    found = await until(all_of_them)
    assert {each["how"]["code"] for each in found} == {"queried", "viewed", "worked-on", "unmasked", "matched"}
    by_department = await outside.accesses(department="civil")
    asked = "Civil Affairs (Department system) searched for your credentials (Senior citizen card)"
    assert [each["sentence"] for each in by_department] == [f"{asked}, for this purpose: 核对敬老优待资格"]
    chinese = await outside.get("/v1/accesses", language="zh-CN", document_type="birth-certificate", how="viewed")
    assert [each["sentence"] for each in chinese.json()["items"]] == [
        "卫生（审核人员）为办理“教育入学”查看了您提交的内容（出生医学证明）"
    ]
    await _check_proof(outside, by_department[0]["access_id"])
    await _check_heads_and_file(outside, settings)
    assert await asyncio.to_thread(run, ["verify"], settings) == 0


async def _check_proof(outside: Outside, access_id: str) -> None:
    """Check the proof with nothing but what the documents say: canonical JSON and SHA-256."""

    async def published() -> httpx.Response | None:
        answer = await outside.get(f"/v1/accesses/{access_id}/proof")
        return answer if answer.status_code == httpx.codes.OK else None

    def hashed(what: object) -> str:
        text = json.dumps(what, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    proof = (await until(published)).json()
    assert hashed(proof["entry"]) == proof["digest"]
    assert [access_id, proof["digest"]] in proof["block"]["entries"]
    previous = proof["block"]["previous"]
    for block in (proof["block"], *proof["following"]):
        assert block["previous"] == previous
        told = {name: block[name] for name in ("number", "previous", "at", "entries", "term")}
        assert hashed(told) == block["hash"]
        previous = block["hash"]
    assert previous == proof["head_hash"]


async def _check_heads_and_file(outside: Outside, settings: Settings) -> None:
    heads = (await outside.http.get("/v1/record-heads")).json()["items"]
    assert heads[0]["number"] >= 1

    async def written() -> bool:
        kept = settings.heads.read_text().splitlines() if settings.heads and settings.heads.exists() else []
        return heads[0]["number"] in [json.loads(line)["number"] for line in kept]

    await until(written)


async def test_an_export_is_gathered_from_every_service_and_read_as_json_and_as_a_page(outside: Outside) -> None:
    await outside.publish("identity.id-registered.v1.example")

    async def accepted() -> Json | None:
        answer = await outside.post("/v1/exports", {})
        return answer.json() if answer.status_code == httpx.codes.ACCEPTED else None

    export = await until(accepted)
    unbound = {"Authorization": f"Bearer {tokens.sign(outside.keys, 'resident', subject=RESIDENT)}"}
    assert (await outside.http.post("/v1/exports", json={}, headers=unbound)).json()["code"] == "unbound-token"
    asked = exports.ExportRequested.model_validate((await outside.hears("data-rights.export-requested.v1"))["data"])
    assert asked.signed_request is not None
    assert asked.signed_request.body == "{}"
    for service in export["services"]:
        message = orjson.loads((EVENTS / f"{service['service']['code']}.data-exported.v1.example.json").read_bytes())
        (told,) = exports.answer(exports.DataExported, asked, {"tasks": [{"about": {"reason": "张伟 <b>"}}]}).events
        await outside.tell({**message, "data": told.model_dump(mode="json")})

    async def ready() -> Json | None:
        found = (await outside.get(f"/v1/exports/{export['export_id']}")).json()
        return found if found["state"]["code"] == "ready" else None

    await until(ready)
    content = (await outside.get(f"/v1/exports/{export['export_id']}/content")).json()
    assert {name for name, held in content.items() if held.get("tasks") == [{"about": {"reason": "张伟 <b>"}}]} == {
        service["service"]["code"] for service in export["services"]
    }
    page = await outside.get(f"/v1/exports/{export['export_id']}/page", language="zh-CN")
    assert "张伟 &lt;b&gt;" in page.text
    others = await outside.get(f"/v1/exports/{export['export_id']}", subject="res_somebody")
    assert (others.status_code, others.json()["code"]) == (404, "export-unknown")


async def test_a_disputed_entry_is_answered_and_the_answer_read(outside: Outside) -> None:
    await outside.publish("identity.id-registered.v1.example")
    await outside.publish("credential-store.data-accessed.v1.example")

    async def recorded() -> str | None:
        found = await outside.accesses()
        return str(found[0]["access_id"]) if found else None

    access_id = await until(recorded)
    raised = await outside.post(f"/v1/accesses/{access_id}/dispute", {"reason": "我未申请过敬老优待证"})
    assert raised.status_code == httpx.codes.CREATED
    event = await outside.hears("data-rights.access-disputed.v1")
    assert (event["data"]["department"], event["data"]["reason"]) == ("civil", "我未申请过敬老优待证")
    answer = orjson.loads((EVENTS / "review-dispatch.dispute-answered.v1.example.json").read_bytes())
    answer["data"]["dispute_id"] = event["data"]["dispute_id"]
    await outside.tell(answer)

    async def answered() -> Json | None:
        found = (await outside.get(f"/v1/disputes/{event['data']['dispute_id']}")).json()
        return found if found["state"]["code"] == "answered" else None

    shown = await until(answered)
    assert shown["explanation"]["text"] == answer["data"]["explanation"]
    assert [each["dispute"] for each in await outside.accesses()] == [event["data"]["dispute_id"]]


async def test_a_correction_is_asked_for_answered_and_the_answer_read(outside: Outside) -> None:
    stored = orjson.loads((EVENTS / "credential-store.credential-stored.v1.example.json").read_bytes())
    registered = await outside.publish("identity.id-registered.v1.example")
    stored["data"]["holder"] = {"resident_id": RESIDENT, "index": registered["data"]["holder_index"]}
    await outside.tell(stored)
    asking = {
        "document_type": "birth-certificate",
        "credential_id": stored["data"]["credential_id"],
        "field": "child_name",
        "says": "李小龙",
        "should_say": "李晓龙",
        "reason": "录入时写错了字",
    }

    async def asked() -> Json | None:
        answer = await outside.post("/v1/corrections", asking)
        return answer.json() if answer.status_code == httpx.codes.CREATED else None

    correction = await until(asked)
    event = await outside.hears("data-rights.correction-requested.v1")
    assert (event["data"]["department"], event["data"]["should_say"]) == ("health", "李晓龙")
    again = await outside.post("/v1/corrections", asking)
    assert (again.status_code, again.json()["code"]) == (409, "correction-asked-already")
    answer = orjson.loads((EVENTS / "review-dispatch.correction-answered.v1.example.json").read_bytes())
    answer["data"] |= {"correction_id": correction["correction_id"], "holder": event["data"]["holder"]}
    await outside.tell(answer)

    async def answered() -> Json | None:
        found = (await outside.get(f"/v1/corrections/{correction['correction_id']}")).json()
        return found if found["state"]["code"] == "corrected" else None

    shown = await until(answered)
    assert (shown["answer"]["text"], shown["answer"]["value"]) == (answer["data"]["explanation"], "李晓龙")
    assert shown["answer"]["effect"]["code"] == "reissued"
    listed = (await outside.get("/v1/corrections", language="zh-CN")).json()["items"]
    assert [(each["state"]["name"], each["field"]["name"]) for each in listed] == [("予以更正", "新生儿姓名")]


async def test_an_approved_correction_of_the_name_is_followed_until_it_is_made_at_a_window(outside: Outside) -> None:
    registered = await outside.publish("identity.id-registered.v1.example")
    asking = {"document_type": "registration", "field": "name", "should_say": "李思源", "reason": "登记时写错了字"}

    async def asked() -> Json | None:
        answer = await outside.post("/v1/corrections", asking)
        return answer.json() if answer.status_code == httpx.codes.CREATED else None

    correction = await until(asked)
    assert correction["window"] is None
    answer = orjson.loads((EVENTS / "review-dispatch.correction-answered.v1.example-2.json").read_bytes())
    asked_for = (await outside.hears("data-rights.correction-requested.v1"))["data"]
    answer["data"] |= {name: asked_for[name] for name in ("correction_id", "holder", "document_type", "field")}
    answer["data"] |= {"result": "corrected", "value": "李思源"}
    await outside.tell(answer)
    event = (await outside.hears("data-rights.correction-permitted.v1"))["data"]
    assert (event["value"], event["holder"]["index"]) == ("李思源", registered["data"]["holder_index"])

    async def standing(state: str) -> Json | None:
        found = (await outside.get(f"/v1/corrections/{correction['correction_id']}", language="zh-CN")).json()
        window: Json | None = found["window"]
        return window if window and window["state"]["code"] == state else None

    window = await until(lambda: standing("open"))
    assert (window["until"], window["state"]["name"]) == (event["until"], "待到窗口办理")
    assert written_day("zh-CN", date.fromisoformat(event["until"])) in window["text"]
    corrected = orjson.loads((EVENTS / "identity.registration-corrected.v1.example.json").read_bytes())
    corrected["data"]["correction_id"] = correction["correction_id"]
    await outside.tell(corrected)
    assert (await until(lambda: standing("made")))["text"] == "已于 2026年11月27日 在窗口办理。"


async def test_of_two_requests_at_the_same_moment_one_is_refused(outside: Outside) -> None:
    await outside.publish("identity.id-registered.v1.example")
    asking = {"document_type": "registration", "field": "address", "should_say": "3栋502", "reason": "已搬家"}

    async def known() -> bool:
        return (
            await outside.post("/v1/corrections", {**asking, "field": "issuing_authority"})
        ).status_code == httpx.codes.CREATED

    await until(known)
    answers = await asyncio.gather(*(outside.post("/v1/corrections", asking) for _ in range(4)))

    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]


async def test_the_store_shows_nothing_of_what_a_correction_says(outside: Outside, database: Database) -> None:
    await outside.publish("identity.id-registered.v1.example")
    asking = {
        "document_type": "registration",
        "field": "name",
        "says": "张三丰",
        "should_say": "章三丰",
        "reason": "错字",
    }

    async def asked() -> bool:
        return (await outside.post("/v1/corrections", asking)).status_code == httpx.codes.CREATED

    await until(asked)
    assert await readable_in(database, {"张三丰", "章三丰", "错字"}) == []
