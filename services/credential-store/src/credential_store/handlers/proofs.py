"""Learning what others have proven of an application, and granting nothing without it.

Applications says that something is granted. That its documents are proven say the matcher, or people of a department;
that somebody decided it, review-dispatch.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from credential_store.consumed import (
    ApplicationApproved,
    DecisionMade,
    FieldCheckPassed,
    MatchSucceeded,
    ReviewApproved,
)
from credential_store.domain.grants import Grant
from credential_store.domain.guardianship import Guardianship
from credential_store.domain.proof import Proof
from credential_store.handlers.needs import Deps
from messaging.envelope import BrokenMessageError
from messaging.event import NOTHING, Change, NotYet, Outcome, Received


async def note_match(event: Received[MatchSucceeded], deps: Deps) -> Outcome[None]:
    """Note a document that the matcher has found proven, where its item grants something."""
    said = event.data
    grant = deps.grants.items.get(said.item)
    if grant is None or said.requirement not in grant.proven:
        return NOTHING
    return Outcome(changes=await of_document(said, event.time, deps))


async def of_document(said: MatchSucceeded | ReviewApproved, at: datetime, deps: Deps) -> list[Change]:
    """Prepare to note a proven document, unless that of this attempt or a later one is noted."""
    named = Proof.named(said.application_id, "document", said.requirement)
    known = await deps.proofs.get(named)
    if known is not None and known.attempt >= said.attempt:
        return []
    found = {"index": said.holder.index, "document_type": said.document_type, "attempt": said.attempt, "at": at}
    return [deps.proofs.save((known or Proof(id=named, at=at)).model_copy(update=found))]


async def note_check(event: Received[FieldCheckPassed], deps: Deps) -> Outcome[None]:
    """Note that a grid officer has confirmed the address."""
    return await _decided(event.data.application_id, "field-check", event.time, deps)


async def note_decision(event: Received[DecisionMade], deps: Deps) -> Outcome[None]:
    """Note that an officer has approved."""
    said = event.data
    return await _decided(said.application_id, "officer", event.time, deps) if said.approved else NOTHING


async def _decided(application_id: str, by: str, at: datetime, deps: Deps) -> Outcome[None]:
    named = Proof.named(application_id, "decision", by)
    known = await deps.proofs.get(named)
    return NOTHING if known else Outcome(changes=[deps.proofs.save(Proof(id=named, at=at))])


async def require(approved: ApplicationApproved, deps: Deps) -> None:
    """See that what is granted is what the item grants, to whom it grants it, and that all it needs is proven.

    Raises NotYet while something is not known, BrokenMessageError for what contradicts itself.
    """
    granted, rule = approved.grant, deps.grants.items.get(approved.item)
    if granted is None:
        return
    if rule is None or rule.document_type != granted.document_type:
        raise BrokenMessageError("not-granted-by-item", "/data/grant/document_type", "what the item grants")
    people = {"applicant": approved.applicant.index, "subject": approved.subject.index}
    if rule.to in people and people[rule.to] != granted.holder.index:
        raise BrokenMessageError("not-granted-by-item", "/data/grant/holder", f"the {rule.to}")
    proofs = await _proofs(approved.application_id, rule, deps)
    for key, needed in rule.proven.items():
        person = people.setdefault(needed.of, proofs[key].index)  # who confirms is named nowhere else
        if not proofs[key].meets(needed.any_of, person):
            raise NotYet(f"{key} of {approved.application_id} is not proven of the {needed.of}")
    if people.get(rule.to) != granted.holder.index:
        raise NotYet(f"nothing of {approved.application_id} is proven of whom it is granted to")
    await _require_guardian(approved, deps)


async def _proofs(application_id: str, rule: Grant, deps: Deps) -> dict[str, Proof]:
    """Return what is proven, by requirement. Raises NotYet when something, or the decision, is missing."""
    wanted = {key: Proof.named(application_id, "document", key) for key in rule.proven}
    if rule.decided_by != "automatic":
        wanted[rule.decided_by] = Proof.named(application_id, "decision", rule.decided_by)
    found = dict(zip(wanted, await asyncio.gather(*map(deps.proofs.get, wanted.values())), strict=True))
    missing = sorted(key for key, proof in found.items() if proof is None)
    if missing:
        raise NotYet(f"{', '.join(missing)} of {application_id}: nobody but applications says so yet")
    return {key: proof for key, proof in found.items() if proof is not None}


async def _require_guardian(approved: ApplicationApproved, deps: Deps) -> None:
    """See that identity has said that the one may act for the other, if only once. Raises NotYet."""
    if approved.applicant.index == approved.subject.index:
        return
    pair = Guardianship.between(approved.applicant.resident_id, approved.subject.resident_id)
    if await deps.guardianships.get(pair) is None:
        raise NotYet(f"nobody has registered the applicant of {approved.application_id} as a guardian")
