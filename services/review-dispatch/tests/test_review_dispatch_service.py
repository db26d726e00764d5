"""The whole service on a real broker and a real store: a document fails to match, and a person decides it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Send

from local_stack.devices import ProvingAuth
from local_stack.keys import PUBLIC_KEYS, ensure_keys
from local_stack.tokens import sign
from review_dispatch.config import Settings
from review_dispatch.main import create_app
from services.applications.tests import phone
from store.repository import Database
from testkit import signers
from testkit.fixtures import StackAddresses
from testkit.patience import PATIENCE, eventually
from testkit.signers import signed
from web import revocation, server_sent_events
from web.server_sent_events import OPEN

EXCHANGE = "events"
COMMUNITY = "440309002003"
EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "events"


@dataclass
class Running:
    """The service, seen from outside: its HTTP edge, the bus before it, and what it says on the bus."""

    http: httpx.AsyncClient
    channel: aio_pika.abc.AbstractChannel
    said: aio_pika.abc.AbstractQueue
    keys: Path
    app: FastAPI

    async def tell(self, type: str, id: str, **changes: object) -> None:  # noqa: A002 - the CloudEvents names
        """Publish the contract's example of an event, with changes to its data."""
        event = json.loads((EXAMPLES / f"{type}.example.json").read_text(encoding="utf-8"))
        event |= {"id": id, "time": datetime.now(UTC).isoformat(), "data": event["data"] | changes}
        event["correlationid"] = event["data"]["application_id"]
        exchange = await self.channel.get_exchange(EXCHANGE)
        await exchange.publish(aio_pika.Message(signed(event, folder=self.keys)), routing_key=type)

    async def hear(self) -> dict[str, Any]:
        """Return the next event that the service publishes."""

        async def next_one() -> dict[str, Any] | None:
            while message := await self.said.get(no_ack=True, fail=False):
                if not (message.routing_key or "").startswith("review-dispatch.task-"):
                    event: dict[str, Any] = signers.in_clear(message.body)
                    return event
            return None

        return await eventually(next_one)

    async def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send a request with a real token of a reviewer of the health department."""
        content = b"" if body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.reviewer(who)}", "Content-Type": "application/json", **headers}
        return await self.http.request(method, f"/v1/tasks{path}", content=content, headers=given)

    def reviewer(self, who: str) -> str:
        """Sign a token."""
        return sign(self.keys, "reviewer", subject=who, departments=["health"], hours=1)

    async def task_of(self, application_id: str) -> dict[str, Any]:
        """Wait for an application's task to appear in the queue."""

        async def first() -> dict[str, Any] | None:
            answer = await self.ask("wang", "GET", f"?application_id={application_id}")
            items: list[dict[str, Any]] = answer.json()["items"]
            return items[0] if items else None

        return await eventually(first)


@pytest.fixture
async def running(
    infrastructure: StackAddresses,
    bus: str,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Running]:
    ensure_keys(tmp_path)
    monkeypatch.setenv("AMQP_URL", bus)
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    monkeypatch.setenv("YIZHENG_JWKS", str(tmp_path / PUBLIC_KEYS))
    monkeypatch.setenv("REVIEW_DISPATCH_DATABASE", database.name)
    app = create_app(Settings())
    connection = await aio_pika.connect(bus)
    transport = httpx.ASGITransport(app)
    async with (
        connection,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test", auth=ProvingAuth(tmp_path)) as http,
    ):
        channel = await connection.channel()
        said = await channel.declare_queue(exclusive=True)
        await said.bind(await channel.get_exchange(EXCHANGE), "review-dispatch.#")
        yield Running(http, channel, said, tmp_path, app)


async def test_a_failed_match_is_reviewed_and_approved_by_a_person(running: Running) -> None:
    await running.tell("matcher.match-failed.v2", "e1", application_id="app_s1")
    await running.tell("matcher.match-failed.v2", "e1", application_id="app_s1")
    requested = await running.hear()
    assert (requested["type"], requested["causationid"]) == ("review-dispatch.review-requested.v1", "e1")

    task = await running.task_of("app_s1")
    assert task["task_id"] == requested["data"]["task_id"]
    assert (await running.ask("wang", "POST", f"/{task['task_id']}/claim")).status_code == 200
    assert (await running.ask("zhao", "POST", f"/{task['task_id']}/claim")).status_code == 409

    once = {"Idempotency-Key": "k1"}
    approved = await running.ask("wang", "POST", f"/{task['task_id']}/approval", {"note": "已核实"}, **once)
    assert approved.json()["status"]["code"] == "approved"
    again = await running.ask("wang", "POST", f"/{task['task_id']}/approval", {"note": "已核实"}, **once)
    assert (again.status_code, again.content) == (200, approved.content)
    other = await running.ask("wang", "POST", f"/{task['task_id']}/approval", {"note": "请核对"}, **once)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")

    claimed = await running.hear()
    assert (claimed["type"], claimed["data"]["by"]["subject"]) == ("review-dispatch.data-accessed.v1", "wang")
    said, older = await running.hear(), await running.hear()
    assert (said["type"], said["correlationid"]) == ("review-dispatch.review-approved.v2", "app_s1")
    assert [it["reviewer"] for it in said["data"]["approvals"]] == ["wang"]
    assert (older["type"], older["data"]["reviewer"]) == ("review-dispatch.review-approved.v1", "wang")
    shown = (await running.ask("wang", "GET", f"/{task['task_id']}")).json()
    assert shown["version"] == approved.json()["version"] == 3


