"""Looking at applications: one's own, and what everybody may know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from applications.domain.application import Application, State
from applications.domain.decided import Decided
from applications.domain.issued import Issued
from applications.handlers.accessing import seen
from applications.handlers.needs import Deps
from applications.handlers.parties import owned
from messaging.event import Outcome
from runtime.access import Principal
from runtime.refusal import Clash

_CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the clock of another process of this service may be ahead."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An application with the credential that it brought and the applicant's opinion of it."""

    application: Application
    credential: Issued | None
    decided: Decided | None

    @property
    def version(self) -> int:
        """The application's."""
        return self.application.version


async def see(application_id: str, by: Principal, deps: Deps) -> Outcome[Seen]:
    """Show one of one's own applications; for a child, that is told."""
    shown = await follow(application_id, by, deps)
    told = seen(shown.application, [shown.application.subject], by, deps)
    return Outcome(events=told, case=application_id, result=shown)


async def follow(application_id: str, by: Principal, deps: Deps) -> Seen:
    """Return one of one's own applications, to tell where it stands."""
    application = await owned(application_id, by, deps)
    granted = application.granted is not None
    credential = await deps.credentials.of_application(application.id) if granted else None
    decided = await deps.decisions.get(application.id) if application.decided_at else None
    return Seen(application, credential, decided)


async def own(
    by: Principal, deps: Deps, *, before: str | None, limit: int, state: State | None, item: str | None
) -> list[Application]:
    """Return one's own applications, newest first."""
    return await deps.applications.of_applicant(by.subject, before=before, limit=limit, state=state, item=item)


async def notices(deps: Deps, *, before: tuple[datetime, str] | None, limit: int, item: str | None) -> list[Decided]:
    """Return the public notices, latest first."""
    start = before or (deps.clock() + _CLOCKS_DIFFER, "")
    return await deps.decisions.latest(before=start, limit=limit, item=item)


async def rate(application_id: str, score: int, comment: str | None, by: Principal, deps: Deps) -> Outcome[Decided]:
    """Say how satisfied one was, once for each decided application."""
    application = await owned(application_id, by, deps)
    decided = await deps.decisions.get(application.id)
    if decided is None:
        raise Clash("not-decided")
    rated = decided.rated(score, comment, deps.clock())
    return Outcome(changes=[deps.decisions.save(rated)], result=rated)
