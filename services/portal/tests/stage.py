"""The portal in this process: a real provider, a store in memory, and a gateway that answers what a test says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, cast

import httpx2
from fastapi import FastAPI
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from starlette.applications import Starlette

from local_stack.keys import ensure_keys
from local_stack.layout import Layout
from local_stack.ports import Ports
from local_stack.provider.app import create_app as create_provider
from portal import app as portal_app
from portal.app import Store
from portal.frame.device_key import own_key
from portal.frame.gateway_transport import CallLimits, GatewayClient, WholeAnswer
from portal.frame.provider import ClientRegistration, SignInProvider
from portal.settings import Settings
from web.server_sent_events import Streams

HOST = "127.0.0.1:24000"
PORTS = Ports(24000)
HOME = f"https://{HOST}"
RESIDENT = {"subject": "res_ann", "name": "安妮", "story": {"zh-CN": "居民", "en": "A resident"}}
OTHER = {"subject": "res_ben", "name": "本杰明", "story": {"zh-CN": "居民", "en": "A resident"}}

Answered = Callable[[httpx2.Request], httpx2.Response]


def client_of(answered: Answered) -> GatewayClient:
    """Make the ways to a gateway that a test answers for."""

    async def fetch(
        method: str, url: str, headers: Mapping[str, str], content: bytes, patience: CallLimits
    ) -> WholeAnswer:
        del patience
        request = httpx2.Request(method, url, headers=dict(headers), content=content)
        answer = answered(request)
        return WholeAnswer(request.url.path, answer.status_code, answer.headers, answer.content)

    streams = httpx2.AsyncClient(transport=httpx2.MockTransport(answered))
    return GatewayClient("https://gateway.test", fetch, streams)


@dataclass(frozen=True)
class Deleted:
    """How many documents were removed."""

    deleted_count: int


class Memory:
    """A collection of documents in memory, as far as the portal uses one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.documents: dict[str, dict[str, Any]] = {}

    async def find_one(self, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        found = self.documents.get(wanted["_id"])
        return found if found and found["at"] > wanted["at"]["$gt"] else None

    async def replace_one(self, wanted: Mapping[str, Any], document: dict[str, Any], *, upsert: bool) -> None:
        self.documents[wanted["_id"]] = document

    async def delete_one(self, wanted: Mapping[str, Any]) -> Deleted:
        return Deleted(int(self.documents.pop(wanted["_id"], None) is not None))


@dataclass
class Gateway:
    """What the gateway answers, by method and path; what nobody said is not found. It remembers what was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[httpx2.Request] = field(default_factory=list)
    is_away: bool = False

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if self.is_away:
            raise httpx2.ConnectError("refused", request=request)
        answer = self.answers.get(f"{request.method} {request.url.path}", 404)
        if callable(answer):
            return cast("Answered", answer)(request)
        if isinstance(answer, int):
            return httpx2.Response(
                answer, json={"status": answer, "code": "told", "title": "title", "detail": "detail"}
            )
        return httpx2.Response(200, json=answer)

    def bodies(self, call: str) -> list[Any]:
        """Return what was sent with a call."""
        return [json.loads(each.content) for each in self.asked if f"{each.method} {each.url.path}" == call]


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Browser:
    """Somebody's browser at the portal, without scripts; it follows where it is led, to the provider and back."""

    client: httpx2.AsyncClient
    provider: httpx2.AsyncClient
    page: httpx2.Response = field(init=False)

    async def go(self, path: str, **headers: str) -> httpx2.Response:
        return await self._follow(await self.client.get(f"{HOME}{path}", headers=headers))

    async def sign_in(self, subject: str, then: str = "") -> httpx2.Response:
        """Sign in as somebody whom the provider offers."""
        await self.go(f"/sign-in?next={then}" if then else "/sign-in")
        return await self.pick(subject)

    async def pick(self, subject: str) -> httpx2.Response:
        """Pick somebody on the provider's page."""
        return await self._follow(await self.provider.post("/authorize", data={**self.hidden(), "person": subject}))

    def hidden(self) -> dict[str, str]:
        return _hidden(self.page.text)

    async def send(self, action: str = "", /, *, origin: str = HOME, **fields: str) -> httpx2.Response:
        """Send the form of the page that leads to an address (or to the page itself), with these fields filled in."""
        forms = re.findall(r"<form([^>]*)>(.*?)</form>", self.page.text, re.DOTALL)
        [inside, *_] = [each for head, each in forms if 'method="post"' in head and _action(head) == action]
        target = f"{HOME}{action}" if action else str(self.page.url)
        headers = {"Origin": origin}
        return await self._follow(await self.client.post(target, data={**_hidden(inside), **fields}, headers=headers))

    async def _follow(self, answer: httpx2.Response) -> httpx2.Response:
        while answer.is_redirect:
            target = answer.headers["location"]
            url = httpx2.URL(target) if "://" in target else httpx2.URL(f"{HOME}{target}")
            ours = f"{url.host}:{url.port}" == HOST
            answer = await (self.client.get(str(url)) if ours else self.provider.get(str(url)))
        self.page = answer
        return answer


def _hidden(text: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return {name: unescape(value) for name, value in found}


def _action(head: str) -> str:
    found = re.search(r'action="([^"]*)"', head)
    return found[1] if found else ""


@dataclass
class Stage:
    """All of it."""

    app: FastAPI
    gateway: Gateway
    clock: Clock
    provider_app: Starlette
    provider: SignInProvider
    store: dict[str, Memory]
    away: list[str] = field(default_factory=list)

    def browser(self, language: str = "zh-CN") -> Browser:
        headers = {"Accept-Language": language}
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), headers=headers)
        provider = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.provider_app), base_url="https://127.0.0.1:24012", headers=headers
        )
        return Browser(client, provider)


