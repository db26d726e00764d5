"""Taking a task, giving it back, and writing on it."""

from __future__ import annotations

from datetime import datetime

from review_dispatch.domain.standard_reasons import StandardReason
from review_dispatch.domain.task import Action, Claim, DisputedAccess, Task, TaskStep
from runtime.errors import Conflict


def claim(task: Task, by: str, at: datetime) -> Task:
    """Take a task; taking it again changes nothing.

    Raises Conflict when somebody else has it, when it is done, and for a second review by the first reviewer.
    """
    require_waiting(task)
    if task.claim is not None and task.claim.by == by:
        return task
    if task.claim is not None:
        raise Conflict("task-claimed-by-another", by=task.claim.by)
    _require_fit(task, by)
    taken = {"status": "claimed", "claim": Claim(by=by, at=at)}
    return record(task.model_copy(update=taken), "claimed", by=by, at=at)


def take_over(task: Task, by: str, at: datetime, reason: str) -> Task:
    """Take a task out of a colleague's hand; taking it again changes nothing.

    Raises Conflict when nobody has it, when it is done, and where `claim` would be refused for the person.
    """
    require_waiting(task)
    if task.claim is None:
        raise Conflict("nothing-to-take-over")
    if task.claim.by == by:
        return task
    _require_fit(task, by)
    step = TaskStep(
        at=at, action="taken-over", by=by, department=task.department, note=reason, taken_from=task.claim.by
    )
    return task.model_copy(update={"claim": Claim(by=by, at=at), "steps": (*task.steps, step)})


def release(task: Task, by: str, at: datetime) -> Task:
    """Give a task back. Raises Conflict unless it is one's own."""
    require_own_claim(task, by)
    return record(given_back(task), "released", by=by, at=at)


def write_note(task: Task, by: str, at: datetime, text: str) -> Task:
    """Write a note on a task, whatever its state."""
    return record(task, "noted", by=by, at=at, note=text)


def given_back(task: Task) -> Task:
    """Return the task without its claim, waiting for a first or a second reviewer."""
    return task.model_copy(update={"claim": None, "status": "awaiting-second" if task.approvals else "open"})


def require_own_claim(task: Task, by: str) -> None:
    """Refuse (409) unless `by` has the task: it is done, was cancelled, is nobody's, or somebody else's.

    Raises Conflict.
    """
    require_waiting(task)
    if task.claim is None:
        require_another_person(task, by)
        raise Conflict("task-not-claimed")
    if task.claim.by != by:
        raise Conflict("task-claimed-by-another", by=task.claim.by)


def require_waiting(task: Task) -> None:
    """Refuse (409) when nothing is to be done any more, and say why. Raises Conflict."""
    if task.cancelled_because is not None:
        raise Conflict(f"task-cancelled-{task.cancelled_because}")
    if not task.is_waiting:
        raise Conflict(f"task-already-{task.status}", by=task.steps[-1].by or "")


def require_another_person(task: Task, by: str) -> None:
    """Refuse (409) a second review by the first reviewer. Raises Conflict."""
    if any(approval.by == by for approval in task.approvals):
        raise Conflict("second-reviewer-is-first")


def _require_fit(task: Task, by: str) -> None:
    """Refuse (409) the first reviewer as second, and an answer to the dispute of one's own look. Raises Conflict."""
    require_another_person(task, by)
    if isinstance(task.about, DisputedAccess) and task.about.by == by:
        raise Conflict("own-look-disputed")


def record(
    task: Task,
    action: Action,
    *,
    by: str | None,
    at: datetime,
    note: str | None = None,
    field: str | None = None,
    standard: StandardReason | None = None,
) -> Task:
    step = TaskStep(at=at, action=action, by=by, department=task.department, note=note, field=field, standard=standard)
    return task.model_copy(update={"steps": (*task.steps, step)})
