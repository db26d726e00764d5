"""Answering whether a document is one that is held already."""

from __future__ import annotations

from bus.event import Event, Outcome
from review_dispatch import events
from review_dispatch.domain import decisions
from review_dispatch.domain.duplicate_check import DuplicateCheck
from review_dispatch.domain.task import DocumentReview, Task
from review_dispatch.events import parts
from review_dispatch.handlers import event_map
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.handlers.task_actions import TaskRequest, done, find


async def tell(
    asked: TaskRequest, deps: Deps, *, same: bool, credential_id: str | None, note: str | None
) -> Outcome[Task]:
    """Answer which held credential a document is, or none (`same` false); an approval that waited is told with it."""
    task = await find(asked, deps)
    by, now = asked.by.subject, deps.clock()
    answered = decisions.tell_duplicate(task, by, now, same=same, credential_id=credential_id, text=note)
    about = answered.about
    if not isinstance(about, DuplicateCheck):
        raise TypeError(f"a {task.kind} is no check for duplicates")
    review = await deps.tasks.get(about.review) if about.review else None
    event = events.DuplicateChecked(
        task_id=task.id,
        document_type=about.document_type,
        holder=parts.Holder(resident_id=about.holder.resident_id, index=about.holder.index),
        credential_id=about.credential_id,
        same_as=about.same_as,
        other_than=[*about.other_than, *(each.credential_id for each in about.held if about.same_as is None)],
        checked_by=by,
        checked_at=now,
        signed_request=asked.by.signed,
        approval=_waiting(review) if review is not None else None,
    )
    told: list[Event] = [event]
    return done(task, answered, asked, deps, told)


def _waiting(task: Task) -> events.WaitingApproval:
    review, final = task.about, task.approvals[-1]
    if not isinstance(review, DocumentReview):
        raise TypeError(f"a {task.kind} is no review")
    return events.WaitingApproval(
        task_id=task.id,
        application_id=task.application_id,
        item=task.item,
        requirement=review.requirement,
        attempt=review.attempt,
        document_type=review.document_type,
        department=task.home,
        holder=parts.Holder(resident_id=review.holder.resident_id, index=review.holder.index),
        fields=final.fields,
        stated_until=final.valid_until,
        approvals=event_map.approvals_of(task),
    )
