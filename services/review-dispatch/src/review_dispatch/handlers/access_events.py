"""Telling who saw or worked on what a task says of people, so that they can read it (data-rights keeps the record)."""

from __future__ import annotations

from privacy.access_log import By, Holder, How
from review_dispatch.domain.routes import REGISTRATION
from review_dispatch.domain.task import Task
from review_dispatch.events import DataAccessed
from review_dispatch.handlers.access import may_see_values
from review_dispatch.handlers.dependencies import Deps
from web.auth import Principal


def accessed(task: Task, by: Principal, deps: Deps, *, how: How = "viewed") -> list[DataAccessed]:
    """Return the events that say so, one for each person concerned; none where the values stay hidden."""
    return _told(task, by, deps, how, None) if may_see_values(task, by) else []


def opened(task: Task, by: Principal, deps: Deps, *, purpose: str | None) -> list[DataAccessed]:
    """Return the events that say that a photograph was opened, and what for, where that had to be said."""
    return _told(task, by, deps, "opened", purpose)


def _told(task: Task, by: Principal, deps: Deps, how: How, purpose: str | None) -> list[DataAccessed]:
    types = [] if task.document_type in {None, REGISTRATION} else [task.document_type]
    return DataAccessed.of(
        [Holder(resident_id=person.resident_id, index=person.index) for person in task.people],
        By(subject=by.subject, role=by.role, departments=[task.department]),
        deps.clock(),
        how=how,
        what="task",
        documents=types,
        application_id=task.application_id if task.serves_application else None,
        item=task.item if task.serves_application else None,
        purpose=purpose,
    )
