"""The tasks over HTTP: requests are parsed, handlers called, answers shaped."""

from __future__ import annotations

from fastapi import APIRouter

from review_dispatch.api import photographs, queue_stream, routes, takeovers, visits

router = APIRouter()
for part in (
    queue_stream,
    takeovers,
    visits,
    photographs,
    routes,
):  # `stream`, `queues`, `doors` before the routes of one task
    router.include_router(part.router)

__all__ = ["router"]
