"""What other services ask for: a document to be reviewed, an address to be looked at, an application to be decided."""

from __future__ import annotations

from typing import TypeVar

from messaging.event import NOTHING, Change, Event, Outcome, Received, View
from review_dispatch.consumed import (
    AccessDisputed,
    CorrectionRequested,
    DecisionRequested,
    DuplicateSuspected,
    FieldCheckRequested,
    MatchFailed,
)
from review_dispatch.domain import requesting
from review_dispatch.domain.cancelling import cancel
from review_dispatch.domain.case import Case
from review_dispatch.domain.duplicate_check import DuplicateCheck
from review_dispatch.domain.record import Record
from review_dispatch.domain.task import (
    AskedCorrection,
    DisputedAccess,
    DocumentReview,
    DoorCheck,
    OfficerDecision,
    Task,
)
from review_dispatch.handlers import announcing, hands
from review_dispatch.handlers.needs import Deps

AboutT = TypeVar("AboutT", bound=Record)


async def request_review(event: Received[MatchFailed], deps: Deps) -> Outcome[None]:
    """A document failed to match: bring it to the department that keeps such documents, if people may look at it."""
    if not event.data.reviewable:
        return NOTHING
    task = requesting.review(
        event.data.application_id,
        event.data.item,
        _about(DocumentReview, event.data, comparison=[each.model_dump() for each in event.data.fields]),
        event.data.community,
        district=deps.district,
        at=event.time,
        promised=event.data.due_on,
    )
    return await _admit(task, deps)


async def request_field_check(event: Received[FieldCheckRequested], deps: Deps) -> Outcome[None]:
    """An address must be looked at: bring it to the grid officers of its community."""
    asked = event.data
    about = _about(DoorCheck, asked)
    task = requesting.door_check(
        asked.application_id, asked.item, about, asked.due_on, district=deps.district, at=event.time
    )
    return await _admit(task, deps)


async def request_decision(event: Received[DecisionRequested], deps: Deps) -> Outcome[None]:
    """Everything is proven: bring the application to the department that decides it."""
    asked = event.data
    task = requesting.decision(
        asked.application_id,
        asked.item,
        _about(OfficerDecision, asked),
        asked.department,
        asked.due_on,
        district=deps.district,
        at=event.time,
    )
    return await _admit(task, deps)


async def request_explanation(event: Received[AccessDisputed], deps: Deps) -> Outcome[None]:
    """A look is disputed: bring it to the department that looked. Nothing but an answer ends it."""
    asked = event.data
    about = _about(DisputedAccess, asked, disputed_application=asked.application_id)
    task = requesting.dispute(about, asked.item or "", asked.department, district=deps.district, at=event.time)
    return await _admit_complaint(task, deps)


async def request_correction(event: Received[CorrectionRequested], deps: Deps) -> Outcome[None]:
    """A value is said to be wrong: bring it to the department that keeps the document. Only an answer ends it."""
    task = requesting.correction(_about(AskedCorrection, event.data), district=deps.district, at=event.time)
    return await _admit_complaint(task, deps)


async def request_duplicate_check(event: Received[DuplicateSuspected], deps: Deps) -> Outcome[None]:
    """A document may be one that is held: bring it to the department that keeps such documents.

    The end of its application does not end it, as what was approved is stored all the same; only erasure does.
    """
    asked = event.data
    about = _about(DuplicateCheck, asked, review=asked.task_id)
    task = requesting.duplicate_check(about, asked.application_id, event.id, district=deps.district, at=event.time)
    if asked.application_id is None:
        return await _admit_complaint(task, deps)
    case = await deps.cases.get(asked.application_id) or Case(id=asked.application_id)
    if case.is_erased or case.has(task.id):
        return NOTHING
    return Outcome(changes=[deps.cases.save(case.with_task(task)), deps.tasks.save(task)])


async def _admit_complaint(task: Task, deps: Deps) -> Outcome[None]:
    """Store once what belongs to no application."""
    if await deps.tasks.get(task.id) is not None:
        return NOTHING
    return Outcome(changes=[deps.tasks.save(task)])


async def _admit(task: Task, deps: Deps) -> Outcome[None]:
    """Store a task once; it replaces older attempts, and is born cancelled when its time is already over."""
    case = await deps.cases.get(task.application_id) or Case(id=task.application_id)
    if case.is_erased or case.has(task.id):
        return NOTHING
    born = case.admit(task)
    replaced = await _replaced(case, born, deps)
    changes: list[Change] = [deps.cases.save(case.with_task(born)), deps.tasks.save(born)]
    return Outcome(
        changes=[*changes, *(deps.tasks.save(after) for _, after in replaced)],
        events=[*_announcement(born), *(told for pair in replaced for told in hands.in_hand(*pair))],
    )


async def _replaced(case: Case, task: Task, deps: Deps) -> list[tuple[Task, Task]]:
    """Return the waiting tasks of older attempts, as they are and cancelled."""
    older = [await deps.tasks.get(id_) for id_ in case.older(task)]
    waiting = [each for each in older if each is not None and each.is_waiting]
    return [(each, cancel(each, "superseded", task.requested_at)) for each in waiting]


def _announcement(task: Task) -> list[Event]:
    return [announcing.requested(task)] if task.is_waiting and task.kind == "review" else []


def _about(kind: type[AboutT], said: View, **named: object) -> AboutT:
    """Return what a task is about: what an event says under the same names, and what it says under others."""
    return kind.model_validate(said.model_dump(include=set(kind.model_fields)) | named)
