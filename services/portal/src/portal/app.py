"""Puts the portal together."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from jinja2 import Environment
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure
from starlette.exceptions import HTTPException
from starlette.responses import Response
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from bus.concurrency import KeyedLocks
from portal.frame import health, sign_in
from portal.frame.calls import LIMITS
from portal.frame.device_key import own_key
from portal.frame.forms import KeptForm
from portal.frame.frame import Frame
from portal.frame.gateway_transport import GatewayClient, GatewayTransport
from portal.frame.kept import Kept
from portal.frame.person import Session
from portal.frame.place import Addresses, add_routes
from portal.frame.place import router as page_router
from portal.frame.provider import Attempt, ClientRegistration, ProviderAway, SignInProvider
from portal.frame.sealed import INDEX, Sealed
from portal.frame.sessions import MOST_REMEMBERED, REMEMBERED_FOR, Sessions
from portal.frame.template_pages import FRAME, environments
from portal.frame.visitors import Anybody
from portal.places import PLACES
from portal.settings import Settings
from runtime.clock import Clock, utc_now
from runtime.texts import Language, Texts
from web import observability, problems
from web.server_sent_events import Streams

NAME = "portal"
COLLECTIONS = ("person-sessions", "sign-ins", "kept-forms")
_TRIED_EVERY = 5.0
"""Seconds between two looks for a provider that is not there yet; its address stands in the pages' policy."""

Store = AsyncDatabase[dict[str, Any]]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the portal. Raises DataFileError for keys and texts that can't be used."""
    chosen = settings or Settings()
    secret = chosen.client_secret()

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        store: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            chosen.mongodb_url, tz_aware=True, serverSelectionTimeoutMS=5_000, timeoutMS=10_000, w="majority"
        )
        database = store[chosen.database or NAME]
        await _prepare(database)
        trust = ssl.create_default_context(cafile=str(chosen.authority) if chosen.authority else None)
        transport = GatewayTransport(trust, LIMITS)
        streams = httpx2.AsyncClient(transport=transport)
        client = GatewayClient(chosen.gateway_url.rstrip("/"), transport.fetch, streams)
        registration = ClientRegistration(chosen.discovery, chosen.issuer, chosen.client_id, secret)
        provider = SignInProvider(registration, httpx2.AsyncHTTPTransport(verify=trust), utc_now, own_key(chosen.key()))
        app.state.database = database
        app.state.frame = frame(chosen, database, client, provider)
        looking = asyncio.create_task(_discover(provider))
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            await provider.close()
            await streams.aclose()
            await store.close()

    app = FastAPI(title="Yizheng portal", version="1", lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    texts = texts_of_all()
    app.state.texts = texts
    app.state.streams = Streams(NAME)
    app.include_router(health.router)
    pages = page_router()
    add_routes(pages, sign_in.router, *(place.router for place in PLACES))
    app.state.addresses = Addresses(pages.routes)
    app.router.routes.insert(0, app.state.addresses)
    add_routes(app.router, _elsewhere)
    problems.install(app, texts)
    observability.observe(app, NAME)
    return app


def frame(
    settings: Settings, database: Store, client: GatewayClient, provider: SignInProvider, clock: Clock = utc_now
) -> Frame:
    """Put together what all visits share."""
    key = settings.key()
    sessions, attempts, forms = (database[name] for name in COLLECTIONS)
    return Frame(
        settings=settings,
        texts=texts_of_all(),
        templates=templates_of_all(),
        places=PLACES,
        client=client,
        provider=provider,
        sessions=Sessions(
            Sealed(sessions, Session, key, clock, Kept(REMEMBERED_FOR, MOST_REMEMBERED)),
            provider,
            clock,
            timedelta(minutes=settings.session_minutes),
            timedelta(hours=settings.session_hours),
            KeyedLocks(),
        ),
        attempts=Sealed(attempts, Attempt, key, clock),
        kept_forms=Sealed(forms, KeptForm, key, clock),
        key=key,
    )


@cache
def texts_of_all() -> Texts:
    """Read the texts of the frame and of every place, each below the place's name."""
    package = Path(__file__).parent
    shared = [Path(str(each)) / "texts" for each in Texts.folders("standards", "runtime")]
    return Texts(*shared, package / "frame" / "texts", *(each.folder / "texts" for each in PLACES))


@cache
def templates_of_all() -> Mapping[Language, Environment]:
    """Make the templates of the frame and of every place, compiled as they are used."""
    return environments([("frame", FRAME), *((each.name, each.folder) for each in PLACES)], texts_of_all())


async def _prepare(database: Store) -> None:
    """Wait for the store; let it remove what has ended."""
    async for attempt in AsyncRetrying(retry=retry_if_exception_type(ConnectionFailure), wait=wait_exponential(max=5)):
        with attempt:
            await database.command("ping")
    for name in COLLECTIONS:
        await database[name].create_indexes([INDEX])


async def _discover(provider: SignInProvider) -> None:
    while True:
        try:
            await provider.discovered()
        except ProviderAway:
            await asyncio.sleep(_TRIED_EVERY)
        else:
            return


_elsewhere = page_router()


@_elsewhere.api_route("/{rest:path}", methods=["GET", "POST"])
async def nowhere(visit: Anybody, rest: str) -> Response:
    """Say by a page that there is none at this address, or that it only takes a form and where that is."""
    path, addresses = visit.request.url.path, visit.request.app.state.addresses
    if visit.request.method == "GET":
        other = f"{path}/" if not path.endswith("/") else path.rstrip("/")
        if addresses.has_page(other):
            return visit.go(other)
        if above := addresses.page_above(path):
            answer = visit.show("frame/form-only.html", status=405, above=above)
            answer.headers["Allow"] = "POST"
            return answer
    raise HTTPException(404, rest)
