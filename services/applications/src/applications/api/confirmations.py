"""/v1/confirmations and /v1/applications/{id}/confirmation: the second party, or a guardian for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, Self

from fastapi import APIRouter, Response
from pydantic import BaseModel

from applications.api.labels import LabelledCode, Labels
from applications.api.parts import ApplicationId, DepsOf, Resident, Whose, WordingOf
from applications.api.requests import ConfirmationRequest
from applications.domain.record import Value
from applications.handlers import confirmations
from applications.handlers.confirmations import ToConfirm
from web.pages import Cursor, Limit, Page, page
from web.routes import Commit, IfMatch

router = APIRouter(tags=["confirmations"])


class ConfirmationAnswerView(BaseModel):
    """An answer of the applicant's form."""

    key: str
    label: str
    value: Value


class ConfirmationView(BaseModel):
    """What somebody applied for and the second party is to confirm."""

    application_id: str
    version: int
    item: LabelledCode
    applicant_name: str
    form: list[ConfirmationAnswerView]
    statement: str
    terms_sha256: str
    submitted_at: datetime | None
    due_on: date | None
    """The last day on which it can be answered."""
    answer: Literal["confirmed", "declined"] | None

    @classmethod
    def of(cls, to_confirm: ToConfirm, wording: Labels) -> Self:
        application = to_confirm.application
        item = wording.catalogue.item(application.item)
        statement = item.second_party.statement.say(wording.language) if item.second_party else ""
        declined = "declined" if application.declined is not None else None
        return cls(
            application_id=application.id,
            version=application.version,
            item=wording.item(application.item),
            applicant_name=application.applicant.name,
            form=[
                ConfirmationAnswerView(key=f.key, label=f.label.say(wording.language), value=application.form[f.key])
                for f in item.form
                if f.key in application.form
            ],
            statement=statement,
            terms_sha256=to_confirm.terms_sha256,
            submitted_at=application.submitted_at,
            due_on=confirmations.last_day(application),
            answer="confirmed" if application.confirmed_at else declined,
        )


@router.get(
    "/confirmations",
    summary="What waits for my confirmation, or a ward's, newest first",
    response_model=Page[ConfirmationView],
)
async def waiting(
    by: Resident,
    deps: DepsOf,
    wording: WordingOf,
    commit: Commit,
    cursor: Cursor,
    resident_id: Whose = None,
    limit: Limit = 20,
) -> Response:
    """Give the applications in which the caller, or a ward, is the second party and has not answered."""
    before = str(cursor[0]) if cursor else None

    def show(found: list[ToConfirm]) -> Page[ConfirmationView]:
        return page(
            found, limit, key=lambda each: [each.application.id], view=lambda each: ConfirmationView.of(each, wording)
        )

    return await commit(
        lambda: confirmations.waiting_for(resident_id, by, deps, before=before, limit=limit + 1), show, only_looks=True
    )


@router.post(
    "/applications/{application_id}/confirmation",
    summary="Confirm as the second party, or decline",
    description="Who confirms names the hash of the terms that they saw. Declining ends the application. A guardian "
    "names the child for whom they answer; nobody answers for the other party of their own application.",
    responses={200: {"model": ConfirmationView}},
)
async def answer(
    application_id: ApplicationId,
    by: Resident,
    deps: DepsOf,
    commit: Commit,
    wording: WordingOf,
    if_match: IfMatch,
    body: ConfirmationRequest | None = None,
) -> Response:
    """Take the second party's answer."""
    said = body or ConfirmationRequest()
    given = confirmations.ConfirmationAnswer(said.agrees, said.terms_sha256, said.reason, said.resident_id)
    return await commit(
        lambda: confirmations.answer(application_id, given, by, deps, if_match=if_match),
        lambda to_confirm: ConfirmationView.of(to_confirm, wording),
    )
