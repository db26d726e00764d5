"""Deciding a task: approve (once or by two people), reject, return to the applicant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from review_dispatch.domain.approved_fields import approved_fields, end_of_validity, with_end
from review_dispatch.domain.claims import given_back, record, require_own_claim
from review_dispatch.domain.duplicate_check import DuplicateCheck
from review_dispatch.domain.held import held_document
from review_dispatch.domain.record import Value
from review_dispatch.domain.routes import DocumentRoute
from review_dispatch.domain.standard_reasons import SCANS, DecisionReasons, StandardReason, StandardReasons
from review_dispatch.domain.task import AskedCorrection, DisputedAccess, DocumentReview, DoorCheck, Task, TaskApproval
from runtime.errors import Refusal, Refusals
from standards.document_types import by_type
from standards.field_kinds import FieldKind, is_enterable
from standards.names import check_name


def approve_document(task: Task, approval: TaskApproval, route: DocumentRoute, *, today: date) -> Task:
    """Approve a document; if it asks for two people, the first approval leaves it waiting for the second.

    `approval.fields` are corrections; what was claimed is approved otherwise. Raises Conflict unless the task is one's
    own, Refusal for fields or an end of validity that the document type does not have.
    """
    require_own_claim(task, approval.by)
    before = task.approvals[-1] if task.approvals else None
    fields = approved_fields(task, before, approval.fields, route)
    read = approval.valid_until or (before.valid_until if before else None)
    until = end_of_validity(fields, read, route, today=today)
    is_held = approval.is_held if approval.is_held is not None or before is None else before.is_held
    stated = {"fields": with_end(fields, until, route), "valid_until": until, "is_held": is_held}
    complete = approval.model_copy(update=stated)
    if isinstance(task.about, DocumentReview):
        held_document(task.about, complete, route)  # refused now, not when it is told
    approved = task.model_copy(update={"approvals": (*task.approvals, complete)})
    if task.second_reviewer and before is None:
        back, by, at = given_back(approved), approval.by, approval.at
        return record(back, "approved-first", by=by, at=at, note=approval.note, standard=approval.standard)
    return _end(approved, "approved", approval.by, approval.at, note=approval.note, standard=approval.standard)


def explain(task: Task, by: str, at: datetime, text: str) -> Task:
    """Explain a look that is disputed. Raises Conflict unless the task is one's own, Refusal unless it is a dispute."""
    require_own_claim(task, by)
    if not isinstance(task.about, DisputedAccess):
        raise Refusal("explanation-needs-a-dispute")
    return _end(task, "answered", by, at, note=text)


def correct(task: Task, answer: TaskApproval, value: Value | None, route: DocumentRoute | None) -> Task:
    """Answer that the value was wrong: `value` is right, by default what an earlier answer or the resident said.

    Where two people are asked for, the first answer leaves the task waiting for the second. `route` is that of the
    document type, None for the registration. Raises Conflict unless the task is one's own, Refusal unless it is a
    correction and the value one that the field can have.
    """
    by, at, text = answer.by, answer.at, answer.note
    require_own_claim(task, by)
    asked = _correction(task)
    before = task.approvals[-1] if task.approvals else None
    right = value if value is not None else before.fields[asked.field] if before else asked.should_say
    kind = route.fields.get(asked.field, "text") if route else _kind_of(asked.should_say)
    if not is_enterable(kind, right):
        raise Refusal(f"approval-field-not-{kind}", field="value", name=asked.field)
    if route is None and asked.field == "name" and (fault := check_name(str(right))):
        raise Refusal(fault.code, field="value", **fault.params)
    complete = answer.model_copy(update={"fields": {asked.field: right}})
    answered = task.model_copy(update={"approvals": (*task.approvals, complete)})
    if task.second_reviewer and before is None:
        return record(given_back(answered), "approved-first", by=by, at=at, note=text)
    return _end(answered, "answered", by, at, note=text)


def _kind_of(said: Value) -> FieldKind:
    """Return the kind of a field of the registration: data-rights has let through only what the field can hold."""
    return "date" if is_enterable("date", said) else "text"


def refuse_correction(task: Task, by: str, at: datetime, text: str) -> Task:
    """Answer that the value stays, and why; a first answer to the contrary counts no longer.

    Raises Conflict unless the task is one's own, Refusal unless it is a correction.
    """
    require_own_claim(task, by)
    _correction(task)
    return _end(task.model_copy(update={"approvals": ()}), "answered", by, at, note=text)


def tell_duplicate(
    task: Task, by: str, at: datetime, *, same: bool, credential_id: str | None, text: str | None
) -> Task:
    """Answer which of the held credentials a document is, or that it is none of them (`same` false).

    Where only one is held, it need not be named. Raises Conflict unless the task is one's own, Refusal unless it is a
    check for duplicates and the credential one of those that were asked about.
    """
    require_own_claim(task, by)
    if not isinstance(task.about, DuplicateCheck):
        raise Refusal("answer-needs-a-duplicate-check")
    held = [each.credential_id for each in task.about.held]
    found = None if not same else held[0] if credential_id is None and len(held) == 1 else credential_id
    if (found is None and same) or (found is not None and found not in held) or (not same and credential_id):
        raise Refusal("duplicate-not-named", field="credential_id", held=", ".join(held))
    answered = task.model_copy(update={"about": task.about.model_copy(update={"same_as": found})})
    return _end(answered, "answered", by, at, note=text)


