"""One task: both sides of what was compared, and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from starlette.responses import Response

from portal.desk.answers import DeskCompared, DeskItem, DeskNamed, DeskTask
from portal.desk.differences import Sides, sides
from portal.desk.filters import Filter
from portal.desk.values import PREFIX, entered, shown
from portal.frame.calls import CallRefused, GatewayProblem, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of, query
from portal.frame.visitors import Reviewer
from portal.frame.visits import PageVisit

router = page_router()

_CHANGED = 412

_WORDS = ("-text", "takeover-reason", "correction-value")

DEEDS = ("approval", "return", "rejection", "explanation", "correction", "duplicate-check", "takeover", "notes")


class Row(NamedTuple):
    """A field that was compared. `both` is None while the values are hidden."""

    field: DeskNamed
    result: DeskNamed
    reason: DeskNamed | None
    source: DeskNamed | None
    both: Sides | None


@router.get("/desk/tasks/{task_id}")
async def show(visit: Reviewer, task_id: str, queue: str = "") -> Response:
    return await task_page(visit, task_id, Filter.read(queue))


@router.post("/desk/tasks/{task_id}/claim")
async def claim(visit: Reviewer, form: Sent, task_id: str) -> Response:
    return await _do(visit, form, task_id, "claim", "claimed")


@router.post("/desk/tasks/{task_id}/release")
async def release(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Give the task back."""
    return await _do(visit, form, task_id, "release", "released")


@router.post("/desk/tasks/{task_id}/notes")
async def note(visit: Reviewer, form: Sent, task_id: str) -> Response:
    """Write a note."""
    return await _do(visit, form, task_id, "notes", "noted", {"text": form.text("note-text")}, {"/text": "note-text"})


async def task_page(
    visit: PageVisit,
    task_id: str,
    queue: Filter,
    problem: GatewayProblem | None = None,
    form: Form | None = None,
    *,
    deed: str = "",
    fields: Mapping[str, str] | None = None,
) -> Response:
    """Show a task, with the problem of a form on it if there was one; `deed` names that form, which is shown open."""
    task, version = await visit.call.versioned(f"/v1/tasks/{path_of(task_id)}", DeskTask)
    item = await visit.part(_item(visit, task.item)) if task.item else None
    compared = task.document.comparison if task.document else ()
    mine = visit.person is not None and task.claimed_by == visit.person.subject
    return visit.show(
        "desk/task.html",
        here="tasks",
        task=task,
        version=version,
        item=item,
        rejectable=[(each.field, each.name, "") for each in task.document.returnable] if task.document else [],
        chosen_fields=form.texts("rejected-fields") if form else (),
        rows=[_row(each, visit, hidden=task.values_hidden) for each in compared],
        shown=lambda value: shown(value, visit),
        entered=entered,
        prefix=PREFIX,
        mine=mine,
        queue=queue,
        opened=deed,
        problem=_told(visit, task, problem) if problem and not mine else problem,
        fields=fields,
        filled=form.filled if form else None,
        typed=_typed(form) if form else (),
    )


def _told(visit: PageVisit, task: DeskTask, problem: GatewayProblem) -> GatewayProblem:
    """Say who has a task that was changed meanwhile, or what became of it."""
    if problem.status != _CHANGED or task.status.code == "open":
        return problem
    who = visit.staff(task.claimed_by, task.department.name) if task.claimed_by else ""
    said = "taken" if who else "over"
    parts = ("title", "detail", "action")
    told = {part: visit.t(f"desk.changed.{said}.{part}", who=who, status=task.status.name) for part in parts}
    return problem.model_copy(update=told)


def _typed(form: Form) -> list[str]:
    """Return the words of a form, for a page that does not show the form any more."""
    return [text for name, text in form.filled.items() if name.endswith(_WORDS) and text.strip()]


async def _do(
    visit: PageVisit,
    form: Form,
    task_id: str,
    deed: str,
    done: str,
    body: dict[str, Json] | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    queue = Filter.read(form.text("queue"))
    try:
        await visit.call.post(
            f"/v1/tasks/{path_of(task_id)}/{deed}", Nothing, body, once=form.once, version=form.text("version")
        )
    except CallRefused as refused:
        return await task_page(visit, task_id, queue, refused.problem, form, deed=deed, fields=fields)
    return visit.go(f"/desk/tasks/{path_of(task_id)}" + query(queue=queue.text, done=done))


async def _item(visit: PageVisit, code: str) -> DeskItem | None:
    """Return an item by its name; None for one that is no longer in the catalogue."""
    try:
        return await visit.call.get_public(f"/v1/items/{path_of(code)}", DeskItem)
    except CallRefused:
        return None


def _row(compared: DeskCompared, visit: PageVisit, *, hidden: bool) -> Row:
    both = None if hidden else sides(shown(compared.claimed, visit), shown(compared.held, visit))
    return Row(compared.field, compared.result, compared.reason, compared.source, both)
