"""A service's life: settings, store, bus, HTTP, periodic work; started and stopped in one place."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from socket import socket
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import structlog
from fastapi import APIRouter, Depends, FastAPI
from uvicorn.config import Config
from uvicorn.server import Server as UvicornServer

from bus.consumer import Consumer, ConsumerLimits, Subscription
from bus.stalls import StallWatch
from bus.tasks import PeriodicTask
from runtime import garbage
from runtime.data_files import DataFileError
from runtime.texts import Texts
from standards import document_types
from store import retention
from store.field_encryption import VaultError
from store.repository import Database, Indexes
from store.retention import Cascade, Retention
from web import idempotency, interface, observability, problems, signed_requests, trace_export
from web.bodies import JsonBodies
from web.config import ServiceSettings
from web.http_protocol import Connection, readable_query
from web.logs import configure
from web.pages import seal_with
from web.periodic import LOOK_EVERY, ExclusiveTask, Periodic, turns_of
from web.rates import RateLimit
from web.revocation import open_revocation
from web.server_sent_events import Streams
from web.service_runtime import ServiceRuntime
from web.tokens import Verifier, read_rules

DepsT = TypeVar("DepsT")
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)

log = structlog.get_logger()


class Background(Protocol):
    """Something that runs beside the requests for as long as the service does: a consumer, an intake, a driver."""

    async def run(self) -> None:
        """Work until stopped."""

    async def stop(self) -> None:
        """Ask it to finish what it has begun and to end."""

    async def is_ready(self) -> bool:
        """Tell whether it can work."""


def _nothing_beside(runtime: ServiceRuntime, deps: Any) -> Sequence[Background]:  # noqa: ANN401, ARG001 - takes any service's
    return ()


def create_app(  # noqa: PLR0913 - all that a service is made of
    *,
    name: str,
    settings: SettingsT,
    router: APIRouter,
    subscriptions: Sequence[Subscription[DepsT]],
    build: Callable[[Database, SettingsT], Awaitable[DepsT]],
    indexes: Indexes,
    periodic: Sequence[Periodic[DepsT]] = (),
    background: Callable[[ServiceRuntime, DepsT], Sequence[Background]] = _nothing_beside,
    pages: APIRouter | None = None,
    cascades: Mapping[str, Cascade] = MappingProxyType({}),
    parts: Mapping[str, observability.Works] = MappingProxyType({}),
) -> FastAPI:
    """Put a service together. What it needs is opened when the application starts and closed when it stops.

    `router` is mounted under `/v1`, `pages` (for people with a browser) at the root and not in the description.
    `cascades` says, by collection, what goes with a document whose term has ended (store/retention.py).
    `parts` tell whether they work; without one, requests that do not need it are answered all the same.
    Raises DataFileError when the terms can't be used.
    """
    kinds = retention.read(settings.retention).of(name)
    texts = Texts.of("standards", "runtime", name.replace("-", "_")).beside(document_types.names())

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        runtime = ServiceRuntime(name, settings)
        try:
            signer, keys = runtime.signer, runtime.keys
            await runtime.prepare(
                retention.indexed(kinds, {**indexes, **idempotency.INDEXES, **signed_requests.INDEXES}, cascades)
            )
            deps = await build(runtime.database, settings)
        except BaseException as error:
            app.state.fault = error
            await runtime.client.close()
            raise
        runtime.start()
        seal_with(bytes.fromhex(runtime.vault.digest(b"cursors")))
        stop_tracing = trace_export.start(name, settings.traces)
        consumer = Consumer(
            service=name,
            url=settings.amqp_url,
            topology=runtime.topology,
            subscriptions=subscriptions,
            deps=deps,
            committer=runtime.committer,
            relay=runtime.relay,
            publisher=runtime.publisher,
            signer=signer,
            keys=keys,
            limits=ConsumerLimits(prefetch=settings.prefetch),
            lanes=runtime.lanes,
            quotas=runtime.quotas,
        )
        beside: list[Background] = [consumer, *background(runtime, deps)]
        app.state.runtime, app.state.deps, app.state.background = runtime, deps, beside
        heartbeat = runtime.committer.heartbeat
        app.state.rate_limit.processes = app.state.streams.processes = runtime.processes
        running = [asyncio.create_task(each.run()) for each in beside]
        ending = Retention(name, runtime.database, runtime.commit, kinds, cascades)
        turns = [
            ExclusiveTask(ending.turn, every=retention.EVERY, is_ours=lambda: heartbeat.is_first),
            *(turns_of(each, deps, runtime) for each in periodic),
        ]
        repeating = [PeriodicTask(each.look, every=min(each.every, LOOK_EVERY)) for each in turns]
        watch = StallWatch(name) if getattr(app.state, "is_process", False) else None
        if watch is not None:
            watch.start()
        try:
            yield
        finally:
            if watch is not None:
                watch.stop()
            app.state.streams.stop()
            await asyncio.gather(*(each.stop() for each in beside), *(each.stop() for each in repeating))
            await asyncio.gather(*running, return_exceptions=True)
            await runtime.stop()
            stop_tracing()
            log.info("stopped")

    app = FastAPI(
        title=f"Yizheng {name}",
        version="1",
        lifespan=life,
        routes=_mounted(router, pages).routes,
        docs_url=None,  # ours is below: FastAPI's has the browser load and run what strangers offer
        redoc_url=None,
    )
    app.state.verifier = Verifier(
        jwks=settings.jwks,
        issuer=settings.issuer,
        audience=settings.audience,
        leeway=settings.clock_leeway,
        rules=read_rules(settings.tokens),
        revocation=open_revocation(
            settings.introspection, settings.introspection_client, settings.keys, settings.authority
        ),
        bound=settings.bound_roles,
    )
    app.state.rate_limit = RateLimit.from_file(settings.rates)
    app.state.streams = Streams(name)
    app.state.texts = texts
    problems.install(app, texts)
    observability.install(app, name, parts)
    interface.install(app)
    app.add_middleware(JsonBodies)
    return app


_MOUNTED: dict[tuple[int, int], tuple[APIRouter, APIRouter, APIRouter | None]] = {}
"""Routes that are mounted, with what they are of: a router that is kept is the only one with its id."""


def _mounted(router: APIRouter, pages: APIRouter | None) -> APIRouter:
    """Mount a service's routes, once for a process: compiling what they read and answer takes longer than all else.

    Tests make an application each; dependencies can't be overridden for one of them.
    """
    key = id(router), id(pages)  # routers have no hash
    if key not in _MOUNTED:
        mounted = APIRouter(dependencies=[Depends(readable_query)])
        mounted.include_router(router, prefix="/v1", responses=problems.DOCUMENTED)
        if pages is not None:
            mounted.include_router(pages, include_in_schema=False)
        _MOUNTED[key] = mounted, router, pages
    return _MOUNTED[key][0]


def serve(
    create: Callable[[SettingsT], FastAPI],
    settings_type: type[SettingsT],
    *,
    check: Callable[[SettingsT], object] = ServiceSettings.master_keys,
) -> None:
    """Run a service until SIGTERM or Ctrl-C.

    A data file with an error ends it with its file and line (exit 78), and so does a store under a master key that is
    not here.
    """
    try:
        settings = settings_type()
        configure(settings_type.__module__.partition(".")[0].replace("_", "-"), settings.log_level)
        check(settings)  # a fault in a key ends the start like one in any other file
        certificate, key = settings.tls() or (None, None)
        app = create(settings)
        app.state.is_process = True
    except DataFileError as error:
        print(error, file=sys.stderr)  # noqa: T201 - whoever starts it reads this
        raise SystemExit(78) from error
    garbage.settle()
    server = Server(
        Config(
            app,
            http=Connection,
            host=settings.host,
            port=settings.port,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,  # longer than the gateway's, so that it never sends into a closing connection
            timeout_graceful_shutdown=5,
        ),
        app.state.streams,
    )
    try:
        with suppress(KeyboardInterrupt):
            server.run()
    except SystemExit as ended:
        fault = getattr(app.state, "fault", None)
        if isinstance(fault, VaultError | DataFileError):
            print(fault, file=sys.stderr)  # noqa: T201 - whoever starts it reads this
            raise SystemExit(78) from ended
        raise


class Server(UvicornServer):
    """Waits to be told to end, where uvicorn looks ten times a second; `http_protocol.py` keeps the date for it.

    Ends streams before it waits for what is under way: they would go on until its patience is over.
    """

    def __init__(self, config: Config, streams: Streams) -> None:
        self._is_told = False
        self._wake: Callable[[], object] = lambda: None
        super().__init__(config)
        self._streams = streams

    @property
    def should_exit(self) -> bool:
        """Whether it was told to end, by SIGTERM, by Ctrl-C, or by setting this."""
        return self._is_told

    @should_exit.setter
    def should_exit(self, is_told: bool) -> None:
        self._is_told = is_told
        if is_told:
            self._wake()

    async def main_loop(self) -> None:
        """Wait until it is told to end."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        self._wake = partial(loop.call_soon_threadsafe, told.set)  # from a signal's handler, too
        if not self.should_exit:
            await told.wait()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Take no more requests, end streams, wait for all others."""
        self._streams.stop()
        await super().shutdown(sockets)
