"""Queues with counts and deadlines, lists of tasks, and the next task of a queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import Response

from portal.desk.answers import DeskNamed, DeskQueue, DeskQueues, DeskTask, DeskTasks, DeskTaskSummary
from portal.desk.filters import Filter, kept
from portal.frame.calls import CallRefused
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visitors import Reviewer
from portal.frame.visits import PageVisit

router = page_router()

_TRIES = 8
"""Free tasks that are tried before it is said that there is none: colleagues are as quick, and some are not for one."""
_LOOKED_AT = 100


@router.get("/desk/")
async def home(visit: Reviewer) -> Response:
    """Show the reviewer's queues, what they have in hand, and what colleagues took over from them."""
    call = visit.call
    queues, mine, taken = await asyncio.gather(
        visit.part(call.get("/v1/tasks/queues", DeskQueues)),
        visit.part(call.get("/v1/tasks", DeskTasks, mine="true", limit=20)),
        visit.part(call.get("/v1/tasks", DeskTasks, taken_over_from_me="true", limit=5)),
    )
    filters = kept(visit.request)
    return visit.show("desk/home.html", here="queues", queues=queues, mine=mine, taken=taken, filters=filters)


@router.get("/desk/tasks")
async def tasks(visit: Reviewer, request: Request, cursor: str = "") -> Response:
    """Show a list of tasks, the most urgent first, and the filter that narrows it."""
    chosen = Filter.of(request)
    call = visit.call
    found, queues = await asyncio.gather(
        call.get("/v1/tasks", DeskTasks, **chosen.asked, cursor=cursor or None, limit=20),
        visit.part(call.get("/v1/tasks/queues", DeskQueues)),
    )
    here = "mine" if chosen == Filter(mine="true") else "tasks"
    choices = _choices(queues.queues if queues else ())
    return visit.show("desk/tasks.html", here=here, found=found, chosen=chosen, choices=choices)


@router.post("/desk/next")
async def begin(visit: Reviewer, form: Sent) -> Response:
    """Claim the most urgent task of a queue that nobody has, and show it."""
    return await go_on(visit, Filter.read(form.text("queue")), form.once)


def _choices(queues: Sequence[DeskQueue]) -> dict[str, list[DeskNamed]]:
    """Return what a list can be narrowed to: what there is in the reviewer's queues, each once."""
    every: dict[str, list[DeskNamed | None]] = {
        "kind": [each.kind for each in queues],
        "document_type": [each.document_type for each in queues],
        "department": [each.department for each in queues],
    }
    return {
        name: sorted({each.code: each for each in found if each}.values(), key=lambda each: each.code)
        for name, found in every.items()
    }


async def go_on(visit: PageVisit, chosen: Filter, once: str, done: str = "") -> Response:
    """Claim the next task of a queue and show it, or the list where there is none. `done` is what was done before."""
    tried = 0
    async for task in _free(visit, chosen):
        if tried == _TRIES:
            break
        tried += 1
        try:
            claimed = await visit.call.post(
                f"/v1/tasks/{path_of(task.task_id)}/claim", DeskTask, once=f"{once}-{tried}"
            )
        except CallRefused:  # a colleague was quicker, or it wants another person
            continue
        address = f"/desk/tasks/{path_of(claimed.task_id)}"
        return visit.go(address + query(queue=chosen.text, done=done))
    said = f"{done}-last" if done else "none-free"
    return visit.go(f"{chosen.address}{'&' if chosen.text else '?'}done={said}")


async def _free(visit: PageVisit, chosen: Filter) -> AsyncIterator[DeskTaskSummary]:
    """Give the tasks of a queue that nobody has in hand, the most urgent first."""
    cursor: str | None = None
    while True:
        page = await visit.call.get("/v1/tasks", DeskTasks, **chosen.asked, cursor=cursor, limit=_LOOKED_AT)
        for task in page.items:
            if task.claimed_by is None:
                yield task
        cursor = page.next
        if cursor is None:
            return
