"""The service running over a real broker and a real store, and whoever deals with it from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import httpx
import orjson

from bus.envelope import new_event_id
from local_stack.devices import ProvingAuth
from local_stack.layout import ROOT
from local_stack.tokens import sign
from matcher.config import Settings
from matcher.main import create_app
from store.blind_index import BlindIndex
from testkit import signers
from testkit.entrances import entrance_of
from testkit.patience import eventually
from testkit.signers import signed

EXAMPLES = ROOT / "shared" / "contracts" / "events"
NUMBER = "440309199001010013"
RESIDENT = "res_1"
FLAT = "深圳市龙华区民治街道民治社区幸福花园3栋502室"
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
        exchange = await self._channel.get_exchange(entrance_of(contract))
        body = aio_pika.Message(signed(message, folder=self._keys), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
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
        await self.submits_together(self.document(*document_types, claims=claims, **changes))

    async def submits_together(self, *documents: Json) -> None:
        """Publish that an application needs documents."""
        await self.publishes("applications.document-submitted.v2", documents=documents)

    def document(self, *document_types: str, claims: Json, **changes: object) -> Json:
        """Return a document of the person as it is submitted."""
        given: Json = {
            "attempt": 1,
            "document_types": document_types,
            "holder": {"resident_id": RESIDENT, "index": self.index},
            "claims": claims,
            "scans": [],
            "reviewable": True,
        }
        return given | changes

    async def listens(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Remember what the service publishes."""
        self.heard.append(signers.in_clear(message.body))

    async def hears(self, event: str, **expected: object) -> Json:
        """Wait for what an event says of a document with these values and return it; each is returned once."""
        wanted = f"matcher.{event}.v2"

        async def found() -> tuple[Json, Json] | None:
            said = ((e, document) for e in self.heard if e["type"] == wanted for document in e["data"]["documents"])
            return next((each for each in said if expected.items() <= each[1].items()), None)

        event_found, document = await eventually(found)
        event_found["data"]["documents"].remove(document)
        return document

    async def hears_of_a_look(self, **expected: object) -> Json:
        """Wait until a look at a person's data is told and return it; each is returned once."""

        async def found() -> Json | None:
            looks = (e for e in self.heard if e["type"] == "matcher.data-accessed.v1")
            return next((e for e in looks if expected.items() <= e["data"].items()), None)

        event = await eventually(found)
        self.heard.remove(event)
        data: Json = event["data"]
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
        return await self._client.request(method, path, json=body, headers=sent, auth=ProvingAuth(self._keys))


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
