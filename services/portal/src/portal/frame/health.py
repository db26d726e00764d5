"""What operators see of the portal: liveness, readiness, metrics. It speaks to no bus, so that its checks are fewer."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pymongo.errors import PyMongoError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="The process is alive")
async def healthz() -> dict[str, str]:
    """Say so."""
    return {"status": "alive"}


@router.get("/readyz", summary="It may take requests: its sessions are there")
@router.get("/startupz", summary="Its start is over")
async def readyz(request: Request) -> JSONResponse:
    """Look into the store. Without provider or gateway pages are shown all the same, and say what is missing."""
    try:
        await request.app.state.database.command("ping")
    except PyMongoError:
        return JSONResponse({"status": "not ready", "checks": {"store": False}}, 503)
    return JSONResponse({"status": "ready", "checks": {"store": True}})


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Return the metrics of the process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
