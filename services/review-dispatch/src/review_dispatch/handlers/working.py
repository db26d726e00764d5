"""Working on a task: claim it, give it back, write on it, decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from messaging.event import Event, Outcome
from review_dispatch.domain import deciding, working
from review_dispatch.domain.record import Value
from review_dispatch.domain.task import Approval, DocumentReview, Task
from review_dispatch.handlers import announcing, hands
from review_dispatch.handlers.access import require_work_on
from review_dispatch.handlers.accessing import accessed
from review_dispatch.handlers.needs import Deps
from runtime.access import Principal
from runtime.clock import today
from runtime.refusal import Unknown, check_version


@dataclass(frozen=True, slots=True)
class Asked:
    """A request about one task: by whom, and on which version (`If-Match`; None when it was not said)."""

    task_id: str
    by: Principal
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Approving:
    """What an approval says besides yes: corrected or filled-in fields, the end of validity, a note.

    `is_held`: whether it is the document that is held; None: not said.
    """

    fields: Mapping[str, Value] = field(default_factory=dict)
    valid_until: date | None = None
    note: str | None = None
    is_held: bool | None = None


async def claim(asked: Asked, deps: Deps) -> Outcome[Task]:
    """Take a task."""
    task = await _find(asked, deps)
    return _done(task, working.claim(task, asked.by.subject, deps.clock()), asked, deps)


async def release(asked: Asked, deps: Deps) -> Outcome[Task]:
    """Give a task back."""
    task = await _find(asked, deps)
    return _done(task, working.release(task, asked.by.subject, deps.clock()), asked, deps)


async def write_note(asked: Asked, text: str, deps: Deps) -> Outcome[Task]:
    """Write a note on a task."""
    task = await _find(asked, deps)
    return _done(task, working.write_note(task, asked.by.subject, deps.clock(), text), asked, deps)


async def approve(asked: Asked, approving: Approving, deps: Deps) -> Outcome[Task]:
    """Approve a document, confirm an address, approve an application."""
    task = await _find(asked, deps)
    approved = _approved(task, asked.by.subject, approving, deps)
    return _done(task, approved, asked, deps, announcing.approved(approved, deps.district.routes))


async def reject(asked: Asked, reason: str, deps: Deps) -> Outcome[Task]:
    """Refuse, for a reason that the applicant will read."""
    task = await _find(asked, deps)
    rejected = deciding.reject(task, asked.by.subject, deps.clock(), reason)
    return _done(task, rejected, asked, deps, announcing.rejected(rejected))


async def explain(asked: Asked, text: str, deps: Deps) -> Outcome[Task]:
    """Explain a look that is disputed, to the resident who disputes it."""
    task = await _find(asked, deps)
    explained = deciding.explain(task, asked.by.subject, deps.clock(), text)
    return _done(task, explained, asked, deps, announcing.answered(explained))


async def correct(asked: Asked, text: str, value: Value | None, deps: Deps) -> Outcome[Task]:
    """Answer a request for correction: the value was wrong, and this one is right."""
    task = await _find(asked, deps)
    route = deps.district.routes.documents.get(task.document_type or "")
    corrected = deciding.correct(task, asked.by.subject, deps.clock(), text, value, route)
    return _done(task, corrected, asked, deps, announcing.corrected(corrected))


async def refuse_correction(asked: Asked, text: str, deps: Deps) -> Outcome[Task]:
    """Answer a request for correction: the value stays."""
    task = await _find(asked, deps)
    refused = deciding.refuse_correction(task, asked.by.subject, deps.clock(), text)
    return _done(task, refused, asked, deps, announcing.corrected(refused))


async def send_back(asked: Asked, deps: Deps, *, field: str, message: str) -> Outcome[Task]:
    """Ask the applicant to correct a field of the document."""
    task = await _find(asked, deps)
    returned = deciding.send_back(task, asked.by.subject, deps.clock(), field=field, message=message)
    return _done(task, returned, asked, deps, announcing.returned(returned))


def _approved(task: Task, by: str, approving: Approving, deps: Deps) -> Task:
    now = deps.clock()
    if not isinstance(task.about, DocumentReview):
        deciding.require_no_document_values(approving.fields, approving.valid_until)
        return deciding.approve(task, by, now, approving.note)
    approval = Approval(
        by=by,
        at=now,
        fields=dict(approving.fields),
        valid_until=approving.valid_until,
        note=approving.note,
        is_held=approving.is_held,
    )
    route = deps.district.routes.of_document(task.about.document_type)
    return deciding.approve_document(task, approval, route, today=today(now))


async def _find(asked: Asked, deps: Deps) -> Task:
    """Read a task that the caller may work on. Raises Unknown, NotAllowed, Stale."""
    task = await deps.tasks.get(asked.task_id)
    if task is None:
        raise Unknown("no-such-task", id=asked.task_id)
    require_work_on(task, asked.by)
    check_version(task.version, asked.version)
    return task


def _done(before: Task, after: Task, asked: Asked, deps: Deps, events: Sequence[Event] | None = None) -> Outcome[Task]:
    """End a request: tell who has the task in hand now, and that its values were seen. `events`: it is decided."""
    if events is None:
        told = [*hands.in_hand(before, after), *accessed(after, asked.by, deps)]
    else:
        told = [*events, *hands.in_hand(before, after), *accessed(before, asked.by, deps, how="worked-on")]
    return Outcome(changes=[deps.tasks.save(after)], events=told, case=after.application_id, result=after)
