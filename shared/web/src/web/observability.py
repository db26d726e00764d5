"""What operators see of every service: liveness, readiness, metrics, and one log line for each request."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPMethod, HTTPStatus
from time import perf_counter
from types import MappingProxyType

import structlog
from fastapi import FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest
from pymongo.errors import PyMongoError
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bus import traces
from bus.stalls import stoppable
from bus.traces import Span
from store import clock_skew
from web.service_runtime import ServiceRuntime
from web.tokens import Verifier

REQUESTS = Histogram(
    "yizheng_http_request_seconds",
    "Time to answer a request",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.5, 1, 5),  # the goals of reads and writes among them
)
OUTBOX_AGE = Gauge("yizheng_outbox_age_seconds", "Age of the oldest event that has not left yet", ["service"])

STORE_ANSWERS = Gauge("yizheng_store_answers", "1 while the store answers this service", ["service"])
STORE_SILENT = Gauge("yizheng_store_members_silent", "Members of the store that do not answer", ["service"])

Works = Callable[[], Awaitable[bool]]
"""Tells whether a part of a service works."""

_UNREMARKABLE = ("/healthz", "/readyz", "/startupz", "/metrics")
_METHODS = frozenset(HTTPMethod)
_STREAM = b"text/event-stream; charset=utf-8"
_LONGEST_LOOK = 3.0
"""Seconds for a look into the store; a scraper waits no longer than ten for all of it."""

_WITNESSED = 300.0
"""Seconds for which a token that seemed to come from the future speaks against this process's clock."""
_LONGEST_QUESTION = 1.0
"""Seconds for the broker to say whether it delivers: a balancer gets its answer although the broker is frozen."""

log = structlog.get_logger()


def observe(app: FastAPI, service: str) -> None:
    """Log and measure an application's requests."""
    app.add_middleware(_Observer, service=service)


def install(app: FastAPI, service: str, parts: Mapping[str, Works] = MappingProxyType({})) -> None:
    """Add `/healthz`, `/readyz`, `/startupz`, `/metrics` and the request log to an application."""
    observe(app, service)

    async def working() -> dict[str, bool]:
        return {name: await works() for name, works in parts.items()}

    async def skew() -> float:
        return await clock_skew.measure(app.state.runtime.database, service)

    app.state.verifier.skew = skew

    @app.get("/healthz", tags=["operation"], summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["operation"], summary="It may take requests: the store and the issuer's keys are there")
    async def readyz(request: Request) -> JSONResponse:
        return _readiness(await _checks(request, service), await _bus(request), await working())

    @app.get("/startupz", tags=["operation"], summary="Its start is over: it may take requests, consumes and publishes")
    async def startupz(request: Request) -> JSONResponse:
        checks, bus, parts = await _checks(request, service), await _bus(request), await working()
        return _readiness({**checks, **bus, **parts}, bus, parts)

    @app.get("/metrics", tags=["operation"], summary="Prometheus metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        await _look(request.app.state.runtime, service)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _look(runtime: ServiceRuntime, service: str) -> None:
    """Look into the store for what can't be counted as it happens."""
    try:
        async with asyncio.timeout(_LONGEST_LOOK):
            age, answers = await runtime.relay.oldest_age(), 1
            await clock_skew.measure(runtime.database, service)
    except (PyMongoError, TimeoutError):
        age, answers = float("nan"), 0
    OUTBOX_AGE.labels(service).set(age)
    STORE_ANSWERS.labels(service).set(answers)
    members = runtime.database.client.topology_description.server_descriptions().values()
    STORE_SILENT.labels(service).set(sum(not each.is_server_type_known for each in members))


async def _checks(request: Request, service: str) -> dict[str, bool]:
    """Look at what a request needs. Without the broker it is answered all the same: its events wait in the outbox.

    A clock counts as wrong when two others speak against it: the store's, and by a token that was refused the issuer's.
    """
    verifier: Verifier = request.app.state.verifier
    try:
        async with asyncio.timeout(_LONGEST_LOOK):
            skew = await clock_skew.measure(request.app.state.runtime.database, service)
    except (PyMongoError, TimeoutError):
        return {"store": False, "keys": await verifier.has_keys()}
    is_wrong = abs(skew) > verifier.leeway and verifier.was_early(_WITNESSED)
    return {"store": True, "keys": await verifier.has_keys(), "clock": not is_wrong}


async def _bus(request: Request) -> dict[str, bool]:
    """Ask whether the broker delivers to this process, and whether it may publish."""
    runtime: ServiceRuntime = request.app.state.runtime
    consumes = False
    with suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_QUESTION):
            consumes = all([await each.is_ready() for each in request.app.state.background])
    return {"consumes": consumes, "publishes": runtime.publisher.is_allowed}


def _readiness(needed: dict[str, bool], bus: dict[str, bool], parts: dict[str, bool]) -> JSONResponse:
    ready = all(needed.values())
    status = "ready" if ready else "not ready"
    return JSONResponse({"status": status, "checks": needed, "bus": bus, "parts": parts}, 200 if ready else 503)


class _Observer:
    """Times each request, gives it an id, which the gateway's `X-Request-Id` overrides, and a place in a trace."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _UNREMARKABLE:
            return await self._app(scope, receive, send)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        request_id = headers.get(b"x-request-id") or secrets.token_hex(8)
        begun, status = perf_counter(), 500

        is_stream = False

        async def observed(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = (b"content-type", _STREAM) in message["headers"]
                if is_stream:  # it has answered; how long it stays open says nothing about speed
                    self._record(scope, status, perf_counter() - begun)
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode("latin-1"))]
            await send(message)

        span = Span("request", "server", headers.get(b"traceparent"))
        with structlog.contextvars.bound_contextvars(request_id=request_id), traces.working(span):
            try:
                with stoppable(f"{_method(scope)} {scope['path']}"):
                    await self._app(scope, receive, observed)
            finally:
                seconds = perf_counter() - begun
                span.join(None)
                if not is_stream:
                    self._record(scope, status, seconds)
                _describe(span, scope, status, request_id)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = _method(scope), _route(scope)
        REQUESTS.labels(self._service, method, route, str(status)).observe(seconds)
        log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


def _describe(span: Span, scope: Scope, status: int, request_id: str) -> None:
    """Describe a request in the words of OpenTelemetry's conventions: its route, not its path, which has ids in it."""
    span.name = f"{_method(scope)} {_route(scope)}"
    span.attributes |= {
        "http.request.method": _method(scope),
        "http.route": _route(scope),
        "http.response.status_code": status,
        "url.scheme": scope.get("scheme", "http"),
        "yizheng.request_id": request_id,
    }
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.error = str(status)


def _method(scope: Scope) -> str:
    """Return the request's method; what a stranger invented must not become a label."""
    method: str = scope["method"]
    return method if method in _METHODS else "_OTHER"


def _route(scope: Scope) -> str:
    """Return the template of the route, prefixes included, which FastAPI keeps apart from the route itself."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    route = included or scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None) or "unknown"
