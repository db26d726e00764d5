"""Disputing an entry, and the answer of the department."""

from __future__ import annotations

from bus.event import NOTHING, NotYet, Outcome, Received
from data_rights import events
from data_rights.domain.access import Access
from data_rights.domain.dispute import Dispute, Explanation, dispute_id, raise_dispute
from data_rights.handlers import queries, record_entries
from data_rights.handlers.dependencies import Deps
from data_rights.handlers.record_entries import RecordedDeed
from data_rights.views import DisputeAnswered
from runtime.errors import NotFound
from web.auth import Principal


async def dispute(access_id: str, resident_id: str | None, reason: str, by: Principal, deps: Deps) -> Outcome[Dispute]:
    """Dispute an entry of one's own or a ward's record. Raises NotFound, NotAllowed, and Conflict when it is already.

    What a guardian disputes is in the ward's record.
    """
    whose = resident_id or by.subject
    access = await queries.access(access_id, resident_id, by, deps)
    known = await deps.disputes.get(dispute_id(access_id))
    raised = raise_dispute(known, access, by.subject, reason, deps.clock())
    event = _disputed(raised, access, whose)
    told = record_entries.by_guardian(access.holder, whose, by, RecordedDeed("disputed", "access"), deps)
    return Outcome([deps.disputes.save(raised), *told], [event], case=raised.id, result=raised)


async def find(id_: str, resident_id: str | None, by: Principal, deps: Deps) -> Dispute:
    """Return a dispute of one's own or a ward's record. Raises NotFound, NotAllowed."""
    index = await queries.index_of(resident_id or by.subject, by, deps)
    found = await deps.disputes.get(id_)
    if found is None or found.holder != index:
        raise NotFound("dispute-unknown")
    return found


async def note_answer(event: Received[DisputeAnswered], deps: Deps) -> Outcome[None]:
    """A department has explained. Raises NotYet for a dispute that is not known."""
    said = event.data
    known = await deps.disputes.get(said.dispute_id)
    if known is None:
        raise NotYet(f"dispute {said.dispute_id} is not known")
    explanation = Explanation(text=said.explanation, by=said.officer, department=said.department, at=said.answered_at)
    answered = known.answered(explanation)
    return NOTHING if answered is known else Outcome(changes=[deps.disputes.save(answered)])


def _disputed(raised: Dispute, access: Access, resident_id: str) -> events.AccessDisputed:
    return events.AccessDisputed(
        dispute_id=raised.id,
        access_id=access.id,
        holder=events.Holder(resident_id=resident_id, index=access.holder),
        department=access.by.departments[0] if access.by.departments else None,
        by=access.by.subject,
        role=access.by.role,
        how=access.how,
        what=access.what,
        document_types=list(dict.fromkeys(each.document_type for each in access.documents)),
        application_id=access.application_id,
        item=access.item,
        purpose=access.purpose,
        accessed_at=access.at,
        reason=raised.reason,
        raised_at=raised.raised_at,
    )
