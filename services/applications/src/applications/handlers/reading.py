"""Looking at applications: one's own, and what everybody may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from applications.domain.application import Application, State
from applications.domain.decided import Decided
from applications.domain.hands import Hand
from applications.domain.issued import Issued
from applications.handlers.accessing import seen
from applications.handlers.needs import Deps
from applications.handlers.parties import acts_for, owned, readable
from messaging.event import Outcome
from runtime.access import Principal
from runtime.refusal import Clash, NotAllowed

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the clock of another process of this service may be ahead."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An application with the credential that it brought, the applicant's opinion of it, and who is at it now."""

    application: Application
    credential: Issued | None
    decided: Decided | None
    hands: Sequence[Hand]

    @property
    def version(self) -> int:
        """The application's."""
        return self.application.version


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which applications somebody wants to see: whose, of which state and item (None: any), before an id."""

    by: Principal
    applicant_id: str
    before: str | None
    limit: int
    state: State | None
    item: str | None


async def see(application_id: str, by: Principal, deps: Deps) -> Outcome[Seen]:
    """Show one of one's own applications, or of a ward's; for a child, that is told."""
    shown = await _seen(application_id, by, deps)
    told = seen(shown.application, [shown.application.subject], by, deps)
    return Outcome(events=told, case=application_id, result=shown)


async def follow(application_id: str, by: Principal, deps: Deps) -> Outcome[Seen]:
    """Show where one of one's own applications stands, or one of a ward's, which is told."""
    shown = await _seen(application_id, by, deps)
    told = seen(shown.application, [shown.application.applicant], by, deps)
    return Outcome(events=told, case=application_id, result=shown)


async def _seen(application_id: str, by: Principal, deps: Deps) -> Seen:
    application = await readable(application_id, by, deps)
    granted = application.granted is not None
    credential = await deps.credentials.of_application(application.id) if granted else None
    decided = await deps.decisions.get(application.id) if application.decided_at else None
    hands = [] if application.is_final else await deps.hands.of_application(application.id)
    return Seen(application, credential, decided, hands)


async def own(wanted: Wanted, deps: Deps) -> Outcome[list[Application]]:
    """Show a page of one's own applications or, which is told, of a ward's, newest first, and one of the next page.

    Raises NotAllowed for anybody else's.
    """
    if not await acts_for(wanted.by.subject, wanted.applicant_id, deps):
        raise NotAllowed("no-guardianship", field="applicant")
    found = await deps.applications.of_applicant(
        wanted.applicant_id, before=wanted.before, limit=wanted.limit + 1, state=wanted.state, item=wanted.item
    )
    shown = found[: wanted.limit]
    told = [event for each in shown for event in seen(each, [each.applicant], wanted.by, deps)]
    return Outcome(events=told, case=wanted.applicant_id, result=found)


async def notices(deps: Deps, *, before: tuple[datetime, str] | None, limit: int, item: str | None) -> list[Decided]:
    """Return the public notices, latest first."""
    start = before or (deps.clock() + _CLOCKS_DIFFER, "")
    return await deps.decisions.latest(before=start, limit=limit, item=item)


async def rate(application_id: str, score: int, comment: str | None, by: Principal, deps: Deps) -> Outcome[Decided]:
    """Say how satisfied one was, once for each decided application. Raises Clash."""
    application = await owned(application_id, by, deps)
    decided = await deps.decisions.get(application.id)
    if decided is None:
        raise Clash("not-decided")
    rated = decided.rated(score, comment, deps.clock())
    return Outcome(changes=[deps.decisions.save(rated)], result=rated)