class _Provider(httpx2.AsyncBaseTransport):
    def __init__(self, app: Starlette, away: list[str]) -> None:
        self._inner = httpx2.ASGITransport(app)
        self._away = away

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._away:
            raise httpx2.ConnectError("refused", request=request)
        return await self._inner.handle_async_request(request)


@dataclass(frozen=True)
class Built:
    """What knows nothing of a test and takes longer to make than most of them: routes, and the provider's templates."""

    app: FastAPI
    provider_templates: BytecodeCache

    @classmethod
    def of(cls, folder: Path) -> Built:
        """Build it, with keys in a folder that no test uses."""
        layout = Layout(folder)
        ensure_keys(layout.keys)
        return cls(portal_app.create_app(_settings(layout)), FileSystemBytecodeCache(str(folder)))


def _settings(layout: Layout) -> Settings:
    discovery = "https://127.0.0.1:24012/.well-known/openid-configuration"
    return Settings().model_copy(update={"keys": layout.keys, "provider": discovery})


@contextmanager
def staged(folder: Path, built: Built) -> Iterator[Stage]:
    layout = Layout(folder)
    ensure_keys(layout.keys)
    people = layout.var / "synthetic" / "people.json"
    people.parent.mkdir(parents=True)
    people.write_text(json.dumps([RESIDENT, OTHER]), encoding="utf-8")
    provider_app, away = create_provider(layout, PORTS), list[str]()
    provider_app.state.provider.templates.bytecode_cache = built.provider_templates
    settings = _settings(layout)
    app, gateway, clock = built.app, Gateway(), Clock()
    registration = ClientRegistration(settings.discovery, settings.issuer, settings.client_id, settings.client_secret())
    provider = SignInProvider(registration, _Provider(provider_app, away), clock, own_key(settings.key()))
    store = {name: Memory(name) for name in portal_app.COLLECTIONS}
    app.state.frame = portal_app.frame(settings, cast("Store", store), client_of(gateway), provider, clock)
    app.state.streams = Streams(portal_app.NAME)
    yield Stage(app, gateway, clock, provider_app, provider, store, away)
