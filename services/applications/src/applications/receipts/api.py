"""/v1/applications/{id}/receipt: everything that a page on paper says of an application."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel

from applications.api.document_views import DecidedProofView
from applications.api.item_views import NoticesView, PromiseView
from applications.api.labels import LabelledCode, Labels
from applications.api.parts import ApplicationId, DepsOf, WordingOf
from applications.domain.application import Application, AskedRequirement, State
from applications.domain.inquiry_code import shown
from applications.domain.item import FormField, ServiceItem
from applications.domain.pending_steps import expected
from applications.domain.record import Value
from applications.handlers.presence import shown as shown_to
from applications.receipts import use_cases
from applications.receipts.use_cases import Receipt
from runtime.clock import today
from standards import mask
from web.presences import CallerOf
from web.routes import Commit

router = APIRouter(prefix="/applications/{application_id}/receipt", tags=["applications"])

_PROVING = ("matched", "review-approved")
"""Kinds of happenings that prove a document."""


class ReceiptAnswerView(BaseModel):
    """A question and what was answered, as people read it."""

    label: str
    value: str


class ReceiptDocumentView(BaseModel):
    """A document that was asked for: what proves it, since when, or where it stands."""

    any_of: list[LabelledCode]
    holder_name: str
    standing_name: str
    proof: DecidedProofView | None
    proven_on: date | None
    scans: int
    """How many were handed in for it."""

    @classmethod
    def of(cls, asked: AskedRequirement, application: Application, wording: Labels) -> Self:
        proof = asked.proof
        return cls(
            any_of=wording.documents(asked.document_types),
            holder_name=wording.role(application.item, asked.holder),
            standing_name=wording.standing(asked, application),
            proof=proof
            and DecidedProofView(
                document_type=wording.document(proof[0]), source=proof[1], source_name=wording.source(proof[1])
            ),
            proven_on=_proven_on(asked, application) if proof else None,
            scans=sum(scan.requirement == asked.key for scan in application.scans),
        )


class ReceiptSecondPartyView(BaseModel):
    """Who had to confirm, by role; the name, masked, once they have."""

    role: str
    name: str | None
    confirmed_on: date | None


class ReceiptView(BaseModel):
    """What was applied for, by whom, with which answers and documents; the promise; how to ask without an account."""

    application_id: str
    number: str
    code: str
    """Beside the number, all that `POST /v1/progress` asks for: whoever has both reads the progress."""
    inquiry_text: str
    item: LabelledCode
    department: LabelledCode
    applicant: str
    subject: str | None
    """The child, where it was applied for one."""
    second_party: ReceiptSecondPartyView | None
    submitted_at: datetime
    state: State
    state_name: str
    decided_at: datetime | None
    promise: PromiseView
    due_on: date | None
    due_text: str | None
    answers: list[ReceiptAnswerView]
    documents: list[ReceiptDocumentView]
    notices: NoticesView
    issued_at: datetime

    @classmethod
    def of(cls, receipt: Receipt, wording: Labels) -> Self:
        application, item = receipt.application, receipt.item
        found, code = expected(application), shown(application.inquiry_code)
        is_own = application.subject.resident_id == application.applicant_id
        return cls(
            application_id=application.id,
            number=application.reference,
            code=code,
            inquiry_text=wording.say("inquiry.how", number=application.reference, code=code),
            item=wording.item(item.code),
            department=wording.department(item.department),
            applicant=application.applicant.name,
            subject=None if is_own else application.subject.name,
            second_party=_second_party(application, wording),
            submitted_at=application.submitted_at or application.created_at,
            state=application.state,
            state_name=wording.state(application),
            decided_at=application.decided_at,
            promise=PromiseView.of(item.promise, wording),
            due_on=found.due_on if found else None,
            due_text=wording.expected(application),
            answers=_answers(application, item, wording),
            documents=[ReceiptDocumentView.of(asked, application, wording) for asked in application.asked],
            notices=NoticesView.of(item, wording),
            issued_at=receipt.issued_at,
        )


@router.get("", summary="The receipt of an application, for a page on paper", response_model=ReceiptView)
async def issue(
    application_id: ApplicationId, by: CallerOf, deps: DepsOf, commit: Commit, wording: WordingOf
) -> Response:
    """Give the receipt of an application of one's own, or a ward's, once it has been submitted."""
    return await commit(
        lambda: shown_to(application_id, lambda: use_cases.issue(application_id, by.resident, deps), by, deps),
        lambda made: ReceiptView.of(made, wording),
        only_looks=True,
    )


def _second_party(application: Application, wording: Labels) -> ReceiptSecondPartyView | None:
    if application.second_party_index is None:
        return None
    person, confirmed_at = application.second_party, application.confirmed_at
    return ReceiptSecondPartyView(
        role=wording.role(application.item, "second-party"),
        name=mask.name(person.name) if person else None,
        confirmed_on=today(confirmed_at) if confirmed_at else None,
    )


def _answers(application: Application, item: ServiceItem, wording: Labels) -> list[ReceiptAnswerView]:
    """Return what was submitted last, in the order of the form."""
    form = application.form if application.submitted_form is None else application.submitted_form
    given = ((field, form.get(field.key)) for field in item.form)
    return [
        ReceiptAnswerView(label=field.label.say(wording.language), value=_written(field, value, wording))
        for field, value in given
        if value not in (None, "", [])
    ]


def _written(field: FormField, value: Value | None, wording: Labels) -> str:
    chosen = next((each.label for each in field.choices if each.value == value), None)
    return chosen.say(wording.language) if chosen else wording.value(value) or ""


def _proven_on(asked: AskedRequirement, application: Application) -> date | None:
    proving = [each.at for each in application.history if each.kind in _PROVING and each.requirement == asked.key]
    return today(max(proving)) if proving else None
