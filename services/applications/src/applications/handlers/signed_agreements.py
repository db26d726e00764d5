"""The evidence of what two parties agreed on: offered by submitting, accepted by confirming, read by both."""

from __future__ import annotations

from collections.abc import Sequence

from applications.domain import agreement
from applications.domain.agreement import Agreement, Signing
from applications.domain.application import Application
from applications.domain.people import KnownResident
from applications.domain.task_claims import holds
from applications.handlers.access_events import about, accessed, seen, seen_as_second_party
from applications.handlers.dependencies import Deps
from applications.handlers.parties import Signatory, acts_for
from bus.event import Change, Outcome
from runtime.errors import NotAllowed, NotFound, Refusal
from runtime.sign_in import SignIn
from standards.bounds import is_said
from web.auth import Principal


async def offer(application: Application, by: Principal, deps: Deps) -> Sequence[Change]:
    """Keep that the applicant signed by submitting, where the item has a second party."""
    item = deps.catalogue.item(application.item)
    if item.second_party is None:
        return ()
    before = await deps.agreements.get(application.id)
    after = agreement.offered(before, application, item, by.sign_in, deps.clock())
    return () if after == before else (deps.agreements.save(after),)


async def accept(
    application: Application, seen: str | None, signatory: Signatory, by: Principal, deps: Deps
) -> Sequence[Change]:
    """Keep that the second party, or their guardian, signed what they saw.

    Refused without its hash, or when it has changed since. Raises Refusal.
    """
    if seen is None:
        raise Refusal("terms-not-named", field="terms_sha256")
    guardian = None if signatory.guardian is None else agreement.party_of(signatory.guardian.party)
    signing = Signing(who=agreement.party_of(signatory.party.party), sign_in=by.sign_in, guardian=guardian)
    after = agreement.accepted(await of(application, deps), seen, signing, at=deps.clock(), signer=deps.signer)
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
    """Return the agreement to one of its parties or to a guardian of one; the others can read that it was looked at.

    Raises NotFound.
    """
    application = await deps.applications.get(application_id)
    party = None if application is None else await _party(application, by, deps)
    if application is None or party is None:
        raise NotFound("unknown-application")
    found = await deps.agreements.get(application_id)
    if found is None:
        raise NotFound("no-agreement")
    tells = seen if party.id == application.applicant_id else seen_as_second_party
    told = tells(application, [*application.people.values(), party.party], by, deps)
    return Outcome(accesses=told, case=application.id, result=found)


async def _party(application: Application, by: Principal, deps: Deps) -> KnownResident | None:
    """Return which of the parties the caller is, or whose guardian; None: neither's."""
    second = await deps.residents.id_with_index(application.second_party_index or "")
    for id_ in (application.applicant_id, second):
        if id_ is not None and await acts_for(by.subject, id_, deps):
            return await deps.residents.get(id_)
    return None


async def read_behind(application_id: str, purpose: str | None, by: Principal, deps: Deps) -> Outcome[Agreement]:
    """Return what a document rests on that the caller reviews: the newest agreement, signed by both, that grants one.

    It is an agreement of whoever the document is about, mostly from another application. Both parties can read that it
    was looked at, and what for. Raises NotAllowed unless such a review is in hand, Refusal without a purpose, NotFound.
    """
    types, holders = await _reviewed(application_id, by, deps)
    if purpose is None or not is_said(purpose):
        raise Refusal("purpose-needed", field="purpose")
    found = [each for holder in holders for each in await _signed(holder, types, deps)]
    if not found:
        raise NotFound("no-agreement")
    application, newest = max(found, key=lambda each: each[0].submitted_at or each[0].created_at)
    people, grant = application.people.values(), deps.catalogue.item(application.item).grants
    granted = [] if grant is None else [grant.document_type]
    told = accessed(
        about(application), people, by, deps, how="viewed", what="application", types=granted, purpose=purpose.strip()
    )
    return Outcome(accesses=told, case=application.id, result=newest)


async def _reviewed(application_id: str, by: Principal, deps: Deps) -> tuple[list[str], list[str]]:
    """Return the types of the documents whose review the caller has in hand, and the residents whose they are."""
    application = await deps.applications.get(application_id)
    if application is not None and not application.is_final:
        hands = await deps.hands.of_application(application_id)
        asked = [each for each in application.asked if holds(hands, by.subject, each.key)]
        if asked:
            holders = {application.people[each.holder].resident_id for each in asked}
            return [code for each in asked for code in each.document_types], sorted(holders)
    raise NotAllowed("agreement-not-in-hand")


async def _signed(applicant_id: str, types: Sequence[str], deps: Deps) -> list[tuple[Application, Agreement]]:
    """Return the agreements signed by both under which somebody applied for a document of these types."""
    found = []
    for application in await deps.applications.concerning(applicant_id):
        grant = deps.catalogue.item(application.item).grants
        if application.applicant_id == applicant_id and grant is not None and grant.document_type in types:
            agreement_ = await deps.agreements.get(application.id)
            if agreement_ is not None and agreement_.current.evidence is not None:
                found.append((application, agreement_))
    return found
