"""What other services ask for: a document to be reviewed, an address to be looked at, an application to be decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from bus.event import NOTHING, Change, Event, Outcome, Received, View
from review_dispatch.domain import new_tasks
from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.case import Case
from review_dispatch.domain.duplicate_check import DuplicateCheck
from review_dispatch.domain.record import DispatchModel
from review_dispatch.domain.task import (
    AskedCorrection,
    DisputedAccess,
    DocumentReview,
    DoorCheck,
    OfficerDecision,
    Task,
)
from review_dispatch.handlers import event_map, task_claims
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.views import (
    AccessDisputed,
    CorrectionRequested,
    DecisionRequested,
    DuplicateSuspected,
    FieldCheckRequested,
    MatchFailed,
)

AboutT = TypeVar("AboutT", bound=DispatchModel)


async def request_reviews(event: Received[MatchFailed], deps: Deps) -> Outcome[None]:
    """Documents failed to match: bring each that people may look at to the department that keeps such documents."""
    said = event.data
    tasks = [
        new_tasks.review(
            said.application_id,
            said.item,
            _about(DocumentReview, document, comparison=[each.model_dump() for each in document.fields]),
            said.community,
            district=deps.district,
            at=event.time,
            promised=said.due_on,
        )
        for document in said.documents
        if document.reviewable
    ]
    return await _admit(said.application_id, tasks, deps)


async def request_field_check(event: Received[FieldCheckRequested], deps: Deps) -> Outcome[None]:
    """An address must be looked at: bring it to the grid officers of its community."""
    asked = event.data
    about = _about(DoorCheck, asked)
    task = new_tasks.door_check(
        asked.application_id, asked.item, about, asked.due_on, district=deps.district, at=event.time
    )
    return await _admit(task.application_id, [task], deps)


async def request_decision(event: Received[DecisionRequested], deps: Deps) -> Outcome[None]:
    """Everything is proven: bring the application to the department that decides it."""
    asked = event.data
    task = new_tasks.decision(
        asked.application_id,
        asked.item,
        _about(OfficerDecision, asked),
        asked.department,
        asked.due_on,
        district=deps.district,
        at=event.time,
    )
    return await _admit(task.application_id, [task], deps)


async def request_explanation(event: Received[AccessDisputed], deps: Deps) -> Outcome[None]:
    """A look is disputed: bring it to the department that looked. Nothing but an answer ends it."""
    asked = event.data
    about = _about(DisputedAccess, asked, disputed_application=asked.application_id)
    task = new_tasks.dispute(about, asked.item or "", asked.department, district=deps.district, at=event.time)
    return await _admit_complaint(task, deps)


async def request_correction(event: Received[CorrectionRequested], deps: Deps) -> Outcome[None]:
    """A value is said to be wrong: bring it to the department that keeps the document. Only an answer ends it."""
    task = new_tasks.correction(_about(AskedCorrection, event.data), district=deps.district, at=event.time)
    return await _admit_complaint(task, deps)


async def request_duplicate_check(event: Received[DuplicateSuspected], deps: Deps) -> Outcome[None]:
    """A document may be one that is held: bring it to the department that keeps such documents.

    The end of its application does not end it, as what was approved is stored all the same; only erasure does.
    """
    asked = event.data
    about = _about(DuplicateCheck, asked, review=asked.task_id)
    task = new_tasks.duplicate_check(about, asked.application_id, event.id, district=deps.district, at=event.time)
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


async def _admit(application_id: str, tasks: Sequence[Task], deps: Deps) -> Outcome[None]:
    """Store tasks, each once; one replaces older attempts, and is born cancelled when its time is already over."""
    known = case = await deps.cases.get(application_id) or Case(id=application_id)
    changes, events = list[Change](), list[Event]()
    for task in tasks:
        if case.is_erased or case.has(task.id):
            continue
        born = case.admit(task)
        replaced = await _replaced(case, born, deps)
        case = case.with_task(born)
        changes += [deps.tasks.save(born), *(deps.tasks.save(after) for _, after in replaced)]
        events += [*_announcement(born), *(told for pair in replaced for told in task_claims.in_hand(*pair))]
    return NOTHING if case is known else Outcome(changes=[deps.cases.save(case), *changes], events=events)


async def _replaced(case: Case, task: Task, deps: Deps) -> list[tuple[Task, Task]]:
    """Return the waiting tasks of older attempts, as they are and cancelled."""
    older = [await deps.tasks.get(id_) for id_ in case.older(task)]
    waiting = [each for each in older if each is not None and each.is_waiting]
    return [(each, cancel(each, "superseded", task.requested_at)) for each in waiting]


def _announcement(task: Task) -> list[Event]:
    return [event_map.requested(task)] if task.is_waiting and task.kind == "review" else []


def _about(kind: type[AboutT], said: View, **named: object) -> AboutT:
    """Return what a task is about: what an event says under the same names, and what it says under others."""
    return kind.model_validate(said.model_dump(include=set(kind.model_fields)) | named)
