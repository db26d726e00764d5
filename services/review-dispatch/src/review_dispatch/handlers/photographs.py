"""Photographs of a visit: handing them in, taking them back, looking at them.

A content can't be stored in the transaction of its task: it is stored first, and what a crash leaves behind is removed
by the sweep.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from bus.event import Outcome
from review_dispatch.domain import photographs
from review_dispatch.domain.photographs import picture_type_of
from review_dispatch.domain.task import Task
from review_dispatch.domain.visit import Photograph
from review_dispatch.handlers.access import may_see_values, may_visit_or_lead
from review_dispatch.handlers.access_events import opened
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.handlers.task_actions import TaskRequest, done, find
from runtime.errors import NotAllowed, NotFound, Refusal
from runtime.ids import new_id
from scans.files import StoredFile
from scans.kinds import refuse_large
from standards.bounds import is_said

SWEPT_AFTER = timedelta(hours=1)
"""How old a content that belongs to nothing must be before it is removed; no upload takes that long."""


@dataclass(frozen=True, slots=True)
class OpenedPhotograph:
    """A photograph and its content, in pieces."""

    photograph: Photograph
    content: AsyncIterator[bytes]


async def store(asked: TaskRequest, content: bytes, deps: Deps) -> Photograph:
    """Check a picture and store what may be kept of it, before the task takes it (`attach`)."""
    task = await find(asked, deps)
    refuse_large(len(content))
    photograph = Photograph(
        id=new_id("photo"),
        media_type=picture_type_of(content),
        size=len(content),
        sha256=sha256(content).hexdigest(),
        by=asked.by.subject,
        uploaded_at=deps.clock(),
    )
    photographs.attach(task, photograph, asked.by.subject)  # refused now, not after the storing
    kept = await deps.sanitiser.sanitise(content, photograph.media_type, asked.by.subject)
    refuse_large(len(kept))
    await deps.photographs.put(StoredFile(photograph.id, task.id), kept, photograph.media_type)
    return photograph.model_copy(update={"size": len(kept), "sha256": sha256(kept).hexdigest()})


async def attach(asked: TaskRequest, photograph: Photograph, deps: Deps) -> Outcome[Task]:
    """Add a stored photograph to its task."""
    task = await find(asked, deps)
    return done(task, photographs.attach(task, photograph, asked.by.subject), asked, deps)


async def detach(asked: TaskRequest, photograph_id: str, deps: Deps) -> Outcome[Task]:
    """Take a photograph back; its content is removed by whoever commits this, or the sweep."""
    task = await find(asked, deps)
    taken = photographs.detach(task, photograph_id, asked.by.subject)
    await deps.photographs.doubt(photograph_id)
    return done(task, taken, asked, deps)


async def open_photograph(
    asked: TaskRequest, photograph_id: str, purpose: str | None, deps: Deps
) -> Outcome[OpenedPhotograph]:
    """Open a photograph: while one has the task in hand, or stating what for; those concerned can read it.

    Raises NotFound, NotAllowed for a task that is none of the caller's, Refusal without a purpose.
    """
    task = await deps.tasks.get(asked.task_id)
    if task is None:
        raise NotFound("no-such-task", id=asked.task_id)
    if not may_visit_or_lead(task, asked.by):
        raise NotAllowed("task-of-others", department=task.department)
    photograph = photographs.find(task, photograph_id)
    stated = None
    if not may_see_values(task, asked.by):
        if purpose is None or not is_said(purpose):
            raise Refusal("purpose-needed", field="purpose")
        stated = purpose.strip()
    content = await deps.photographs.read(photograph.id)
    if content is None:
        raise NotFound("no-such-photograph")
    told = opened(task, asked.by, deps, purpose=stated)
    return Outcome(accesses=told, case=task.application_id, result=OpenedPhotograph(photograph, content))


async def sweep(deps: Deps) -> list[Outcome[None]]:
    """Remove contents that belong to no task, and remember which do belong."""
    for file in await deps.photographs.doubtful(deps.clock() - SWEPT_AFTER):
        task = await deps.tasks.get(file.owner_id)
        if task is not None and any(each.id == file.file_id for each in task.photographs):
            await deps.photographs.trust(file.file_id)
        else:
            await deps.photographs.remove(file.file_id)
    return []