def approve(task: Task, by: str, at: datetime, note: str | None, standard: StandardReason | None = None) -> Task:
    """Confirm an address or approve an application. Raises Conflict unless the task is one's own."""
    require_own_claim(task, by)
    require_yes_or_no(task)
    return _end(task, "approved", by, at, note=note, standard=standard)


def reject(
    task: Task,
    by: str,
    at: datetime,
    reason: str | None,
    standard: StandardReason | None = None,
    fields: Sequence[str] = (),
) -> Task:
    """Refuse, for a reason that the applicant will read; `fields` are what it is about, as document or form call them.

    Raises Conflict unless the task is one's own, Refusal for a field that was neither compared nor answered.
    """
    require_own_claim(task, by)
    require_yes_or_no(task)
    named = _named_fields(task, fields)
    ended = _end(task, "rejected", by, at, note=reason, standard=standard)
    *before, last = ended.steps
    return ended.model_copy(update={"steps": (*before, last.model_copy(update={"fields": named}))})


def send_back(
    task: Task, by: str, at: datetime, *, field: str, message: str | None, standard: StandardReason | None = None
) -> Task:
    """Return a document to the applicant, who is to correct `field`, as the document or the form calls it.

    Raises Conflict unless the task is one's own, Refusal unless it is a review and the field one that can be corrected.
    """
    require_own_claim(task, by)
    if not isinstance(task.about, DocumentReview):
        raise Refusal("return-needs-a-document")
    answer = task.about.answer_of(field)
    named, returnable = answer.field if answer else field, returnable_fields(task.about)
    if named not in returnable:
        raise Refusal("return-field-not-compared", field="field", name=field, fields=", ".join(returnable))
    return _end(task, "returned", by, at, note=message, field=named, standard=standard)


def _named_fields(task: Task, fields: Sequence[str]) -> tuple[str, ...]:
    """Return the names in the document of what a rejection is about, each once. Raises Refusals."""
    if not isinstance(task.about, DocumentReview):
        if fields:
            raise Refusal("rejection-has-no-document", field="fields")
        return ()
    review = task.about
    possible = dict.fromkeys((*(each.field for each in review.comparison), *returnable_fields(review)))
    named = [answer.field if (answer := review.answer_of(field)) else field for field in fields]
    listed = ", ".join(possible)
    faults = [
        Refusal("rejection-field-unknown", field=f"fields/{at}", name=fields[at], fields=listed)
        for at, name in enumerate(named)
        if name not in possible
    ]
    if faults:
        raise Refusals(faults)
    return tuple(dict.fromkeys(named))


def returnable_fields(review: DocumentReview) -> tuple[str, ...]:
    """Return what the applicant can be asked to correct: their answers about this type of document, and the scans.

    What is registered of a person is no answer of theirs. Where it was not said which are, it is what was compared.
    """
    compared = dict.fromkeys(each.field for each in review.comparison)
    if review.answers is None:
        return (*compared, SCANS)
    kind = by_type().get(review.document_type)
    own = {*compared, *(kind.fields if kind else ())}
    return (*(answer.field for answer in review.answers if answer.field in own), SCANS)


def reasons_for(task: Task, reasons: StandardReasons) -> DecisionReasons:
    """Return the standard reasons that its decision can name; what is answered in words has none."""
    match task.about:
        case DocumentReview() as review:
            return reasons.of_document(review.document_type)
        case DoorCheck():
            return reasons.field_checks
        case DisputedAccess() | AskedCorrection() | DuplicateCheck():
            return DecisionReasons()
        case _:
            return reasons.of_decision(task.item)


def require_yes_or_no(task: Task) -> None:
    """Refuse a yes or no where an explanation, or the answer to a request for correction, is asked for.

    Raises Refusal.
    """
    if isinstance(task.about, DisputedAccess):
        raise Refusal("dispute-needs-an-explanation")
    if isinstance(task.about, AskedCorrection):
        raise Refusal("correction-needs-an-answer")
    if isinstance(task.about, DuplicateCheck):
        raise Refusal("duplicate-check-needs-an-answer")


def require_no_document_values(fields: Mapping[str, Value], until: date | None) -> None:
    """Refuse fields and an end of validity where there is no document that could have them. Raises Refusal."""
    if fields:
        raise Refusal("approval-has-no-document", field="fields")
    if until is not None:
        raise Refusal("approval-has-no-document", field="valid_until")


def _correction(task: Task) -> AskedCorrection:
    if not isinstance(task.about, AskedCorrection):
        raise Refusal("answer-needs-a-correction")
    return task.about


def _end(
    task: Task,
    status: Literal["approved", "rejected", "returned", "answered"],
    by: str,
    at: datetime,
    *,
    note: str | None,
    field: str | None = None,
    standard: StandardReason | None = None,
) -> Task:
    ended = task.model_copy(update={"status": status, "claim": None})
    return record(ended, status, by=by, at=at, note=note, field=field, standard=standard)
