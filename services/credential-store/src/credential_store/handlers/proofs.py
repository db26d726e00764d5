"""Learning what others have proven of an application, and granting nothing without it.

Applications says that something is granted. That its documents are proven say the matcher, or people of a department;
that somebody decided it, review-dispatch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, Change, NotYet, Outcome, Received
from credential_store.domain.grants import GrantRule
from credential_store.domain.proof import DocumentProof
from credential_store.handlers import signatures
from credential_store.handlers.dependencies import Deps
from credential_store.views import (
    ApplicationApproved,
    DecisionMade,
    FieldCheckPassed,
    MatchSucceeded,
    ProvenRequirement,
    ReviewApproved,
)


async def note_match(event: Received[MatchSucceeded], deps: Deps) -> Outcome[None]:
    """Note the documents that the matcher has found proven, where their item grants something for them."""
    grant = deps.grants.items.get(event.data.item)
    if grant is None:
        return NOTHING
    needed = [said for said in event.data.documents if said.requirement in grant.proven]
    noting = (of_document(event.data.application_id, said, event.time, deps) for said in needed)
    return Outcome(changes=[change for changes in await asyncio.gather(*noting) for change in changes])


async def of_document(
    application_id: str, said: ProvenRequirement | ReviewApproved, at: datetime, deps: Deps
) -> list[Change]:
    """Prepare to note a proven document, unless that of this attempt or a later one is noted."""
    named = DocumentProof.named(application_id, "document", said.requirement)
    known = await deps.proofs.get(named)
    if known is not None and known.attempt >= said.attempt:
        return []
    found = {"index": said.holder.index, "document_type": said.document_type, "attempt": said.attempt, "at": at}
    return [deps.proofs.save((known or DocumentProof(id=named, at=at)).model_copy(update=found))]


async def note_check(event: Received[FieldCheckPassed], deps: Deps) -> Outcome[None]:
    """Note that a grid officer has confirmed the address."""
    await signatures.of_door(event, deps)
    return await _decided(event.data.application_id, "field-check", event.time, deps)


async def note_decision(event: Received[DecisionMade], deps: Deps) -> Outcome[None]:
    """Note that an officer has approved."""
    said = event.data
    if not said.approved:
        return NOTHING
    departments = await signatures.of_decision(event, deps)
    return await _decided(said.application_id, "officer", event.time, deps, departments)


async def _decided(
    application_id: str, by: str, at: datetime, deps: Deps, departments: Collection[str] = ()
) -> Outcome[None]:
    named = DocumentProof.named(application_id, "decision", by)
    known = await deps.proofs.get(named)
    if known:
        return NOTHING
    return Outcome(changes=[deps.proofs.save(DocumentProof(id=named, at=at, departments=tuple(sorted(departments))))])


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
    decided = proofs[rule.decided_by].departments if rule.decided_by == "officer" else ()
    if decided and deps.reviewers.decisions[approved.item].departments.isdisjoint(decided):
        raise BrokenMessageError("not-granted-by-item", "/data/item", "an officer of the department that decides it")
    await _require_guardian(approved, deps)


async def _proofs(application_id: str, rule: GrantRule, deps: Deps) -> dict[str, DocumentProof]:
    """Return what is proven, by requirement. Raises NotYet when something, or the decision, is missing."""
    wanted = {key: DocumentProof.named(application_id, "document", key) for key in rule.proven}
    if rule.decided_by != "automatic":
        wanted[rule.decided_by] = DocumentProof.named(application_id, "decision", rule.decided_by)
    found = dict(zip(wanted, await asyncio.gather(*map(deps.proofs.get, wanted.values())), strict=True))
    missing = sorted(key for key, proof in found.items() if proof is None)
    if missing:
        raise NotYet(f"{', '.join(missing)} of {application_id}: nobody but applications says so yet")
    return {key: proof for key, proof in found.items() if proof is not None}


async def _require_guardian(approved: ApplicationApproved, deps: Deps) -> None:
    """See that identity has said that the one may act for the other, if only once. Raises NotYet."""
    if approved.applicant.index == approved.subject.index:
        return
    known = await deps.guardianships.between(approved.applicant.resident_id, approved.subject.resident_id)
    if not known.cares:
        raise NotYet(f"nobody has registered the applicant of {approved.application_id} as a guardian")