async def test_the_result_of_a_visit_is_kept_once_however_often_an_offline_phone_sends_it(running: Running) -> None:
    await running.tell("applications.field-check-requested.v1", "e5", application_id="app_s5")
    token = sign(running.keys, "grid-officer", subject="grid-1", communities=[COMMUNITY])

    async def send(path: str, key: str, match: str = "*", **sent: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "If-Match": match}
        return await running.http.post(f"/v1/tasks{path}", headers=headers, **sent)

    async def queue(tag: str = "") -> httpx.Response:
        return await running.http.get("/v1/tasks", headers={"Authorization": f"Bearer {token}", "If-None-Match": tag})

    async def found() -> str | None:
        return next((each["task_id"] for each in (await queue()).json()["items"]), None)

    task = await eventually(found)
    seen = (await queue()).headers["etag"]
    unchanged = await queue(seen)
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", seen)
    etag = (await send(f"/{task}/claim", "k0")).headers["etag"]
    assert [each["version"] for each in (await queue(seen)).json()["items"]] == [2]
    picture = {"file": ("door.jpg", phone.photograph(), "image/jpeg")}
    photographs = [await send(f"/{task}/photographs", "k1", etag, files=picture) for _ in range(3)]
    assert {answer.status_code for answer in photographs} == {201}
    [kept] = photographs[-1].json()["photographs"]
    shown = await running.http.get(kept["href"], headers={"Authorization": f"Bearer {token}"})
    assert shown.content.startswith(b"\xff\xd8\xff")
    assert [told for told in phone.TOLD if told in shown.content] == []

    after = photographs[-1].headers["etag"]
    results = [await send(f"/{task}/approval", "k2", after, json={"standard_reason": "lives-here"}) for _ in range(3)]
    assert {answer.content for answer in results} == {results[0].content}
    assert results[0].json()["status"]["code"] == "approved"
    other = await send(f"/{task}/rejection", "k3", after, json={"reason": "不在此居住"})
    assert (other.status_code, other.json()["code"]) == (412, "stale-version")
    while (await running.hear())["type"] != "review-dispatch.field-check-passed.v1":
        pass
    later = await running.said.get(no_ack=True, fail=False)
    assert later is None or later.routing_key != "review-dispatch.field-check-passed.v1"


async def test_the_queue_is_followed_until_the_provider_ends_the_sign_in(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces, send = list[str](), server_sent_events._send  # noqa: SLF001 - what has been sent so far

    async def noted(piece: str, to: Send, *, more: bool) -> None:
        pieces.append(piece)
        await send(piece, to, more=more)

    async def counts(_token: str) -> bool:
        return "event: queues" not in "".join(pieces).partition("event: new")[2]

    monkeypatch.setattr(server_sent_events, "_send", noted)
    monkeypatch.setattr(server_sent_events, "HEARTBEAT", 0.05)
    monkeypatch.setattr(revocation, "FRESH", 0.0)
    monkeypatch.setattr(running.app.state.verifier, "_revocation", revocation.Revocation(counts))
    headers = {"Authorization": f"Bearer {running.reviewer('wang')}", "Accept-Language": "en"}
    following = asyncio.create_task(running.http.get("/v1/tasks/stream", headers=headers))
    await eventually(opened)
    await running.tell("matcher.match-failed.v2", "e6", application_id="app_s6")
    async with asyncio.timeout(PATIENCE):
        answer = await following
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [block.split("\n")[0] for block in answer.text.split("\n\n") if block.startswith("event: ")]
    assert [event.removeprefix("event: ") for event in events] == ["queues", "new", "queues", "end"]
    assert answer.text.endswith('event: end\ndata: {"reason":"token-ended"}\n\n')
    assert "New: Document review (Birth certificate)" in answer.text


async def opened() -> bool | None:
    """Tell that a stream is open."""
    value: float = OPEN.labels("review-dispatch")._value.get()  # noqa: SLF001 - as the metrics show it
    return value == 1 or None


async def test_of_many_who_claim_at_once_one_gets_it(running: Running) -> None:
    await running.tell("matcher.match-failed.v2", "e2", application_id="app_s2")
    task = await running.task_of("app_s2")
    people = [f"reviewer-{n}" for n in range(8)]
    answers = await asyncio.gather(*(running.ask(who, "POST", f"/{task['task_id']}/claim") for who in people))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


async def test_a_withdrawal_that_overtakes_the_request_leaves_nothing_to_approve(running: Running) -> None:
    await running.tell("applications.application-withdrawn.v1", "e3", application_id="app_s3")
    await running.tell("matcher.match-failed.v2", "e4", application_id="app_s3")

    async def cancelled() -> dict[str, Any] | None:
        answer = await running.ask("wang", "GET", "?application_id=app_s3&status=cancelled")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items[0] if items else None

    task = await eventually(cancelled)
    refused = await running.ask("wang", "POST", f"/{task['task_id']}/approval", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "task-cancelled-withdrawn")
    assert await running.said.get(no_ack=True, fail=False) is None


async def test_the_gauges_count_what_waits(running: Running) -> None:
    assert "yizheng_reviews_waiting" in (await running.http.get("/metrics")).text
    assert (await running.http.get("/healthz")).status_code == 200
