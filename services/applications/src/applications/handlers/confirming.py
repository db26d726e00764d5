"""The second party: what waits for their confirmation, and their answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from applications.domain import progress
from applications.domain.application import Application
from applications.domain.eligibility import refuse_suspended
from applications.handlers import agreeing, announcing
from applications.handlers.accessing import seen
from applications.handlers.needs import Deps
from applications.handlers.parties import acting
from messaging.event import Outcome
from runtime.access import Principal
from runtime.refusal import Unknown, check_version


@dataclass(frozen=True, slots=True)
class Answer:
    """What the second party says: whether they agree, to which terms, or why not."""

    agrees: bool = True
    terms_sha256: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """An application and the hash of the terms that its second party is asked to confirm."""

    application: Application
    terms_sha256: str

    @property
    def version(self) -> int:
        """The application's."""
        return self.application.version


async def waiting_for(by: Principal, deps: Deps, *, before: str | None, limit: int) -> Outcome[list[ToConfirm]]:
    """Show the applications that wait for the confirmation of whoever is signed in, newest first; that is told."""
    found = await deps.applications.to_confirm(by.subject, before=before, limit=limit)
    told = [event for each in found for event in seen(each, [each.applicant], by, deps)]
    shown = await asyncio.gather(*(_to_confirm(each, deps) for each in found))
    return Outcome(events=told, case=by.subject, result=list(shown))


async def answer(
    application_id: str, given: Answer, by: Principal, deps: Deps, *, if_match: int | None
) -> Outcome[ToConfirm]:
    """Confirm an application as its second party, or decline, which ends it."""
    application = await deps.applications.get(application_id)
    if application is None or application.second_party_id != by.subject or application.state == "draft":
        raise Unknown("unknown-application")
    check_version(application.version, if_match)
    refuse_suspended(await acting(by, deps))
    now = deps.clock()
    if given.agrees:
        answered = progress.confirm(application, now)
        signed = await agreeing.accept(application, given.terms_sha256, by, deps)
    else:
        answered, signed = progress.decline(application, given.reason, now), ()
    result, changes, events = announcing.conclude(answered, deps)
    shown = await _to_confirm(result, deps)
    return Outcome(changes=[*changes, *signed], events=events, case=application.id, result=shown)


async def _to_confirm(application: Application, deps: Deps) -> ToConfirm:
    agreement = await agreeing.of(application, deps)
    return ToConfirm(application, agreement.current.terms.digest)
