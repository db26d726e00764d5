"""Who may see and do a task: reviewers of the department that has it, grid officers of the door's community."""

from __future__ import annotations

from review_dispatch.domain.queue import QueueQuery
from review_dispatch.domain.routes import Routes
from review_dispatch.domain.task import Task
from runtime.errors import NotAllowed, Refusal
from web.auth import Principal, Role


def may_work_on(task: Task, by: Principal) -> bool:
    """Tell whether it is theirs to do."""
    if by.role is Role.REVIEWER:
        return task.department in by.departments or (leads(task, by) and _holds(task, by))
    if by.role is Role.GRID_OFFICER and task.kind == "field-check":
        return task.community in by.communities or task.department in by.departments
    return False


def leads(task: Task, by: Principal) -> bool:
    """Tell whether they are of the department above, which may take it out of a hand."""
    return by.role is Role.REVIEWER and task.lead in by.departments


def may_visit_or_lead(task: Task, by: Principal) -> bool:
    """Tell whether they may look at photographs: those who may follow the task, but for operators."""
    return by.role is not Role.OPERATOR and may_see(task, by)


def may_see(task: Task, by: Principal) -> bool:
    """Tell whether they may follow it: it is theirs, was sent to them first, or they operate the system."""
    return by.role is Role.OPERATOR or may_work_on(task, by) or task.home in by.departments or leads(task, by)


def may_see_values(task: Task, by: Principal) -> bool:
    """Tell whether they may read what describes a person: only while they have the task in hand.

    The claim is the reason for the look, and is on record; with its end the reason is gone (docs/decisions/0014).
    """
    return _holds(task, by) and may_work_on(task, by)


def require_work_on(task: Task, by: Principal) -> None:
    """Refuse (403) who may not do this task. Raises NotAllowed."""
    if not may_work_on(task, by):
        raise NotAllowed("task-of-others", department=task.department)


def require_take_over(task: Task, by: Principal) -> None:
    """Refuse (403) who may not take this task over: neither a colleague nor of the department above.

    Raises NotAllowed.
    """
    if not (may_work_on(task, by) or leads(task, by)):
        raise NotAllowed("task-of-others", department=task.department)


def narrowed(wanted: QueueQuery, by: Principal, routes: Routes) -> QueueQuery:
    """Narrow a queue to what is the caller's: their own departments', asked for by name also those that they lead.

    Raises NotAllowed for somebody else's department or community, Refusal for a kind of work that is not theirs.
    """
    if by.role is Role.OPERATOR:
        return wanted
    if by.role is Role.REVIEWER:
        reach = by.departments if wanted.departments is None else by.departments | routes.led_by(by.departments)
        return wanted.model_copy(update={"departments": _own(wanted.departments, reach, "department")})
    if wanted.kind not in {None, "field-check"}:
        raise Refusal("grid-officers-check-doors", field="kind")
    doors = wanted.model_copy(update={"kind": "field-check"})
    if wanted.departments is not None:
        return doors.model_copy(update={"departments": _own(wanted.departments, by.departments, "department")})
    return doors.model_copy(update={"communities": _own(wanted.communities, by.communities, "community")})


def _holds(task: Task, by: Principal) -> bool:
    return task.claim is not None and task.claim.by == by.subject


def _own(asked: frozenset[str] | None, own: frozenset[str], what: str) -> frozenset[str]:
    if asked is not None and not asked <= own:
        raise NotAllowed(f"{what}-of-others", field=what, name=", ".join(sorted(asked - own)))
    return own if asked is None else asked
