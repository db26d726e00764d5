"""Told of work: what moves in the reviewer's queues, while the page is open and they are signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bus.tasks import cancel_and_wait
from portal.desk.answers import DeskNews, DeskQueues
from portal.frame.calls import Away, CallRefused, SignInEnded
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Reviewer
from portal.frame.visits import PageVisit
from web.server_sent_events import MEDIA_TYPE

router = page_router()

_ALIVE = ": \n\n"


@router.get("/desk/stream")
async def stream(visit: Reviewer, request: Request) -> Response:
    """Pass on what the interface tells, as what the page shows: sentences with an address, and the table of queues."""
    since = request.headers.get("last-event-id", "")
    pieces = _pieces(visit, since, request.app.state.streams.stopping)
    return StreamingResponse(pieces, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


async def _pieces(visit: PageVisit, since: str, stopping: asyncio.Event) -> AsyncIterator[str]:
    """Give what is sent until the interface ends its stream or this process stops; the browser then asks again."""
    try:
        async with visit.call.stream("/v1/tasks/stream", since=since) as response:
            fields: dict[str, str] = {}
            async for line in _until(stopping, response.aiter_lines()):
                if line.startswith(":"):
                    yield _ALIVE
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                else:
                    yield written(fields, visit)
                    fields = {}
    except (CallRefused, SignInEnded):
        yield "event: end\ndata: {}\n\n"
    except (Away, httpx2.TransportError):
        return


async def _until(stopping: asyncio.Event, lines: AsyncIterator[str]) -> AsyncIterator[str]:
    stopped = asyncio.create_task(stopping.wait())
    ends: set[asyncio.Task[Any]] = {stopped}
    try:
        while True:
            following = asyncio.ensure_future(anext(lines, None))
            ends = {stopped, following}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not following.done() or (line := following.result()) is None:
                return
            yield line
    finally:
        await cancel_and_wait(ends)


def written(fields: dict[str, str], visit: PageVisit) -> str:
    """Write one event as the page takes it; what is not for the page is only a sign of life."""
    event, data = fields.get("event", ""), fields.get("data", "{}")
    try:
        if event == "queues":
            told = {"html": _table(DeskQueues.model_validate_json(data), visit)}
        elif event in {"new", "late", "taken-away", "cancelled"}:
            news = DeskNews.model_validate_json(data)
            told = {"what": news.what, "text": news.text, "address": f"/desk/tasks/{path_of(news.task.task_id)}"}
        elif "retry" in fields:
            return f"retry: {fields['retry']}\n\n"
        else:
            return _ALIVE
    except ValidationError:
        return _ALIVE
    name = "queues" if event == "queues" else "news"
    return f"event: {name}\nid: {fields.get('id', '')}\ndata: {orjson.dumps(told).decode()}\n\n"


def _table(queues: DeskQueues, visit: PageVisit) -> str:
    return visit.render("desk/queues.html", queues=queues)
