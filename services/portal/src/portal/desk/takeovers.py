"""Taking over what a colleague has in hand, one task or all."""

from __future__ import annotations

from starlette.responses import Response

from portal.desk.answers import DeskTasks, Takeover
from portal.desk.filters import Filter
from portal.desk.tasks import task_page
from portal.frame.calls import CallRefused, GatewayProblem, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visitors import Reviewer
from portal.frame.visits import PageVisit

router = page_router()


@router.get("/desk/takeovers")
async def choose(visit: Reviewer, of: str = "") -> Response:
    """Show what a colleague has in hand, and ask why it is taken over; without a colleague, who has what."""
    return await _page(visit, of) if of else visit.go("/desk/#hands")


@router.post("/desk/takeovers")
async def take_over_all(visit: Reviewer, form: Sent) -> Response:
    """Take over all that a colleague has in hand, and say what could not be."""
    colleague = form.text("of")
    body: dict[str, Json] = {"claimed_by": colleague, "reason": form.text("reason")}
    try:
        done = await visit.call.post("/v1/tasks/takeovers", Takeover, body, once=form.once)
    except CallRefused as refused:
        return await _page(visit, colleague, refused.problem, form)
    return visit.show("desk/taken.html", here="queues", colleague=colleague, done_so=done)


@router.post("/desk/tasks/{task_id}/takeover")
async def take_over(visit: Reviewer, form: Sent, task_id: str) -> Response:
    body: dict[str, Json] = {"reason": form.text("takeover-reason")}
    queue = Filter.read(form.text("queue"))
    try:
        await visit.call.post(
            f"/v1/tasks/{path_of(task_id)}/takeover", Nothing, body, once=form.once, version=form.text("version")
        )
    except CallRefused as refused:
        fields = {"/reason": "takeover-reason"}
        return await task_page(visit, task_id, queue, refused.problem, form, fields=fields)
    return visit.go(f"/desk/tasks/{path_of(task_id)}" + query(queue=queue.text, done="taken-over"))


async def _page(visit: PageVisit, of: str, problem: GatewayProblem | None = None, form: Form | None = None) -> Response:
    found = await visit.call.get("/v1/tasks", DeskTasks, claimed_by=of[:100] or "-", limit=50)
    filled = form.filled if form else None
    return visit.show("desk/takeover.html", here="queues", colleague=of, found=found, problem=problem, filled=filled)
