"""Applying for the person who stands there: while a visit lasts, by who read the card, and nothing else is opened.

The application is the resident's own; every step of the helper is told to the resident.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from applications.consumed import PresenceBegun, PresenceEnded
from applications.domain.application import Application
from applications.domain.presence import Helper, Presence
from applications.handlers.accessing import seen
from applications.handlers.needs import Deps
from applications.handlers.reading import Seen
from messaging.event import NOTHING, Outcome, Received
from runtime.access import Principal, Role
from runtime.refusal import Clash, NotAllowed, Unknown

HELPERS = (Role.CLERK, Role.TERMINAL)

ResultT = TypeVar("ResultT", bound=Application | Seen)


@dataclass(frozen=True, slots=True)
class Caller:
    """In whose name a request is made (`resident`), and who makes it for them, None for the resident's own."""

    resident: Principal
    helper: Principal | None = None
    presence_id: str | None = None

    @property
    def helps(self) -> Helper | None:
        """Who helps, as the application remembers it."""
        if self.helper is None or self.presence_id is None:
            return None
        return Helper(presence_id=self.presence_id, by=self.helper.subject, role=self.helper.role)


async def note_begun(event: Received[PresenceBegun], deps: Deps) -> Outcome[None]:
    """Somebody stands at a window or a terminal."""
    said = event.data
    known = await deps.presences.get(said.presence_id) or Presence(id=said.presence_id, ends_at=said.ends_at)
    begun = known.begun(said.resident_id, said.by.subject, said.by.role).ended(said.ends_at)
    return NOTHING if begun == known else Outcome(changes=[deps.presences.save(begun)])


async def note_ended(event: Received[PresenceEnded], deps: Deps) -> Outcome[None]:
    """The visit is over."""
    said = event.data
    known = await deps.presences.get(said.presence_id)
    ended = Presence(id=said.presence_id, ends_at=said.ended_at) if known is None else known.ended(said.ended_at)
    return NOTHING if ended is known else Outcome(changes=[deps.presences.save(ended)])


async def caller(by: Principal, presence_id: str | None, deps: Deps) -> Caller:
    """Return in whose name a request is made. Raises NotAllowed for a helper without a visit that lasts."""
    if by.role not in HELPERS:
        return Caller(by)
    if presence_id is None:
        raise NotAllowed("presence-needed")
    known = await deps.presences.get(presence_id)
    if known is None or (known.resident_id is not None and (known.by, known.role) != (by.subject, by.role)):
        raise NotAllowed("presence-unknown")
    if known.resident_id is None or known.ends_at <= deps.clock():
        raise NotAllowed("presence-over")
    return Caller(Principal(known.resident_id, Role.RESIDENT), by, presence_id)


async def helped(
    application_id: str, work: Callable[[], Awaitable[Outcome[ResultT]]], caller: Caller, deps: Deps
) -> Outcome[ResultT]:
    """Do a step of an application; a helper does it only with a draft that was begun in the same visit.

    Raises Unknown for any other application, Clash for one that was submitted.
    """
    if caller.helps is not None:
        application = await deps.applications.get(application_id)
        if application is None or application.helper != caller.helps:
            raise Unknown("unknown-application")
        if application.state != "draft":
            raise Clash("helped-to-the-end")
    return told(await work(), caller, deps)


def told(outcome: Outcome[ResultT], caller: Caller, deps: Deps) -> Outcome[ResultT]:
    """Tell the people of an application what a helper did with it."""
    if caller.helper is None or outcome.result is None:
        return outcome
    application = _application_of(outcome.result)
    people = [application.applicant, application.subject]
    events = [*outcome.events, *seen(application, people, caller.helper, deps, how="worked-on")]
    return Outcome(changes=outcome.changes, events=events, case=application.id, result=outcome.result)


def _application_of(result: Application | Seen) -> Application:
    return result.application if isinstance(result, Seen) else result
