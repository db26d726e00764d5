"""The evidence of what two parties agreed on: offered by submitting, accepted by confirming, read by both."""

from __future__ import annotations

from collections.abc import Sequence

from applications.domain import agreement
from applications.domain.agreement import Agreement
from applications.domain.application import Application
from applications.handlers.accessing import seen
from applications.handlers.needs import Deps
from messaging.event import Change, Outcome
from runtime.access import Principal
from runtime.refusal import Refusal, Unknown
from runtime.sign_in import SignIn


async def offer(application: Application, by: Principal, deps: Deps) -> Sequence[Change]:
    """Keep that the applicant signed by submitting, where the item has a second party."""
    item = deps.catalogue.item(application.item)
    if item.second_party is None:
        return ()
    before = await deps.agreements.get(application.id)
    after = agreement.offered(before, application, item, by.sign_in, deps.clock())
    return () if after == before else (deps.agreements.save(after),)


async def accept(application: Application, seen: str | None, by: Principal, deps: Deps) -> Sequence[Change]:
    """Keep that the second party signed what they saw. Refused without its hash, or when it has changed since."""
    if seen is None:
        raise Refusal("terms-not-named", field="terms_sha256")
    assert application.second_party is not None  # noqa: S101 - who confirms is known from then on
    who, before = agreement.party_of(application.second_party), await of(application, deps)
    after = agreement.accepted(before, seen, who, sign_in=by.sign_in, at=deps.clock(), signer=deps.signer)
    return (deps.agreements.save(after),)


async def of(application: Application, deps: Deps) -> Agreement:
    """Return an application's agreement; one that an earlier release took in is made from what was submitted."""
    found = await deps.agreements.get(application.id)
    if found is not None:
        return found
    item = deps.catalogue.item(application.item)
    unknown = SignIn(sub=application.applicant_id)
    return agreement.offered(None, application, item, unknown, application.submitted_at or application.created_at)


async def read(application_id: str, by: Principal, deps: Deps) -> Outcome[Agreement]:
    """Return the agreement to one of its parties; the other one can read that it was looked at."""
    application, reader = await deps.applications.get(application_id), await deps.residents.get(by.subject)
    if application is None or reader is None:
        raise Unknown("unknown-application")
    if reader.id != application.applicant_id and reader.index != application.second_party_index:
        raise Unknown("unknown-application")
    found = await deps.agreements.get(application_id)
    if found is None:
        raise Unknown("no-agreement")
    told = seen(application, application.people.values(), by, deps)
    return Outcome(events=told, case=application.id, result=found)
