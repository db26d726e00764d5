"""A stage for the pages: operations over HTTP on the real bus, and a matcher that fails until it is repaired."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from bus.consumer import Consumer, Subscription
from bus.envelope import new_event_id
from bus.event import NOTHING, Outcome, Received, View
from bus.publisher import Publisher
from bus.relay import Relay
from bus.topology import Topology
from local_stack import tokens
from local_stack.devices import Device, ProvingAuth
from local_stack.keys import ensure_keys
from local_stack.layout import ROOT
from operations.config import Settings
from operations.main import create_app
from shared.bus.tests.harness import QUICK, declare, eventually
from store.commit import Committer
from store.repository import Database
from testkit.entrances import entrance_of
from testkit.fixtures import StackAddresses, empty
from testkit.patience import PATIENCE
from testkit.signers import signed

EVENTS = ROOT / "shared" / "contracts" / "events"
DOCUMENT = "applications.document-submitted.v2"
CASE = "app_01kb2n0q8r7s6t5v4w3x2y1z0a"
ANN, BEN = "op-ann", "op-ben"

TRUSTED = ssl.create_default_context()
"""Read once: every client would read all authorities anew."""

Json = dict[str, Any]
FoundT = TypeVar("FoundT")


class SubmittedDocument(View):
    """What the matcher of the stage reads of a document."""

    requirement: str
    attempt: int


class Submitted(View):
    """What it reads of a submission."""

    documents: list[SubmittedDocument]


@dataclass(slots=True)
class Matcher:
    """Matches everything, once its rules are repaired; keeps what it has matched."""

    is_broken: bool = True
    matched: list[str] = field(default_factory=list)

    async def match(self, event: Received[Submitted], deps: None) -> Outcome[None]:
        """Match a document, or fail as a service does that has a mistake in it."""
        if self.is_broken:
            raise LookupError(f"no rule compares {event.data.documents[0].requirement!r}")
        self.matched.append(event.id)
        return NOTHING


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the pages are, and everything that a test does around them."""

    url: str
    settings: Settings
    publisher: Publisher
    matcher: Matcher
    app: FastAPI

    def token(self, subject: str = ANN, *, role: str = "operator", hours: float = 1) -> str:
        """Return a signed token, with the proof of its key that these pages take."""
        keys = self.settings.keys
        token = tokens.sign(keys, role, subject=subject, hours=hours)
        return f"{token}~{Device(keys, subject).proof('GET', f'{self.url}/operations/', token)}"

    async def publish(self, type_: str, *, case: str = CASE, cause: str | None = None, **data: object) -> str:
        """Publish the example of an event's contract under a new id, with other data in places; return the id.

        Of an event about documents it is the first of them that says something else.
        """
        event = json.loads((EVENTS / f"{type_}.example.json").read_text(encoding="utf-8"))
        event |= {"id": new_event_id(), "correlationid": case, "time": datetime.now(UTC).isoformat()}
        event |= {"causationid": cause} if cause else {}
        said = event["data"]["documents"][0] if type_ == DOCUMENT else event["data"]
        said |= data
        await self.publish_raw(signed(event, folder=self.settings.keys), type_, event["id"])
        return str(event["id"])

    async def publish_raw(self, body: bytes, key: str, id_: str = "") -> None:
        """Publish whatever a stranger might."""
        await self.publisher.publish(body, exchange=entrance_of(key), routing_key=key, message_id=id_ or new_event_id())

    @asynccontextmanager
    async def visitor(self, subject: str | None = ANN, language: str = "en") -> AsyncIterator[Visitor]:
        """Open a browser without a screen, signed in unless told otherwise."""
        headers = {"Accept-Language": language}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE, verify=TRUSTED) as client:
            visitor = Visitor(client)
            if subject is not None:
                await visitor.sign_in(self.token(subject))
            yield visitor

    async def failure(self, reason: str, event: str = "") -> str:
        """Wait until a message has failed for a reason and is known; return the failure's id."""

        async def found() -> str | None:
            async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE, verify=TRUSTED) as client:
                asked = {"reason": reason} | ({"event_id": event} if event else {})
                bearer = {"Authorization": f"Bearer {tokens.sign(self.settings.keys, 'operator')}"}
                auth = ProvingAuth(self.settings.keys)
                items = (await client.get("/v1/failures", params=asked, headers=bearer, auth=auth)).json()["items"]
                return str(items[0]["id"]) if items else None

        return await awaited(found)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Fills in forms as a browser does: with what is hidden in them."""

    client: httpx.AsyncClient

    async def sign_in(self, token: str) -> httpx.Response:
        """Paste a token."""
        return await self.send("/operations/sign-in", "/operations/sign-in", token=token)

    async def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return await self.client.get(path)

    async def send(self, page: str, action: str, **fields: str | list[str]) -> httpx.Response:
        """Open a page, fill in its form that goes to `action`, and send it."""
        form = form_of((await self.client.get(page)).text, action)
        return await self.client.post(action, data=form | fields)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Go where an answer leads."""
        assert answer.status_code == 303, answer.text
        return await self.client.get(answer.headers["location"])


