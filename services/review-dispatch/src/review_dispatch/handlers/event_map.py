"""Tasks as the events that tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from bus.event import Event
from review_dispatch import events
from review_dispatch.domain.held import held_document, other_documents
from review_dispatch.domain.routes import Routes
from review_dispatch.domain.task import (
    AskedCorrection,
    DisputedAccess,
    DocumentReview,
    Task,
    TaskApproval,
)
from review_dispatch.events import parts
from runtime.sign_in import SignedRequest


def requested(task: Task) -> Event:
    """Tell who was asked to review a document."""
    review = _review(task)
    return events.ReviewRequested(
        task_id=task.id,
        application_id=task.application_id,
        requirement=review.requirement,
        attempt=review.attempt,
        document_type=review.document_type,
        department=task.home,
        due_on=task.due_on,
    )


def approved(task: Task, routes: Routes, signed: SignedRequest | None) -> list[Event]:
    """Tell of an approval, with what was signed; nothing while a second reviewer is awaited."""
    if task.status != "approved":
        return []
    match task.kind:
        case "review":
            return [_review_approved(task, routes), _review_approved_v1(task)]
        case "field-check":
            return [_field_check_passed(task, signed)]
        case "decision":
            return [_decision_made(task, signed, approved=True)]
        case "dispute" | "correction" | "duplicate-check":
            raise TypeError(f"a {task.kind} is answered, not approved")


def rejected(task: Task, signed: SignedRequest | None) -> list[Event]:
    """Tell of a rejection, with what was signed."""
    match task.kind:
        case "review":
            return [_review_rejected(task, signed)]
        case "field-check":
            return [_field_check_failed(task, signed)]
        case "decision":
            return [_decision_made(task, signed, approved=False)]
        case "dispute" | "correction" | "duplicate-check":
            raise TypeError(f"a {task.kind} is answered, not rejected")


def returned(task: Task, signed: SignedRequest | None) -> list[Event]:
    """Tell what the applicant is asked to correct, with what was signed."""
    review, deed = _review(task), _deed(task)
    event = events.ReviewReturned(
        task_id=task.id,
        application_id=task.application_id,
        requirement=review.requirement,
        attempt=review.attempt,
        document_type=review.document_type,
        department=task.home,
        reviewer=deed.by,
        field=deed.field,
        form_field=_in_form(deed.field, review),
        message=deed.text,
        standard_reason=deed.standard,
        texts=deed.in_languages,
        returned_at=deed.at,
        signed_request=signed,
    )
    return [event]


def answered(task: Task) -> list[Event]:
    """Tell the explanation of a look that was disputed."""
    if not isinstance(task.about, DisputedAccess):
        raise TypeError(f"a {task.kind} is no dispute")
    deed = _deed(task)
    event = events.DisputeAnswered(
        dispute_id=task.about.dispute_id,
        task_id=task.id,
        department=task.department,
        officer=deed.by,
        explanation=deed.text,
        answered_at=deed.at,
    )
    return [event]


def corrected(task: Task) -> list[Event]:
    """Tell the answer to a request for correction; nothing while a second person is awaited."""
    if not isinstance(task.about, AskedCorrection):
        raise TypeError(f"a {task.kind} is no correction")
    if task.status != "answered":
        return []
    deed, asked = _deed(task), task.about
    event = events.CorrectionAnswered(
        correction_id=asked.correction_id,
        task_id=task.id,
        holder=parts.Holder(resident_id=asked.holder.resident_id, index=asked.holder.index),
        document_type=asked.document_type,
        credential_id=asked.credential_id,
        field=asked.field,
        result="corrected" if task.approvals else "refused",
        value=task.approvals[-1].fields[asked.field] if task.approvals else None,
        department=task.department,
        officers=[each.by for each in task.approvals] or [deed.by],
        explanation=deed.text,
        answered_at=deed.at,
        signed_requests=_signed_by_each(task),
    )
    return [event]


def visit_arranged(task: Task, by: Literal["officer", "applicant"]) -> Event:
    """Tell what is agreed of a visit now, and who moved."""
    visit, last = task.visit, task.steps[-1]
    if visit is None:
        raise ValueError(f"{task.id}: nothing was said of a visit")
    return events.VisitArranged(
        task_id=task.id,
        application_id=task.application_id,
        state=visit.state,
        by=by,
        offered=[parts.Slot(begins=each.begins, ends=each.ends) for each in visit.offered],
        slot=parts.Slot(begins=visit.slot.begins, ends=visit.slot.ends) if visit.slot else None,
        reason=last.note,
        arranged_at=last.at,
        sequence=task.version + 1,
    )


def escalated(before: Task, after: Task) -> Event:
    """Tell who has an overdue task now; of one that an application waits for."""
    kind = after.kind
    match kind:
        case "dispute" | "correction" | "duplicate-check":
            raise TypeError(f"no application waits for a {kind}")
        case _:
            return _escalated(before, after, kind)


def _escalated(before: Task, after: Task, kind: Literal["review", "field-check", "decision"]) -> Event:
    return events.ReviewEscalated(
        task_id=after.id,
        kind=kind,
        application_id=after.application_id,
        requirement=after.requirement,
        department=before.department,
        escalated_to=after.department,
        was_due_on=before.due_on,
        due_on=after.due_on,
    )


def _review_approved(task: Task, routes: Routes) -> Event:
    review, final = _review(task), task.approvals[-1]
    return events.ReviewApproved(
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
        evidence_id=held_document(review, final, routes.of_document(review.document_type)),
        other_than=other_documents(review, final),
        approvals=approvals_of(task),
    )


def approvals_of(task: Task) -> list[parts.Approval]:
    """Return everybody's approvals, in order."""
    return [_approval(each) for each in task.approvals]


