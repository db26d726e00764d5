"""Puts the portal together."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure
from starlette.exceptions import HTTPException
from starlette.responses import Response
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from messaging.ordering import Lanes
from portal.frame import health, sign_in
from portal.frame.calls import LIMITS, TIMEOUT
from portal.frame.device_key import own_key
from portal.frame.forms import KeptForm
from portal.frame.gateway_transport import GatewayTransport
from portal.frame.person import Session
from portal.frame.place import add_routes
from portal.frame.place import router as page_router
from portal.frame.provider import Attempt, Provider, ProviderAway, Registration
from portal.frame.rendering import FRAME, environment
from portal.frame.sealed import INDEX, Sealed
from portal.frame.sessions import Sessions
from portal.frame.visits import Frame
from portal.places import PLACES
from portal.settings import Settings
from runtime import observing, problems
from runtime.clock import Clock, utc_now
from runtime.server_sent_events import Streams
from runtime.texts import Texts

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
        client = httpx2.AsyncClient(
            base_url=chosen.gateway_url, transport=GatewayTransport(trust, LIMITS), timeout=TIMEOUT
        )
        registration = Registration(chosen.discovery, chosen.issuer, chosen.client_id, secret)
        provider = Provider(registration, httpx2.AsyncHTTPTransport(verify=trust), utc_now, own_key(chosen.key()))
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
            await client.aclose()
            await store.close()

    app = FastAPI(title="Yizheng portal", version="1", lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    texts = texts_of_all()
    app.state.texts = texts
    app.state.streams = Streams(NAME)
    app.include_router(health.router)
    add_routes(app.router, sign_in.router, *(place.router for place in PLACES), _elsewhere)
    problems.install(app, texts)
    observing.observe(app, NAME)
    return app


def frame(
    settings: Settings, database: Store, client: httpx2.AsyncClient, provider: Provider, clock: Clock = utc_now
) -> Frame:
    """Put together what all visits share."""
    key = settings.key()
    sessions, attempts, forms = (database[name] for name in COLLECTIONS)
    return Frame(
        settings=settings,
        texts=texts_of_all(),
        templates=environment([("frame", FRAME), *((each.name, each.folder) for each in PLACES)]),
        places=PLACES,
        client=client,
        provider=provider,
        sessions=Sessions(
            Sealed(sessions, Session, key, clock),
            provider,
            clock,
            timedelta(minutes=settings.session_minutes),
            timedelta(hours=settings.session_hours),
            Lanes(),
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


async def _prepare(database: Store) -> None:
    """Wait for the store; let it remove what has ended."""
    async for attempt in AsyncRetrying(retry=retry_if_exception_type(ConnectionFailure), wait=wait_exponential(max=5)):
        with attempt:
            await database.command("ping")
    for name in COLLECTIONS:
        await database[name].create_indexes([INDEX])


async def _discover(provider: Provider) -> None:
    while True:
        try:
            await provider.discovered()
        except ProviderAway:
            await asyncio.sleep(_TRIED_EVERY)
        else:
            return


_elsewhere = page_router()


@_elsewhere.api_route("/{rest:path}", methods=["GET", "POST"])
async def nowhere(rest: str) -> Response:
    """Say by a page that there is none at this address."""
    raise HTTPException(404, rest)
