"""What operators see of every service: liveness, readiness, metrics, and one log line for each request."""

from __future__ import annotations

import secrets
from time import perf_counter

import structlog
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest
from pymongo.errors import PyMongoError
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Histogram(
    "yizheng_http_request_seconds",
    "Time to answer a request",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 1, 5),
)
OUTBOX_AGE = Gauge("yizheng_outbox_age_seconds", "Age of the oldest event that has not left yet", ["service"])

_UNREMARKABLE = ("/healthz", "/readyz", "/metrics")

log = structlog.get_logger()


def install(app: FastAPI, service: str) -> None:
    """Add `/healthz`, `/readyz`, `/metrics` and the request log to an application."""
    app.add_middleware(_Observer, service=service)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url="openapi.json", title=app.title)

    @app.get("/healthz", tags=["operation"], summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["operation"], summary="The broker delivers to us and the store answers")
    async def readyz(request: Request) -> JSONResponse:
        broker = [await each.is_ready() for each in request.app.state.background]
        checks = {"broker": all(broker), "store": await _store_answers(request)}
        ready = all(checks.values())
        return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    @app.get("/metrics", tags=["operation"], summary="Prometheus metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        try:
            OUTBOX_AGE.labels(service).set(await request.app.state.kernel.relay.oldest_age())
        except PyMongoError:
            OUTBOX_AGE.labels(service).set(float("nan"))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _store_answers(request: Request) -> bool:
    try:
        await request.app.state.kernel.database.command("ping")
    except PyMongoError:
        return False
    return True


class _Observer:
    """Times each request and gives it an id, which the gateway's `X-Request-Id` overrides."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _UNREMARKABLE:
            return await self._app(scope, receive, send)
        request_id = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1") or secrets.token_hex(8)
        begun, status = perf_counter(), 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode("latin-1"))]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, observed)
            finally:
                self._record(scope, status, perf_counter() - begun)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        REQUESTS.labels(self._service, scope["method"], route, str(status)).observe(seconds)
        log.info("request", method=scope["method"], route=route, status=status, milliseconds=round(seconds * 1000, 1))
