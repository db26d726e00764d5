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
from runtime.web import Commit

router = APIRouter(prefix="/presences", tags=["presences"])


class PresenceView(BaseModel):
    """A visit; its id goes with every request that is made in the person's name, as the header `Presence`."""

    presence_id: str
    resident_id: str
    begun_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, presence: Presence) -> Self:
        """Show a visit."""
        return cls(presence_id=presence.id, **presence.model_dump(include={"resident_id", "begun_at", "ends_at"}))


@router.post("", status_code=201, summary="Begin a visit with the card that was read", response_model=PresenceView)
async def begin(body: Present, by: LookingUp, deps: DepsOf, commit: Commit) -> Response:
    """Check the card as registration does and let its holder be applied for, by the caller alone, for twenty minutes.

    The visit of whoever stood there before is over. The person reads it in their record.
    """
    return await commit(
        lambda: presence.begin(body.reading, by, deps), lambda begun: PresenceView.of(begun[0]), status=201
    )


@router.post("/{id}/end", summary="End a visit", response_model=PresenceView)
async def end(id: Annotated[str, Path(max_length=60)], by: ClerkOrTerminal, deps: DepsOf, commit: Commit) -> Response:
    """End it before its time: the person has gone."""
    return await commit(lambda: presence.end(id, by, deps), PresenceView.of)
