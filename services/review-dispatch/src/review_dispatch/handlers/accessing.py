"""Telling who saw or worked on what a task says of people, so that they can read it (data-rights keeps the record)."""

from __future__ import annotations

from messaging.event import Event
from review_dispatch.domain.routes import REGISTRATION
from review_dispatch.domain.task import Task
from review_dispatch.handlers.access import may_see_values
from review_dispatch.handlers.needs import Deps
from review_dispatch.published import DataAccessed
from runtime import accesses
from runtime.access import Principal
from runtime.accesses import How


def accessed(task: Task, by: Principal, deps: Deps, *, how: How = "viewed") -> list[Event]:
    """Return the events that say so, one for each person concerned; none where the values stay hidden."""
    return _told(task, by, deps, how, None) if may_see_values(task, by) else []


def opened(task: Task, by: Principal, deps: Deps, *, purpose: str | None) -> list[Event]:
    """Return the events that say that a photograph was opened, and what for, where that had to be said."""
    return _told(task, by, deps, "opened", purpose)


def _told(task: Task, by: Principal, deps: Deps, how: How, purpose: str | None) -> list[Event]:
    return [
        DataAccessed(
            holder=accesses.Holder(resident_id=person.resident_id, index=person.index),
            by=accesses.By(subject=by.subject, role=by.role, departments=[task.department]),
            how=how,
            what="task",
            documents=accesses.documents(_documents(task)),
            application_id=task.application_id if task.serves_application else None,
            item=task.item if task.serves_application else None,
            purpose=purpose,
            at=deps.clock(),
        )
        for person in task.people
    ]


def _documents(task: Task) -> list[str]:
    return [] if task.document_type in {None, REGISTRATION} else [task.document_type]
