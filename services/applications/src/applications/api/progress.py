"""/v1/applications/{id}/timeline and /looks: what happened, who has it now, and who looked at the scans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel

from applications.api.application_views import NowView
from applications.api.parts import ApplicationId, DepsOf, Resident, WordingOf
from applications.api.wording import Named, Wording
from applications.domain.application import Application, Happening, State
from applications.domain.look import Look
from applications.domain.whereabouts import whereabouts
from applications.handlers import reading
from runtime.web import etag

router = APIRouter(prefix="/applications/{application_id}", tags=["progress"])


class HappeningView(BaseModel):
    """One thing that happened."""

    at: datetime
    kind: str
    text: str
    requirement: str | None
    document_type: Named | None
    department: Named | None
    source: str | None
    due_on: date | None

    @classmethod
    def of(cls, happening: Happening, wording: Wording) -> Self:
        """Show what happened."""
        return cls(
            at=happening.at,
            kind=happening.kind,
            text=wording.happening(happening),
            requirement=happening.requirement,
            document_type=wording.document(happening.document_type) if happening.document_type else None,
            department=wording.department(happening.department) if happening.department else None,
            source=happening.source,
            due_on=happening.due_on,
        )


class TimelineView(BaseModel):
    """Where an application stands, and how it came there."""

    application_id: str
    reference: str
    item: Named
    state: State
    state_name: str
    due_on: date | None
    """By when the whole application is promised."""
    now: list[NowView]
    happenings: list[HappeningView]

    @classmethod
    def of(cls, application: Application, wording: Wording) -> Self:
        """Show the timeline, oldest first."""
        return cls(
            application_id=application.id,
            reference=application.reference,
            item=wording.item(application.item),
            state=application.state,
            state_name=wording.state(application),
            due_on=application.due_on,
            now=[NowView.of(where, application, wording) for where in whereabouts(application)],
            happenings=[HappeningView.of(happening, wording) for happening in application.history],
        )


class LookView(BaseModel):
    """Somebody looked at a scan, and said what for."""

    at: datetime
    document_type: Named
    by: str
    departments: list[Named]
    purpose: str

    @classmethod
    def of(cls, look: Look, wording: Wording) -> Self:
        """Show a look."""
        return cls(
            at=look.at,
            document_type=wording.document(look.document_type),
            by=look.by,
            departments=[wording.department(code) for code in look.departments],
            purpose=look.purpose,
        )


@router.get("/timeline", summary="What happened, who has it now, by when")
async def timeline(
    application_id: ApplicationId, by: Resident, deps: DepsOf, wording: WordingOf, response: Response
) -> TimelineView:
    """Give the progress of one of one's own applications in words that a resident understands."""
    seen = await reading.see(application_id, by, deps)
    response.headers["ETag"] = etag(seen.application.version)
    return TimelineView.of(seen.application, wording)


@router.get("/looks", summary="Who looked at my scans, and what for")
async def looks(application_id: ApplicationId, by: Resident, deps: DepsOf, wording: WordingOf) -> list[LookView]:
    """Give every look by somebody else, latest first."""
    return [LookView.of(look, wording) for look in await reading.looks_at(application_id, by, deps)]