def form_of(page: str, action: str) -> dict[str, Any]:
    """Return the hidden fields of the form that goes to an address."""
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        if f'action="{action}"' in form:
            return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    raise AssertionError(f"no form goes to {action}:\n{page}")


async def awaited(find: Callable[[], Awaitable[FoundT | None]], seconds: float = PATIENCE) -> FoundT:
    """Repeat until something is found, and return it."""
    found: list[FoundT] = []

    async def there() -> bool:
        answer = await find()
        if answer is not None:
            found.append(answer)
        return answer is not None

    await eventually(there, seconds=seconds, every=0.1)
    return found[-1]


@asynccontextmanager
async def set_up(
    folder: Path, infrastructure: StackAddresses, database: Database, topology: Topology
) -> AsyncIterator[Stage]:
    """Run everything until the end of the block, with keys in a folder and a database that is emptied afterwards."""
    ensure_keys(folder)
    own = f"{database.name}-ops"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(folder, infrastructure.amqp, infrastructure.mongodb, own).items():
            patch.setenv(name, value)
        try:
            async with staged(Settings(), database, topology) as stage:
                yield stage
        finally:
            await empty(database.client[own])


@asynccontextmanager
async def staged(settings: Settings, database: Database, topology: Topology) -> AsyncIterator[Stage]:
    """Run everything until the end of the block."""
    publisher = Publisher(settings.amqp_url, name="stage", timeout=PATIENCE)
    matcher = Matcher()
    try:
        async with serving(create_app(settings)) as (url, app), matching(matcher, settings, database, topology):
            yield Stage(url, settings, publisher, matcher, app)
    finally:
        await publisher.close()


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[tuple[str, FastAPI]]:
    """Serve an application on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none", lifespan="on"))
    task = asyncio.create_task(server.serve())

    async def is_up() -> bool:
        if task.done():
            task.result()
        return server.started

    try:
        await eventually(is_up)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}", app
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def matching(matcher: Matcher, settings: Settings, database: Database, topology: Topology) -> AsyncIterator[None]:
    """Run the matcher of the stage."""
    hurried = replace(topology, delays=(0.05,))
    await declare(settings.amqp_url, hurried)
    publisher = Publisher(settings.amqp_url, name="matcher", timeout=PATIENCE)
    committer = Committer(database)
    relay = Relay(database, publisher, topology, committer.heartbeat)
    cipher = settings.event_cipher("matcher", topology)
    consumer: Consumer[None] = Consumer(
        service="matcher",
        url=settings.amqp_url,
        topology=hurried,
        subscriptions=(Subscription(DOCUMENT, Submitted, matcher.match),),
        deps=None,
        committer=committer,
        relay=relay,
        publisher=publisher,
        signer=settings.event_signer("matcher", cipher),
        keys=settings.event_keys(topology, cipher),
        limits=QUICK,
    )
    await committer.prepare()
    committer.start()
    relay.start()
    task = asyncio.create_task(consumer.run())
    try:
        await eventually(consumer.is_ready)
        yield
    finally:
        await consumer.stop()
        await task
        await committer.stop()
        await relay.stop()
        await publisher.close()


def environment(folder: Path, amqp: str, mongodb: str, database: str) -> Mapping[str, str]:
    """Return the settings of operations on the stage."""
    return {
        "AMQP_URL": amqp,
        "MONGODB_URL": mongodb,
        "OPERATIONS_DATABASE": database,
        "YIZHENG_KEYS": str(folder),
        "YIZHENG_JWKS": str(folder / "jwks.json"),
    }
