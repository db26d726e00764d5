"""Queues with counts and deadlines, lists of tasks, and the next task of a queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from portal.desk.answers import Named, Queue, Queues, Task, Tasks, TaskSummary
from portal.desk.filters import Filter, kept
from portal.frame.calls import Refused
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.rendering import path_of, query
from portal.frame.visits import Visit, signed_in
from runtime.access import Role

router = page_router()

_TRIES = 8
"""Free tasks that are tried before it is said that there is none: colleagues are as quick, and some are not for one."""
_LOOKED_AT = 100


@router.get("/desk/")
async def home(visit: Annotated[Visit, signed_in(Role.REVIEWER)]) -> Response:
    """Show the reviewer's queues, what they have in hand, and what colleagues took over from them."""
    call = visit.call
    queues, mine, taken = await asyncio.gather(
        visit.part(call.get("/v1/tasks/queues", Queues)),
        visit.part(call.get("/v1/tasks", Tasks, mine="true", limit=20)),
        visit.part(call.get("/v1/tasks", Tasks, taken_over_from_me="true", limit=5)),
    )
    filters = kept(visit.request)
    return visit.show("desk/home.html", here="queues", queues=queues, mine=mine, taken=taken, filters=filters)


@router.get("/desk/tasks")
async def tasks(visit: Annotated[Visit, signed_in(Role.REVIEWER)], request: Request, cursor: str = "") -> Response:
    """Show a list of tasks, the most urgent first, and the filter that narrows it."""
    chosen = Filter.of(request)
    call = visit.call
    found, queues = await asyncio.gather(
        call.get("/v1/tasks", Tasks, **chosen.asked, cursor=cursor or None, limit=20),
        visit.part(call.get("/v1/tasks/queues", Queues)),
    )
    here = "mine" if chosen == Filter(mine="true") else "tasks"
    choices = _choices(queues.queues if queues else ())
    return visit.show("desk/tasks.html", here=here, found=found, chosen=chosen, choices=choices)


@router.post("/desk/next")
async def begin(visit: Annotated[Visit, signed_in(Role.REVIEWER)], form: Sent) -> Response:
    """Claim the most urgent task of a queue that nobody has, and show it."""
    return await go_on(visit, Filter.read(form.text("queue")), form.once)


def _choices(queues: Sequence[Queue]) -> dict[str, list[Named]]:
    """Return what a list can be narrowed to: what there is in the reviewer's queues, each once."""
    every: dict[str, list[Named | None]] = {
        "kind": [each.kind for each in queues],
        "document_type": [each.document_type for each in queues],
        "department": [each.department for each in queues],
    }
    return {
        name: sorted({each.code: each for each in found if each}.values(), key=lambda each: each.code)
        for name, found in every.items()
    }


async def go_on(visit: Visit, chosen: Filter, once: str, done: str = "") -> Response:
    """Claim the next task of a queue and show it, or the list where there is none. `done` is what was done before."""
    tried = 0
    async for task in _free(visit, chosen):
        if tried == _TRIES:
            break
        tried += 1
        try:
            claimed = await visit.call.post(f"/v1/tasks/{path_of(task.task_id)}/claim", Task, once=f"{once}-{tried}")
        except Refused:  # a colleague was quicker, or it wants another person
            continue
        address = f"/desk/tasks/{path_of(claimed.task_id)}"
        return visit.go(address + query(queue=chosen.text, done=done))
    said = f"{done}-last" if done else "none-free"
    return visit.go(f"{chosen.address}{'&' if chosen.text else '?'}done={said}")


async def _free(visit: Visit, chosen: Filter) -> AsyncIterator[TaskSummary]:
    """Give the tasks of a queue that nobody has in hand, the most urgent first."""
    cursor: str | None = None
    while True:
        page = await visit.call.get("/v1/tasks", Tasks, **chosen.asked, cursor=cursor, limit=_LOOKED_AT)
        for task in page.items:
            if task.claimed_by is None:
                yield task
        cursor = page.next
        if cursor is None:
            return
