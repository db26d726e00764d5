"""One door: what is known of it, arranging a time with the applicant, taking it and giving it back."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal.doors.answers import DoorTask, Officer
from portal.frame.calls import CallRefused, GatewayProblem, InputFault, Json, Nothing
from portal.frame.forms import Form, Sent
from portal.frame.place import router as page_router
from portal.frame.slots import read_slot, slot_fault
from portal.frame.template_pages import path_of
from portal.frame.visits import PageVisit

router = page_router()

WAITING = frozenset({"open", "claimed", "awaiting-second"})
_CHANGED = frozenset({409, 412})
_ROWS = range(1, 4)
"""Times that one form offers."""


@router.get("/doors/tasks/{task_id}")
async def show(visit: Officer, task_id: str) -> Response:
    """Show a door."""
    return await door_page(visit, task_id)


@router.post("/doors/tasks/{task_id}/claim")
async def claim(visit: Officer, form: Sent, task_id: str) -> Response:
    """Take the door in hand."""
    return await _do(visit, form, task_id, "claim", "claimed")


@router.post("/doors/tasks/{task_id}/release")
async def release(visit: Officer, form: Sent, task_id: str) -> Response:
    """Give the door back."""
    return await _do(visit, form, task_id, "release", "released")


@router.post("/doors/tasks/{task_id}/slots")
async def offer(visit: Officer, form: Sent, task_id: str) -> Response:
    """Offer the applicant times to choose from."""
    slots, faults, fields = _slots(visit, form)
    if faults:
        problem = GatewayProblem(status=422, title=visit.t("frame.problem"), errors=tuple(faults))
        return await door_page(visit, task_id, problem, form, opened="slots")
    return await _do(visit, form, task_id, "slots", "offered", {"slots": slots}, fields)


@router.post("/doors/tasks/{task_id}/acceptance")
async def accept(visit: Officer, form: Sent, task_id: str) -> Response:
    """Agree to the time that the applicant proposed."""
    return await _do(visit, form, task_id, "visit-acceptance", "accepted")


@router.post("/doors/tasks/{task_id}/refusal")
async def call_off(visit: Officer, form: Sent, task_id: str) -> Response:
    """Call the visit off; the applicant reads why."""
    body: dict[str, Json] = {"reason": form.text("refusal-reason")}
    return await _do(visit, form, task_id, "visit-refusal", "called-off", body, {"/reason": "refusal-reason"})


async def door_page(
    visit: PageVisit,
    task_id: str,
    problem: GatewayProblem | None = None,
    form: Form | None = None,
    *,
    opened: str = "",
    fields: Mapping[str, str] | None = None,
) -> Response:
    """Show a door, with the problem of a form on it if there was one; `opened` names that form.

    Raises HTTPException for a task that is no door.
    """
    task, version = await visit.call.versioned(f"/v1/tasks/{path_of(task_id)}", DoorTask)
    if task.kind.code != "field-check":
        raise HTTPException(404, task_id)
    return visit.show(
        "doors/door.html",
        here="today",
        task=task,
        version=version,
        waits=task.status.code in WAITING,
        mine=_is_mine(visit, task),
        lost=form.text("note") if form and not _is_mine(visit, task) else "",
        rows=_ROWS,
        opened=opened,
        problem=changed_hands(visit, task, problem) if problem else None,
        fields=fields,
        filled=form.filled if form else None,
    )


def changed_hands(visit: PageVisit, task: DoorTask, problem: GatewayProblem) -> GatewayProblem:
    """Say what a colleague did with a door meanwhile; the problem as it is while the door is in one's own hand."""
    decided = task.status.code not in WAITING
    if problem.status not in _CHANGED or not (decided or task.claimed_by) or _is_mine(visit, task):
        return problem
    by = next((step.by for step in reversed(task.steps) if step.by), None) if decided else task.claimed_by
    who = visit.staff(by) if by else visit.t("doors.changed.colleague")
    said = "cancelled" if task.status.code == "cancelled" else "decided" if decided else "taken"
    parts = ("title", "detail", "action")
    told = {part: visit.t(f"doors.changed.{said}.{part}", who=who, status=task.status.name) for part in parts}
    return problem.model_copy(update=told)


def _is_mine(visit: PageVisit, task: DoorTask) -> bool:
    is_claimed = visit.person is not None and task.claimed_by == visit.person.subject
    return is_claimed and task.status.code in WAITING


async def _do(
    visit: PageVisit,
    form: Form,
    task_id: str,
    deed: str,
    done: str,
    body: dict[str, Json] | None = None,
    fields: Mapping[str, str] | None = None,
) -> Response:
    address = f"/v1/tasks/{path_of(task_id)}/{deed}"
    try:
        await visit.call.post(address, Nothing, body, once=form.once, version=form.text("version"))
    except CallRefused as refused:
        return await door_page(visit, task_id, refused.problem, form, opened=deed, fields=fields)
    return visit.go(f"/doors/tasks/{path_of(task_id)}?done={done}")


def _slots(visit: PageVisit, form: Form) -> tuple[list[Json], list[InputFault], dict[str, str]]:
    """Read the times of a form; what is wrong with them; and which field a later refusal is about."""
    slots: list[Json] = []
    faults: list[InputFault] = []
    fields = {"/slots": "date-1"}
    for row in _ROWS:
        slot, wrong = read_slot(visit, form, row)
        faults += wrong
        if slot is not None:
            fields |= {f"/slots/{len(slots)}/{part}": f"{part}-{row}" for part in slot}
            slots.append(slot)
    if not slots and not faults:
        faults.append(slot_fault(visit, 1))
    return slots, faults, fields
