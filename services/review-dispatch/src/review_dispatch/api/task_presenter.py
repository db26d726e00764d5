"""Tasks as callers see them: in their language, and only what they may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from review_dispatch.api import views, visit_presenter
from review_dispatch.api.duplicate_views import DuplicateHeldView, DuplicateView, ValueView
from review_dispatch.api.queue_presenter import summary
from review_dispatch.api.reader import TEXTS, Coded, TaskReader
from review_dispatch.api.reason_views import StandardReasonsView, StandardReasonView
from review_dispatch.domain.approved_fields import enterable_fields
from review_dispatch.domain.decisions import reasons_for, returnable_fields
from review_dispatch.domain.duplicate_check import DuplicateCheck
from review_dispatch.domain.record import Value
from review_dispatch.domain.standard_reasons import DecisionReasons, Deed, StandardReason
from review_dispatch.domain.task import (
    AskedCorrection,
    Comparison,
    DisputedAccess,
    DocumentReview,
    DoorCheck,
    OfficerDecision,
    Task,
    TaskApproval,
    TaskStep,
)
from review_dispatch.handlers.access import may_see_values

View = Callable[[Task], views.TaskView]


def detail(task: Task, reader: TaskReader) -> views.TaskView:
    hidden = not may_see_values(task, reader.by)
    about = task.about
    return views.TaskView(
        **dict(summary(task, reader)),
        values_hidden=hidden,
        document=_document(task.application_id, about, reader, hidden=hidden)
        if isinstance(about, DocumentReview)
        else None,
        door=_door(about, hidden=hidden) if isinstance(about, DoorCheck) else None,
        decision=_decision(about, reader, hidden=hidden) if isinstance(about, OfficerDecision) else None,
        dispute=_dispute(about, reader, hidden=hidden) if isinstance(about, DisputedAccess) else None,
        correction=_correction(about, reader, hidden=hidden) if isinstance(about, AskedCorrection) else None,
        duplicate=_duplicate(about, reader, hidden=hidden) if isinstance(about, DuplicateCheck) else None,
        standard_reasons=reasons(reasons_for(task, reader.district.reasons), reader),
        photographs=[visit_presenter.photograph(each, task) for each in task.photographs],
        approvals=[_approval(each, reader, hidden=hidden) for each in task.approvals],
        steps=[_step(each, task, reader, hidden=hidden) for each in task.steps],
    )


def committed(task: Task, reader: TaskReader) -> views.TaskView:
    """Show a task as it is once the change that has just been decided is stored: one version later."""
    return detail(task.model_copy(update={"version": task.version + 1}), reader)


def reasons(listed: DecisionReasons, reader: TaskReader) -> StandardReasonsView:
    """Show the standard reasons of one kind of work."""

    def shown(deed: Deed) -> list[StandardReasonView]:
        return [
            StandardReasonView(code=each.code, text=each.said(None, reader.language), field=each.field)
            for each in listed.of(deed)
        ]

    return StandardReasonsView(approval=shown("approval"), rejection=shown("rejection"), to_return=shown("return"))


def _document(
    application_id: str, review: DocumentReview, reader: TaskReader, *, hidden: bool
) -> views.TaskDocumentView:
    route = reader.district.routes.of_document(review.document_type)
    return views.TaskDocumentView(
        document_types=[reader.coded("documents", each) for each in review.document_types],
        holder_id=review.holder.resident_id,
        comparison=[_compared(each, review, reader, hidden=hidden) for each in review.comparison],
        claims=_values(review.claims, hidden=hidden),
        scans=[
            views.TaskScanView(
                scan_id=scan.scan_id,
                document_type=reader.coded("documents", scan.document_type),
                media_type=scan.media_type,
                size=scan.size,
                sha256=scan.sha256,
                href=f"/v1/applications/{application_id}/scans/{scan.scan_id}",
            )
            for scan in review.scans
        ],
        enterable=[
            views.EnterableView(
                code=name,
                name=_named(name, review, reader).name,
                kind=kind,
                claimed=None if hidden else review.claims.get(name),
            )
            for name, kind in enterable_fields(review, route).items()
        ],
        may_enter={name: str(kind) for name, kind in enterable_fields(review, route).items()},
        may_return=list(returnable_fields(review)),
        returnable=[_returnable(each, review, reader) for each in returnable_fields(review)],
        valid_until=route.valid_until,
    )


def _returnable(field: str, review: DocumentReview, reader: TaskReader) -> views.ReturnableView:
    answer = review.answer_of(field)
    key = answer.key if answer else None
    return views.ReturnableView(field=field, form_field=key, name=_named(field, review, reader).name)


def _named(field: str, review: DocumentReview, reader: TaskReader) -> Coded:
    """Name a field as its applicant reads it in the form, where it is an answer of the form."""
    answer = review.answer_of(field)
    name = answer.label.get(reader.language) if answer else None
    return Coded(code=field, name=name) if name else reader.field(review.document_type, field)


def _compared(compared: Comparison, review: DocumentReview, reader: TaskReader, *, hidden: bool) -> views.ComparedView:
    return views.ComparedView(
        field=_named(compared.field, review, reader),
        result=reader.coded("results", compared.result),
        reason=reader.maybe("reasons", compared.reason),
        source=reader.maybe("sources", compared.source),
        claimed=None if hidden else compared.claimed,
        held=None if hidden else compared.held,
    )


def _door(door: DoorCheck, *, hidden: bool) -> views.DoorView:
    if hidden:
        return views.DoorView(applicant_name=None, address=None)
    return views.DoorView(applicant_name=door.applicant_name, address=door.address)


def _decision(decision: OfficerDecision, reader: TaskReader, *, hidden: bool) -> views.DecisionView:
    return views.DecisionView(
        subject_name=None if hidden else decision.subject_name,
        proven=[
            views.TaskProofView(
                requirement=proof.requirement,
                document_type=reader.coded("documents", proof.document_type),
                source=reader.coded("sources", proof.source),
            )
            for proof in decision.proven
        ],
    )


def _dispute(disputed: DisputedAccess, reader: TaskReader, *, hidden: bool) -> views.TaskDisputeView:
    return views.TaskDisputeView(
        by=disputed.by,
        role=disputed.role,
        how=disputed.how,
        what=disputed.what,
        document_types=[reader.coded("documents", each) for each in disputed.document_types],
        application_id=disputed.disputed_application,
        purpose=None if hidden else disputed.purpose,
        accessed_at=disputed.accessed_at,
        reason=None if hidden else disputed.reason,
    )


def _correction(asked: AskedCorrection, reader: TaskReader, *, hidden: bool) -> views.TaskCorrectionView:
    return views.TaskCorrectionView(
        holder_id=asked.holder.resident_id,
        document_type=reader.coded("documents", asked.document_type),
        credential_id=asked.credential_id,
        identifier=asked.identifier,
        origin=reader.maybe("origins", asked.origin),
        field=reader.field(asked.document_type, asked.field),
        says=None if hidden else asked.says,
        should_say=None if hidden else asked.should_say,
        reason=None if hidden else asked.reason,
    )


def _reason(standard: StandardReason | None, reader: TaskReader) -> Coded | None:
    return None if standard is None else Coded(code=standard.code, name=standard.said(None, reader.language))


def _duplicate(about: DuplicateCheck, reader: TaskReader, *, hidden: bool) -> DuplicateView:
    document = reader.coded("documents", about.document_type)
    key = "duplicate-question-waits" if about.review else "duplicate-question-stored"
    return DuplicateView(
        question=TEXTS.say(reader.language, key, document=document.name),
        review_task_id=about.review,
        credential_id=about.credential_id,
        fields=_said(about.fields, about, reader, hidden=hidden),
        held=[
            DuplicateHeldView(
                credential_id=held.credential_id,
                origin=reader.coded("origins", held.origin),
                valid_from=held.valid_from,
                valid_until=held.valid_until,
                fields=_said(held.fields, about, reader, hidden=hidden),
            )
            for held in about.held
        ],
        same_as=about.same_as,
    )


def _said(fields: Mapping[str, Value], about: DuplicateCheck, reader: TaskReader, *, hidden: bool) -> list[ValueView]:
    return [
        ValueView(code=name, name=reader.field(about.document_type, name).name, value=None if hidden else value)
        for name, value in fields.items()
    ]


def _approval(approval: TaskApproval, reader: TaskReader, *, hidden: bool) -> views.ApprovalView:
    return views.ApprovalView(
        by=approval.by,
        at=approval.at,
        fields=_values(approval.fields, hidden=hidden),
        valid_until=approval.valid_until,
        note=None if hidden else approval.note,
        standard_reason=_reason(approval.standard, reader),
    )


def _step(step: TaskStep, task: Task, reader: TaskReader, *, hidden: bool) -> views.TaskStepView:
    about = task.about
    return views.TaskStepView(
        at=step.at,
        action=reader.coded("actions", step.action),
        by=step.by,
        department=reader.coded("departments", step.department),
        field=_named(step.field, about, reader)
        if step.field and isinstance(about, DocumentReview)
        else reader.maybe("fields", step.field),
        fields=[_named(each, about, reader) for each in step.fields if isinstance(about, DocumentReview)],
        note=_note(step, reader, hidden=hidden and reader.by.subject not in {step.by, step.taken_from}),
        standard_reason=_reason(step.standard, reader),
        taken_from=step.taken_from,
    )


def _note(step: TaskStep, reader: TaskReader, *, hidden: bool) -> str | None:
    """Say in words why it was cancelled and where it was escalated from; what people wrote is for whoever has it."""
    if step.note is None:
        return None
    match step.action:
        case "cancelled":
            return reader.coded("causes", step.note).name
        case "escalated":
            return TEXTS.say(reader.language, "escalated-from", department=reader.coded("departments", step.note).name)
        case _:
            return None if hidden else step.note


def _values(values: Mapping[str, Value], *, hidden: bool) -> dict[str, Value | None]:
    return {name: None if hidden else value for name, value in values.items()}
