"""The running service as its tests call and hear it: HTTP in process, a real broker, a real store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import httpx
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from local_stack import tokens
from local_stack.devices import ProvingAuth
from services.identity.tests.people import COMMUNITY, GIRL_BORN, MAN, number_for
from store.repository import Database
from testkit import signers
from testkit.patience import eventually
from testkit.signers import signed

FoundT = TypeVar("FoundT")

CARD: dict[str, object] = {
    "number": MAN,
    "name": "李育成",
    "sex": "male",
    "birth_date": "1990-01-01",
    "nationality_group": "汉",
    "address": "湖南省邵阳市邵东县两市镇建设路18号",
    "issuing_authority": "邵东县公安局",
    "valid_from": "2019-05-06",
    "valid_until": "2039-05-06",
}
MAN_AT_WINDOW = {**CARD, "channel": "window", "community": COMMUNITY}
GIRL_AT_WINDOW = {
    **MAN_AT_WINDOW,
    "number": number_for(GIRL_BORN, "002"),
    "name": "李小雨",
    "sex": "female",
    "birth_date": GIRL_BORN.isoformat(),
    "valid_from": "2024-01-01",
}


@dataclass(frozen=True)
class Service:
    """The service under test, with somebody to call it and somebody to hear what it says."""

    http: httpx.AsyncClient
    keys: Path
    heard: AbstractQueue
    database: Database

    async def call(
        self, method: str, path: str, body: object = None, *, role: str = "clerk", subject: str = "", **headers: str
    ) -> httpx.Response:
        """Call a route as somebody; header names are written with underscores."""
        token = tokens.sign(self.keys, role, subject=subject, communities=[COMMUNITY])
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = b"" if body is None else json.dumps(body).encode()
        signed = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        headers = {**signed, "Accept-Language": "en", **given}
        auth = ProvingAuth(self.keys)
        return await self.http.request(method, path, content=content, headers=headers, auth=auth)

    async def register(self, body: object = None, **headers: str) -> httpx.Response:
        """Register somebody, by default the man."""
        return await self.call("POST", "/v1/residents", MAN_AT_WINDOW if body is None else body, **headers)

    async def tell(self, event: dict[str, Any]) -> None:
        """Publish an event of another service."""
        exchange = await self.heard.channel.get_exchange("events", ensure=False)
        body = aio_pika.Message(signed(event, folder=self.keys), content_type="application/cloudevents+json")
        await exchange.publish(body, event["type"])

    async def next_event(self, *, of_looks: bool = False) -> dict[str, Any]:
        """Wait for the next event that it publishes; of those that tell of looks only when asked."""
        while True:
            event = await self._next_event()
            if (event["type"] == "identity.data-accessed.v1") == of_looks:
                return event

    async def _next_event(self) -> dict[str, Any]:

        async def arrived() -> AbstractIncomingMessage | None:
            return await self.heard.get(no_ack=True, fail=False)

        event: dict[str, Any] = signers.in_clear((await eventually(arrived)).body)
        return event

    async def counts(self) -> dict[str, int]:
        """Count what is kept."""
        names = ("residents", "guardianships", "outbox")
        return {name: await self.database[name].count_documents({}) for name in names}
