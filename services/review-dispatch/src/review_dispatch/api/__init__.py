"""The tasks over HTTP: requests are parsed, handlers called, answers shaped."""

from __future__ import annotations

from fastapi import APIRouter

from review_dispatch.api import routes, takeovers

router = APIRouter()
router.include_router(takeovers.router)  # before the routes of one task: `queues` is no task's id
router.include_router(routes.router)

__all__ = ["router"]
