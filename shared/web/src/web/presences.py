"""Visits: while somebody stands at a window or a terminal with their card, who read it may ask in their name.

identity begins and ends a visit; a service that lets helpers in keeps its own copy of them and asks `CallerOf` who
calls. Late or out of order, a visit never lasts longer than any of its events said. What a helper sees is told as the
helper's look (`PresentCaller.eyes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Header
from pydantic import BaseModel, ConfigDict

from bus.event import NOTHING, Outcome, Received, View
from runtime.clock import Clock
from runtime.errors import NotAllowed
from store.repository import Repository
from web import routes
from web.auth import Principal, Role, allow

HELPERS = (Role.CLERK, Role.TERMINAL)


class ReadBy(View):
    """Who read a card."""

    subject: str
    role: str


class PresenceBegun(View):
    """identity.presence-begun: somebody stands at a window or a terminal."""

    presence_id: str
    resident_id: str
    by: ReadBy
    ends_at: datetime


class PresenceEnded(View):
    """identity.presence-ended."""

    presence_id: str
    ended_at: datetime


class KnownPresence(BaseModel):
    """The newest that is known of a visit; its end may be heard of first, and then `resident_id` is not known yet."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    version: int = 0
    resident_id: str | None = None
    by: str = ""
    role: str = ""
    ends_at: datetime

    def begun(self, resident_id: str, by: str, role: str) -> KnownPresence:
        """Learn whose it is; an end that is known already stands."""
        return self.model_copy(update={"resident_id": resident_id, "by": by, "role": role})

    def ended(self, at: datetime) -> KnownPresence:
        """Learn that it has ended; it never lasts longer than was said before."""
        return self if self.ends_at <= at else self.model_copy(update={"ends_at": at})


class Needs(Protocol):
    """What is read of a service's dependencies."""

    @property
    def presences(self) -> Repository[KnownPresence]:
        """The visits."""

    @property
    def clock(self) -> Clock:
        """The time."""


@dataclass(frozen=True, slots=True)
class PresentCaller:
    """In whose name a request is made (`resident`), and who makes it for them, None for the resident's own."""

    resident: Principal
    helper: Principal | None = None
    presence_id: str | None = None

    @property
    def eyes(self) -> Principal:
        """Who sees the answer."""
        return self.helper or self.resident


async def note_begun(event: Received[PresenceBegun], deps: Needs) -> Outcome[None]:
    """Somebody stands at a window or a terminal."""
    said = event.data
    known = await deps.presences.get(said.presence_id) or KnownPresence(id=said.presence_id, ends_at=said.ends_at)
    begun = known.begun(said.resident_id, said.by.subject, said.by.role).ended(said.ends_at)
    return NOTHING if begun == known else Outcome(changes=[deps.presences.save(begun)])


async def note_ended(event: Received[PresenceEnded], deps: Needs) -> Outcome[None]:
    """The visit is over."""
    said = event.data
    known = await deps.presences.get(said.presence_id)
    ended = KnownPresence(id=said.presence_id, ends_at=said.ended_at) if known is None else known.ended(said.ended_at)
    return NOTHING if ended is known else Outcome(changes=[deps.presences.save(ended)])


async def caller(by: Principal, presence_id: str | None, deps: Needs) -> PresentCaller:
    """Return in whose name a request is made. Raises NotAllowed for a helper without a visit that lasts."""
    if by.role not in HELPERS:
        return PresentCaller(by)
    if presence_id is None:
        raise NotAllowed("presence-needed")
    known = await deps.presences.get(presence_id)
    if known is None or (known.resident_id is not None and (known.by, known.role) != (by.subject, by.role)):
        raise NotAllowed("presence-unknown")
    if known.resident_id is None or known.ends_at <= deps.clock():
        raise NotAllowed("presence-over")
    return PresentCaller(Principal(known.resident_id, Role.RESIDENT), by, presence_id)


_Deps = Annotated[Needs, Depends(routes.deps)]
_Named = Annotated[
    str | None, Header(max_length=60, description="The visit during which a clerk or terminal asks for somebody")
]


async def _caller(
    by: Annotated[Principal, allow(Role.RESIDENT, *HELPERS)], deps: _Deps, presence: _Named = None
) -> PresentCaller:
    return await caller(by, presence, deps)


async def _without_clerks(
    by: Annotated[Principal, allow(Role.RESIDENT, Role.TERMINAL)], deps: _Deps, presence: _Named = None
) -> PresentCaller:
    return await caller(by, presence, deps)


CallerOf = Annotated[PresentCaller, Depends(_caller)]
"""The resident, or a clerk or terminal for the resident who stands there."""

CallerAtScreen = Annotated[PresentCaller, Depends(_without_clerks)]
"""The resident, or the terminal in front of them: what nobody else is to see, not even a clerk beside them."""
