"""/v1/accesses/{id}/dispute and /v1/disputes: saying that an entry should not have been, and reading the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from data_rights.api.labels import Coded, coded
from data_rights.api.parts import AccessId, DepsOf, DisputeId, ListingOf, Resident, Whose
from data_rights.domain.dispute import Dispute
from data_rights.handlers import access_disputes
from standards.bounds import SAID
from web.pages import Page
from web.routes import Commit, Language

router = APIRouter(tags=["disputes"])


class DisputeAsked(BaseModel):
    """Why the entry should not have been; it can't be changed afterwards."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"reason": "我未向该部门申请过任何事项"}]}
    )
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), SAID]


class ExplanationView(BaseModel):
    """What the department says to it."""

    text: str
    by: str = Field(description="The account of whoever wrote it")
    department: Coded
    at: datetime


class DisputeView(BaseModel):
    """A dispute and where it stands: open, or answered with an explanation."""

    dispute_id: str
    access_id: str
    state: Coded
    reason: str
    raised_at: datetime
    explanation: ExplanationView | None

    @classmethod
    def of(cls, dispute: Dispute, language: str) -> DisputeView:
        said = dispute.explanation
        return cls(
            dispute_id=dispute.id,
            access_id=dispute.access_id,
            state=coded("dispute-states", dispute.state, language),
            reason=dispute.reason,
            raised_at=dispute.raised_at,
            explanation=ExplanationView(
                text=said.text, by=said.by, department=coded("departments", said.department, language), at=said.at
            )
            if said
            else None,
        )


@router.post(
    "/accesses/{id}/dispute", summary="Dispute an entry of my record", status_code=201, response_model=DisputeView
)
async def dispute(
    id: AccessId,
    body: DisputeAsked,
    caller: Resident,
    deps: DepsOf,
    language: Language,
    commit: Commit,
    resident_id: Whose = None,
) -> Response:
    """Say why an entry should not have been. The department that looked must explain it; the answer is read here."""
    return await commit(
        lambda: access_disputes.dispute(id, resident_id, body.reason, caller, deps),
        lambda raised: DisputeView.of(raised, language),
        201,
    )


@router.get("/disputes", summary="List the disputes of my record")
async def list_own(asked: ListingOf) -> Page[DisputeView]:
    """Give the disputes of one's own record, or of a ward's, the latest entry first."""
    return await asked.shown(
        asked.deps.disputes, order=lambda it: it.id, view=lambda it: DisputeView.of(it, asked.language)
    )


@router.get("/disputes/{id}", summary="Read a dispute and its answer")
async def read(
    id: DisputeId, caller: Resident, deps: DepsOf, language: Language, resident_id: Whose = None
) -> DisputeView:
    """Show a dispute."""
    return DisputeView.of(await access_disputes.find(id, resident_id, caller, deps), language)
