"""Taking over what a colleague has in hand, one task or all."""

from __future__ import annotations

from typing import Annotated

from starlette.responses import Response

from portal.desk.answers import Takeover, Tasks
from portal.desk.filters import Filter
from portal.desk.tasks import task_page
from portal.frame.calls import Json, Nothing, Problem, Refused
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.rendering import path_of, query
from portal.frame.visits import Visit, signed_in
from runtime.access import Role

router = page_router()


@router.get("/desk/takeovers")
async def choose(visit: Annotated[Visit, signed_in(Role.REVIEWER)], of: str = "") -> Response:
    """Show what a colleague has in hand, and ask why it is taken over."""
    return await _page(visit, of)


@router.post("/desk/takeovers")
async def take_over_all(visit: Annotated[Visit, signed_in(Role.REVIEWER)], form: Sent) -> Response:
    """Take over all that a colleague has in hand, and say what could not be."""
    colleague = form.text("of")
    body: dict[str, Json] = {"claimed_by": colleague, "reason": form.text("reason")}
    try:
        done = await visit.call.post("/v1/tasks/takeovers", Takeover, body, once=form.once)
    except Refused as refused:
        return await _page(visit, colleague, refused.problem, form)
    return visit.show("desk/taken.html", here="queues", colleague=colleague, done_so=done)


@router.post("/desk/tasks/{task_id}/takeover")
async def take_over(visit: Annotated[Visit, signed_in(Role.REVIEWER)], form: Sent, task_id: str) -> Response:
    """Take one task over."""
    body: dict[str, Json] = {"reason": form.text("takeover-reason")}
    queue = Filter.read(form.text("queue"))
    try:
        await visit.call.post(
            f"/v1/tasks/{path_of(task_id)}/takeover", Nothing, body, once=form.once, version=form.text("version")
        )
    except Refused as refused:
        fields = {"/reason": "takeover-reason"}
        return await task_page(visit, task_id, queue, refused.problem, form, fields=fields)
    return visit.go(f"/desk/tasks/{path_of(task_id)}" + query(queue=queue.text, done="taken-over"))


async def _page(visit: Visit, of: str, problem: Problem | None = None, form: Form | None = None) -> Response:
    found = await visit.call.get("/v1/tasks", Tasks, claimed_by=of[:100] or "-", limit=50)
    filled = form.filled if form else None
    return visit.show("desk/takeover.html", here="queues", colleague=of, found=found, problem=problem, filled=filled)