def _approval(approval: TaskApproval) -> parts.Approval:
    standard = approval.standard.code if approval.standard else None
    return parts.Approval(
        reviewer=approval.by,
        approved_at=approval.at,
        note=approval.said,
        standard_reason=standard,
        signed_request=approval.signed,
    )


def _signed_by_each(task: Task) -> list[SignedRequest]:
    return [each.signed for each in task.approvals if each.signed]


def _review_approved_v1(task: Task) -> Event:
    """Say the same to those who have not moved yet (docs/decisions/0007)."""
    review = _review(task)
    first, final = task.approvals[0], task.approvals[-1]
    return events.ReviewApprovedV1(
        task_id=task.id,
        application_id=task.application_id,
        item=task.item,
        requirement=review.requirement,
        attempt=review.attempt,
        document_type=review.document_type,
        department=task.home,
        holder=parts.Holder(resident_id=review.holder.resident_id, index=review.holder.index),
        fields=final.fields,
        valid_until=final.valid_until,
        reviewer=first.by,
        second_reviewer=final.by if final is not first else None,
        note=final.said or first.said,
        approved_at=final.at,
        signed_requests=_signed_by_each(task),
    )


def _review_rejected(task: Task, signed: SignedRequest | None) -> Event:
    review, deed = _review(task), _deed(task)
    return events.ReviewRejected(
        task_id=task.id,
        application_id=task.application_id,
        requirement=review.requirement,
        attempt=review.attempt,
        document_type=review.document_type,
        department=task.home,
        reviewer=deed.by,
        reason=deed.text,
        standard_reason=deed.standard,
        texts=deed.in_languages,
        fields=[parts.NamedField(field=each, form_field=_in_form(each, review)) for each in task.steps[-1].fields],
        rejected_at=deed.at,
        signed_request=signed,
    )


def _in_form(field: str, review: DocumentReview) -> str | None:
    return answer.key if (answer := review.answer_of(field)) else None


def _field_check_passed(task: Task, signed: SignedRequest | None) -> Event:
    deed = _deed(task)
    return events.FieldCheckPassed(
        task_id=task.id,
        application_id=task.application_id,
        community=task.community or "",
        officer=deed.by,
        note=deed.text or None,
        standard_reason=deed.standard,
        texts=deed.in_languages,
        checked_at=deed.at,
        signed_request=signed,
    )


def _field_check_failed(task: Task, signed: SignedRequest | None) -> Event:
    deed = _deed(task)
    return events.FieldCheckFailed(
        task_id=task.id,
        application_id=task.application_id,
        community=task.community or "",
        officer=deed.by,
        reason=deed.text,
        standard_reason=deed.standard,
        texts=deed.in_languages,
        checked_at=deed.at,
        signed_request=signed,
    )


def _decision_made(task: Task, signed: SignedRequest | None, *, approved: bool) -> Event:
    deed = _deed(task)
    return events.DecisionMade(
        task_id=task.id,
        application_id=task.application_id,
        department=task.home,
        officer=deed.by,
        approved=approved,
        reason=deed.text or None,
        standard_reason=deed.standard,
        texts=deed.in_languages,
        decided_at=deed.at,
        signed_request=signed,
    )


class _Deed(NamedTuple):
    by: str
    at: datetime
    text: str
    field: str
    standard: str | None
    in_languages: dict[str, str] | None


def _deed(task: Task) -> _Deed:
    """Return what a person did last."""
    last = task.steps[-1]
    if last.by is None:
        raise ValueError(f"{last.action} was nobody's decision")
    standard = last.standard.code if last.standard else None
    return _Deed(last.by, last.at, last.said or "", last.field or "", standard, last.in_languages)


def _review(task: Task) -> DocumentReview:
    if not isinstance(task.about, DocumentReview):
        raise TypeError(f"a {task.kind} is no review")
    return task.about
