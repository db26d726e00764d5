"""The caller's queues as server-sent events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response

from review_dispatch.api import queue_presenter
from review_dispatch.api.parts import DepsOf, WorkersView
from review_dispatch.handlers.queue_follower import Follower
from runtime.clock import today
from standards.moments import EARLIEST, LATEST
from web import routes
from web.server_sent_events import DOCUMENTED, News, StreamMessage

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get(
    "/stream",
    summary="Follow one's queues, as they move",
    description=(
        "`queues` (as `GET /v1/tasks/queues`) at first and with every change, and for each task that moves an event "
        "`new`, `late`, `taken-away`, `cancelled` or `moved`, with a sentence and the task as a queue shows it."
    ),
    response_class=Response,
    responses=DOCUMENTED,
)
async def stream(deps: DepsOf, reader: WorkersView, live: routes.Live) -> Response:
    """Follow what comes into one's queues, and what leaves them. A reader who comes back may be told a thing twice."""
    follower = Follower(reader.by, deps)

    async def read(since: str | None) -> News:
        moves = await follower.look(_moment(since))
        now = replace(reader, today=today(moves.at))
        mark = moves.at.isoformat()
        told = [queue_presenter.news(task, now) for task in moves.tasks]
        messages = [StreamMessage(each.what, each, mark) for each in told]
        if moves.counted is not None:
            messages.append(StreamMessage("queues", queue_presenter.own_queues(moves.counted, now), mark))
        return News(messages)

    return live.open(reader.by, read, watch=deps.watch, key=follower.scope.key)


def _moment(mark: str | None) -> datetime | None:
    """Read until when a reader was told; what is no such mark is none."""
    try:
        told = datetime.fromisoformat(mark or "")
    except ValueError:
        return None
    return told.astimezone(UTC) if told.tzinfo is not None and EARLIEST <= told <= LATEST else None
