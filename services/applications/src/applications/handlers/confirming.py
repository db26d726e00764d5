"""The second party: what waits for their confirmation, and their answer."""

from __future__ import annotations

from applications.domain import progress
from applications.domain.application import Application
from applications.domain.eligibility import refuse_suspended
from applications.handlers import announcing
from applications.handlers.needs import Deps
from applications.handlers.parties import acting
from messaging.event import Outcome
from runtime.access import Principal
from runtime.refusal import Unknown, check_version


async def waiting_for(by: Principal, deps: Deps, *, before: str | None, limit: int) -> list[Application]:
    """Return the applications that wait for the confirmation of whoever is signed in, newest first."""
    return await deps.applications.to_confirm(by.subject, before=before, limit=limit)


async def answer(
    application_id: str, by: Principal, deps: Deps, *, agrees: bool, reason: str | None, if_match: int | None
) -> Outcome[Application]:
    """Confirm an application as its second party, or decline, which ends it."""
    application = await deps.applications.get(application_id)
    if application is None or application.second_party_id != by.subject or application.state == "draft":
        raise Unknown("unknown-application")
    check_version(application.version, if_match)
    refuse_suspended(await acting(by, deps))
    now = deps.clock()
    answered = progress.confirm(application, now) if agrees else progress.decline(application, reason, now)
    result, changes, events = announcing.conclude(answered, deps)
    return Outcome(changes=changes, events=events, case=application.id, result=result)
