"""The running service as its tests call, tell and hear it: HTTP in process, a real broker, a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel, AbstractQueue
from fastapi import FastAPI

from local_stack import tokens
from local_stack.devices import ProvingAuth
from services.applications.tests.office import NUMBER_OF
from store.blind_index import BlindIndex
from store.repository import Database
from testkit import signers
from testkit.patience import eventually
from testkit.signers import signed

FoundT = TypeVar("FoundT")

EXCHANGE = "events"

PEOPLE: Mapping[str, Mapping[str, object]] = {
    "newcomer": {"name": "李育成", "birth_date": "1990-01-01", "address": "湖南省邵阳市邵东县1号"},
    "landlord": {"name": "陈桂英", "birth_date": "1949-06-15", "address": "广东省深圳市龙华区观澜街道2号"},
    "child": {"name": "李小雨", "birth_date": "2020-05-01", "address": "湖南省邵阳市邵东县1号"},
    "senior": {"name": "张伟", "birth_date": "1950-01-01", "address": "广东省深圳市龙华区民治街道3号"},
    "youth": {"name": "赵小明", "birth_date": "2015-01-01", "address": "湖南省邵阳市邵东县9号"},
}


@dataclass(frozen=True)
class Service:
    """The service under test."""

    app: FastAPI
    http: httpx.AsyncClient
    keys: Path
    channel: AbstractChannel
    heard: AbstractQueue
    database: Database

    async def ready(self) -> dict[str, Any] | None:
        """Return what it says about its readiness once it is ready, None before."""
        answer = await self.http.get("/startupz")
        return answer.json() if answer.status_code == httpx.codes.OK else None

    async def call(  # noqa: PLR0913 - what a request has
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: str = "newcomer",
        role: str = "resident",
        departments: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, Any] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Call a route as somebody; with no role, as nobody."""
        given = {"Accept-Language": "en", **(headers or {})}
        if role:
            given["Authorization"] = f"Bearer {tokens.sign(self.keys, role, subject=by, departments=departments)}"
        auth = ProvingAuth(self.keys)
        return await self.http.request(method, path, json=body, headers=given, files=files, data=data, auth=auth)

    async def send(
        self, method: str, path: str, content: bytes, *, headers: Mapping[str, str], by: str = "newcomer"
    ) -> httpx.Response:
        """Send bytes as a resident."""
        token = tokens.sign(self.keys, "resident", subject=by)
        given = {"Accept-Language": "en", "Authorization": f"Bearer {token}", **headers}
        return await self.http.request(method, path, content=content, headers=given)

    async def tell(self, kind: str, data: Mapping[str, object], *, id: str | None = None, case: str = "case") -> None:
        """Publish an event as its publisher would."""
        event = {
            "specversion": "1.0",
            "id": id or token_hex(8),
            "source": f"/yizheng/{kind.partition('.')[0]}",
            "type": kind,
            "time": datetime.now(UTC).isoformat(),
            "correlationid": case,
            "data": data,
        }
        await self.publish(kind, signed(event))

    async def publish(self, routing_key: str, body: bytes) -> None:
        """Publish a body as it is."""
        exchange = await self.channel.get_exchange(EXCHANGE)
        await exchange.publish(aio_pika.Message(body), routing_key=routing_key)

    async def next_event(self, kind: str, version: int = 1) -> dict[str, Any]:
        """Wait for the next event of a type that the service publishes; others before it are passed over."""

        async def arrived() -> dict[str, Any] | None:
            while message := await self.heard.get(no_ack=True, fail=False):
                event: dict[str, Any] = signers.in_clear(message.body)
                if event["type"] == f"applications.{kind}.v{version}":
                    return event
            return None

        return await eventually(arrived)

    async def kinds_until(self, kind: str) -> list[str]:
        """Return the types of all events up to the next of a kind."""
        kinds = list[str]()

        async def arrived() -> bool:
            while message := await self.heard.get(no_ack=True, fail=False):
                kinds.append(signers.in_clear(message.body)["type"])
                if kinds[-1] == f"applications.{kind}.v1":
                    return True
            return False

        await eventually(arrived)
        return kinds

    async def knows(self, *ids: str) -> None:
        """Have people registered, and wait until the service has learnt of them."""
        index = self.app.state.deps.numbers
        for id in ids:
            await self.tell("identity.id-registered.v1", registered(id, index), case=id)
        await eventually(partial(self._all_known, set(ids)))

    async def _all_known(self, ids: set[str]) -> bool | None:
        known = {each["_id"] async for each in self.database["residents"].find({}, {"_id": 1})}
        return True if ids <= known else None

    async def has_guardian(self, guardian: str, child: str) -> None:
        """Have a guardianship registered."""
        said = {
            "guardianship_id": "g1",
            "guardian_id": guardian,
            "child_id": child,
            "relation": "father",
            "sequence": 1,
        }
        await self.tell("identity.guardianship-registered.v1", said)
        await eventually(lambda: self.database["guardianships"].find_one({"_id": f"{guardian}:{child}"}))

    async def drafts(self, body: Mapping[str, object], *, by: str = "newcomer") -> str:
        """Begin an application; return its id."""
        answer = await self.call("POST", "/v1/applications", body, by=by)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["application_id"])

    async def submits(self, id: str, *, by: str = "newcomer") -> dict[str, Any]:
        """Submit an application."""
        answer = await self.call("POST", f"/v1/applications/{id}/submission", by=by)
        assert answer.status_code == 200, answer.text
        submitted: dict[str, Any] = answer.json()
        return submitted

    async def proves(self, id: str, *, by: str = "newcomer") -> None:
        """Have the matcher prove every document of an application."""
        documents = [
            {
                "requirement": document["requirement"],
                "attempt": document["attempt"],
                "document_type": document["any_of"][0]["code"],
                "source": "city-mirror",
            }
            for document in (await self.see(id, by=by))["documents"]
        ]
        await self.tell("matcher.match-succeeded.v2", {"application_id": id, "documents": documents}, case=id)

    async def claims(self, id: str, requirement: str, by: str) -> None:
        """Have somebody take the review of a document in hand."""
        said = {
            "task_id": f"task_{requirement}",
            "kind": "review",
            "application_id": id,
            "requirement": requirement,
            "department": "health",
            "claimed_by": by,
            "claimed_at": "2026-11-23T02:00:00Z",
            "sequence": 2,
        }
        await self.tell("review-dispatch.task-claimed.v1", said, case=id)
        await eventually(lambda: self.database["hands"].find_one({"_id": f"task_{requirement}"}))

    async def see(self, id: str, *, by: str = "newcomer") -> dict[str, Any]:
        """Look at an application."""
        seen: dict[str, Any] = (await self.call("GET", f"/v1/applications/{id}", by=by)).json()
        return seen

    async def becomes(self, id: str, state: str, *, by: str = "newcomer") -> dict[str, Any]:
        """Wait until an application is in a state."""

        async def there() -> dict[str, Any] | None:
            seen = await self.see(id, by=by)
            return seen if seen["state"] == state else None

        return await eventually(there)

    async def counts(self) -> dict[str, int]:
        """Count what is kept of applications and scans."""
        names = ("applications", "scans.files", "scans.chunks", "outbox")
        return {name: await self.database[name].count_documents({}) for name in names}


def registered(id: str, index: BlindIndex) -> dict[str, object]:
    """Return the data of a registration, as identity publishes it."""
    return {
        "resident_id": id,
        "holder_index": index.of(NUMBER_OF.get(id, id)),
        "id_kind": "citizen",
        "sex": "male",
        "nationality_group": "汉",
        "issuing_authority": "公安局",
        "valid_from": "2019-05-06",
        "valid_until": None,
        "community": "440309002002",
        "channel": "window",
        "registered_at": "2026-11-23T02:00:00Z",
        "sequence": 1,
        **PEOPLE[id],
    }


@asynccontextmanager
async def running(app: FastAPI, bus: str, keys: Path, database: Database) -> AsyncIterator[Service]:
    """Run the application with somebody who calls it and somebody who hears it."""
    async with await aio_pika.connect(bus) as connection:
        channel = await connection.channel()
        heard = await channel.declare_queue(exclusive=True)
        await heard.bind(EXCHANGE, "applications.#")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://applications") as http,
        ):
            service = Service(app, http, keys, channel, heard, database)
            await eventually(service.ready)
            yield service
