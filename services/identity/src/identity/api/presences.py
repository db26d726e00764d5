"""/v1/presences: the person who stands there, with the original card."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from identity.api.parts import DepsOf
from identity.api.requests import Present
from identity.api.terminals import ClerkOrTerminal, LookingUp
from identity.domain.presence import Presence
from identity.handlers import presence
from identity.handlers.presence import BegunPresence
from standards import mask
from web.auth import Principal, Role
from web.routes import Commit

router = APIRouter(prefix="/presences", tags=["presences"])

PresenceId = Annotated[str, Path(max_length=60, examples=["prs_01jd8x5w3k9m2v7c4t6b0n1qzr"])]


class PresenceView(BaseModel):
    """A visit; its id goes with every request that is made in the person's name, as the header `Presence`."""

    presence_id: str
    resident_id: str
    begun_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, presence: Presence) -> Self:
        return cls(presence_id=presence.id, **presence.model_dump(include={"resident_id", "begun_at", "ends_at"}))


class ChildView(BaseModel):
    """A child for whom the person who stands there may act."""

    child_id: str
    name: str


class PresenceVisitView(PresenceView):
    """A visit, who stands there, and for whom they may act; names are masked at a terminal."""

    name: str
    wards: list[ChildView]

    @classmethod
    def shown(cls, visit: BegunPresence, by: Principal) -> Self:
        said = mask.name if by.role is Role.TERMINAL else str
        wards = [ChildView(child_id=each.id, name=said(each.card.name)) for each in visit.wards]
        own = PresenceView.of(visit.presence).model_dump()
        return cls(**own, name=said(visit.resident.card.name), wards=wards)


@router.post("", status_code=201, summary="Begin a visit with the card that was read", response_model=PresenceVisitView)
async def begin(body: Present, by: LookingUp, deps: DepsOf, commit: Commit) -> Response:
    """Check the card as registration does and let its holder be applied for, by the caller alone, for twenty minutes.

    The visit of whoever stood there before is over. The person reads it in their record.
    """
    return await commit(
        lambda: presence.begin(body.reading, by, deps), lambda begun: PresenceVisitView.shown(begun, by), status=201
    )


@router.get("/{id}", summary="See who stands there, and for whom they may act", response_model=PresenceVisitView)
async def see(id: PresenceId, by: ClerkOrTerminal, deps: DepsOf, commit: Commit) -> Response:
    """Show a visit of one's own while it lasts; the person, and each child, reads that."""
    return await commit(
        lambda: presence.see(id, by, deps), lambda visit: PresenceVisitView.shown(visit, by), only_looks=True
    )


@router.post("/{id}/end", summary="End a visit", response_model=PresenceView)
async def end(id: PresenceId, by: ClerkOrTerminal, deps: DepsOf, commit: Commit) -> Response:
    """End it before its time: the person has gone."""
    return await commit(lambda: presence.end(id, by, deps), PresenceView.of)
