"""/v1/applications/{id}/timeline: what happened, and who has it now."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel

from applications.api.application_views import NowView
from applications.api.labels import LabelledCode, Labels
from applications.api.parts import ApplicationId, DepsOf, Resident, WordingOf
from applications.domain.application import Application, Happening, State
from applications.domain.pending_steps import expected, pending_steps
from applications.handlers import queries
from applications.handlers.presence import shown
from applications.handlers.queries import SeenApplication
from web.presences import CallerOf
from web.routes import Commit, Live
from web.server_sent_events import DOCUMENTED, News, StreamMessage

router = APIRouter(prefix="/applications/{application_id}", tags=["progress"])


class HappeningView(BaseModel):
    """One thing that happened."""

    at: datetime
    kind: str
    text: str
    requirement: str | None
    document_type: LabelledCode | None
    department: LabelledCode | None
    source: str | None
    due_on: date | None

    @classmethod
    def of(cls, happening: Happening, application: Application, wording: Labels) -> Self:
        return cls(
            at=happening.at,
            kind=happening.kind,
            text=wording.happening(happening, application),
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
    item: LabelledCode
    state: State
    state_name: str
    due_on: date | None
    """By when the whole is done, not before any part of it; null while the promise has not begun."""
    due_text: str | None
    now: list[NowView]
    happenings: list[HappeningView]

    @classmethod
    def of(cls, seen: SeenApplication, wording: Labels) -> Self:
        """Show the timeline, oldest first."""
        application = seen.application
        return cls(
            application_id=application.id,
            reference=application.reference,
            item=wording.item(application.item),
            state=application.state,
            state_name=wording.state(application),
            due_on=found.due_on if (found := expected(application)) else None,
            due_text=wording.expected(application),
            now=[NowView.of(where, application, wording, seen.hands) for where in pending_steps(application)],
            happenings=[HappeningView.of(happening, application, wording) for happening in application.history],
        )


@router.get("/timeline", summary="What happened, who has it now, by when", response_model=TimelineView)
async def timeline(
    application_id: ApplicationId, by: CallerOf, deps: DepsOf, commit: Commit, wording: WordingOf
) -> Response:
    """Give the progress of an application of one's own, or a ward's, in words that a resident understands."""
    return await commit(
        lambda: shown(application_id, lambda: queries.follow(application_id, by.resident, deps), by, deps),
        lambda seen: TimelineView.of(seen, wording),
        only_looks=True,
    )


@router.get(
    "/stream",
    summary="Follow where it stands, as it moves",
    description="The timeline as event `progress`, now and whenever it changes, until the application has ended.",
    response_class=Response,
    responses=DOCUMENTED,
)
async def stream(
    application_id: ApplicationId, by: Resident, deps: DepsOf, commit: Commit, wording: WordingOf, live: Live
) -> Response:
    """Follow an application of one's own, or a ward's; that is one look, however often it moves."""

    async def read(since: str | None) -> News:
        seen = (await queries.follow(application_id, by, deps)).result
        assert seen is not None  # noqa: S101 - or NotFound was raised
        timeline = TimelineView.of(seen, wording)
        digest = sha256(timeline.model_dump_json().encode()).hexdigest()[:16]
        new = () if digest == since else (StreamMessage("progress", timeline, digest),)
        return News(new, is_over=seen.application.is_final)

    await commit(lambda: queries.follow(application_id, by, deps), lambda _: None, only_looks=True)
    return live.open(by, read, watch=deps.progress, key=application_id)
