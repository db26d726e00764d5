"""/v1/progress: where an application stands, for whoever has its number and the code on its receipt.

Nothing is said about a person: no name, no answer, no document, nothing that anybody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Self, get_args

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from applications.api.labels import LabelledCode, Labels
from applications.api.parts import DepsOf, WordingOf
from applications.api.requests import ApplicationsRequest as Body
from applications.domain.application import Application, State
from applications.domain.inquiry_code import normal
from applications.domain.pending_steps import Doing, expected, pending_steps
from applications.inquiries import use_cases
from runtime.clock import today

router = APIRouter(prefix="/progress", tags=["progress"])

Typed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]

STEPS = (
    *("submitted", "sent-to-review", "review-returned", "escalated", "confirmed", "check-asked", "ruling-asked"),
    *("approved", "rejected", "withdrawn"),
)
"""Kinds of happenings that say where it went, and nothing about whom."""

DOINGS: tuple[Doing, ...] = tuple(each for each in get_args(Doing) if each != "drafting")


class Inquiry(Body):
    """What stands on the receipt."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"number": "20261123B0N1QZR4", "code": "7KQ2-M9XD-4TVA"}]}
    )

    number: Typed = Field(description="The number of the application")
    code: Typed = Field(description="The code beside it; spaces, hyphens and small letters do not matter")


class InquiryStepView(BaseModel):
    """Something that happened."""

    on: date
    kind: str
    text: str


class InquiryWaitingView(BaseModel):
    """What the application waits for."""

    doing: Doing
    text: str
    department: LabelledCode | None
    due_on: date | None


class ProgressView(BaseModel):
    """Where an application stands, without a word about a person."""

    number: str
    item: LabelledCode
    state: State
    state_name: str
    submitted_on: date
    decided_on: date | None
    due_on: date | None
    due_text: str | None
    now: list[InquiryWaitingView]
    steps: list[InquiryStepView]

    @classmethod
    def of(cls, application: Application, wording: Labels) -> Self:
        found = expected(application)
        return cls(
            number=application.reference,
            item=wording.item(application.item),
            state=application.state,
            state_name=wording.state(application),
            submitted_on=today(application.submitted_at or application.created_at),
            decided_on=today(application.decided_at) if application.decided_at else None,
            due_on=found.due_on if found else None,
            due_text=wording.expected(application),
            now=list(_waiting(application, wording)),
            steps=list(_steps(application, wording)),
        )


@router.post("", summary="Where does an application stand? With the number and code of its receipt")
async def ask(body: Inquiry, request: Request, deps: DepsOf, wording: WordingOf) -> ProgressView:
    """Tell the progress to whoever has number and code; no sign-in is needed.

    A wrong number and a wrong code get one answer, 404. How often a number is tried is limited, whether or not there is
    such.
    """
    request.app.state.rate_limit.take(f"progress of {normal(body.number)}", "look-up")
    return ProgressView.of(await use_cases.ask(body.number, body.code, deps), wording)


def _waiting(application: Application, wording: Labels) -> Iterator[InquiryWaitingView]:
    told = set[str]()
    for where in pending_steps(application):
        department = wording.department(where.department) if where.department else None
        text = wording.say(
            f"inquiry.now.{where.doing}",
            department=department.name if department else "",
            due_on=wording.due(where.due_on),
            who=wording.role(application.item, "second-party"),
            state=wording.state(application),
        )
        if text not in told:  # two documents with one department are one thing to wait for
            told.add(text)
            yield InquiryWaitingView(doing=where.doing, text=text, department=department, due_on=where.due_on)


def _steps(application: Application, wording: Labels) -> Iterator[InquiryStepView]:
    told = set[tuple[date, str]]()
    for happening in application.history:
        if happening.kind not in STEPS:
            continue
        text = wording.say(
            f"inquiry.steps.{happening.kind}",
            department=wording.department(happening.department).name if happening.department else "",
        )
        step = today(happening.at), text
        if step not in told:
            told.add(step)
            yield InquiryStepView(on=step[0], kind=happening.kind, text=text)
