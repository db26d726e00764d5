"""/v1/corrections: saying that a value is wrong, and reading what the department answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from data_rights.api.labels import TEXTS, Coded, coded, name
from data_rights.api.parts import DepsOf, ListingOf, Resident, Whose
from data_rights.domain.correction import Correction, CorrectionAnswer, CorrectionWindow
from data_rights.handlers import correction_requests
from data_rights.handlers.correction_requests import CorrectionInput
from runtime.clock import today, utc_now
from runtime.texts import written_day
from standards.bounds import SAID, FieldValue, Value
from web.pages import Page
from web.routes import Commit, Language

router = APIRouter(prefix="/corrections", tags=["corrections"])

CorrectionId = Annotated[str, Path(max_length=60, examples=["cor_5d41402abc4b2a76b9719d9110_001"])]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), SAID]


class CorrectionRequest(BaseModel):
    """What is wrong: which document (or `registration`), which field, what it says and should say, and why.

    `credential_id` is needed where several credentials of one type are held.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "document_type": "birth-certificate",
                    "field": "child_name",
                    "says": "李思远",
                    "should_say": "李思源",
                    "reason": "录入时写错了字，原件上是“源”",
                }
            ]
        },
    )
    resident_id: Code | None = None
    document_type: Code
    credential_id: Code | None = None
    field: Code
    says: Value | None = None
    should_say: Value
    reason: Text


class CorrectionAnswerView(BaseModel):
    """What the department says, and what happens now."""

    text: str
    value: FieldValue | None = Field(description="What is right; null: the value stays")
    by: list[str] = Field(description="The accounts of those who answered")
    department: Coded
    at: datetime
    effect: Coded | None = Field(description="How the value becomes right; null: it stays")


class WindowView(BaseModel):
    """The change at a window: `state` open, made or over; `until` is the last day, `text` says what to do."""

    state: Coded
    until: date
    made_at: datetime | None
    text: str


class CorrectionView(BaseModel):
    """A request and where it stands: open, corrected or refused."""

    correction_id: str
    state: Coded
    document_type: Coded
    credential_id: str | None
    identifier: str | None
    field: Coded
    says: Value | None
    should_say: Value
    reason: str
    department: Coded
    asked_at: datetime
    answer: CorrectionAnswerView | None
    window: WindowView | None = Field(description="The change at a window that was approved; null: there is none")

    @classmethod
    def of(cls, correction: Correction, language: str) -> CorrectionView:
        wrong = correction.wrong
        return cls(
            correction_id=correction.id,
            state=coded("correction-states", correction.state, language),
            document_type=coded("documents", wrong.document_type, language),
            credential_id=wrong.credential_id,
            identifier=wrong.identifier,
            field=Coded(code=wrong.field, name=name("fields", f"{wrong.document_type}.{wrong.field}", language)),
            says=wrong.says,
            should_say=wrong.should_say,
            reason=wrong.reason,
            department=coded("departments", correction.department, language),
            asked_at=correction.asked_at,
            answer=_answer(correction, correction.answer, language) if correction.answer else None,
            window=_window(correction.window, language) if correction.window else None,
        )


def _answer(correction: Correction, answer: CorrectionAnswer, language: str) -> CorrectionAnswerView:
    return CorrectionAnswerView(
        text=answer.explanation,
        value=answer.value,
        by=list(answer.officers),
        department=coded("departments", answer.department, language),
        at=answer.at,
        effect=coded("correction-effects", correction.effect, language) if answer.result == "corrected" else None,
    )


def _window(window: CorrectionWindow, language: str) -> WindowView:
    state = window.state(today(utc_now()))
    day = today(window.made_at) if window.made_at else window.until
    return WindowView(
        state=coded("window-states", state, language),
        until=window.until,
        made_at=window.made_at,
        text=TEXTS.say(language, f"window-texts.{state}", day=written_day(language, day)),
    )


@router.post("", summary="Ask for a value to be corrected", status_code=201, response_model=CorrectionView)
async def ask(body: CorrectionRequest, caller: Resident, deps: DepsOf, language: Language, commit: Commit) -> Response:
    """Say which value about oneself, or a child in one's care, is wrong. The department that keeps it must answer."""
    asking = CorrectionInput(**dict(body))
    return await commit(
        lambda: correction_requests.ask(asking, caller, deps), lambda asked: CorrectionView.of(asked, language), 201
    )


@router.get("", summary="List my requests for correction")
async def list_own(asked: ListingOf) -> Page[CorrectionView]:
    """Give the requests about oneself, or about a ward, the latest first."""
    return await asked.shown(
        asked.deps.corrections, order=lambda it: it.order, view=lambda it: CorrectionView.of(it, asked.language)
    )


@router.get("/{id}", summary="Read a request for correction and its answer")
async def read(
    id: CorrectionId, caller: Resident, deps: DepsOf, language: Language, resident_id: Whose = None
) -> CorrectionView:
    """Show a request."""
    return CorrectionView.of(await correction_requests.find(id, resident_id, caller, deps), language)
