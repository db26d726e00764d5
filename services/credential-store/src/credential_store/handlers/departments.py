"""What departments' own systems say: a record was published, changed or withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from credential_store.consumed import RecordPublished, RecordWithdrawn
from credential_store.domain import hearing
from credential_store.domain.credential import Content, Credential, Holder, Said
from credential_store.domain.identifiers import credential_id
from credential_store.domain.standing import Trace, settle
from credential_store.handlers.district import type_of
from credential_store.handlers.identity import ID_CARD
from credential_store.handlers.needs import Deps, outcome
from messaging.envelope import BrokenMessageError
from messaging.event import Outcome, Received
from runtime.clock import today

AnyRecord = RecordPublished | RecordWithdrawn


async def store_record(event: Received[RecordPublished], deps: Deps) -> Outcome[None]:
    """Store a department's record as a credential of its own; a change of it is the next version."""
    record = event.data
    said = Said(at=event.time, sequence=record.sequence)
    content = Content(
        fields=record.fields,
        origin="department",
        valid_from=record.valid_from or today(event.time),
        valid_until=record.valid_until,
    )
    _check_publisher(event, record, deps)
    numbering = deps.types.numbering(record.document_type)
    trace = Trace(at=deps.clock(), by=record.department, cause=event.id)
    return await _change(record, lambda before: hearing.hear(before, content, said, numbering), trace, deps)


async def withdraw_record(event: Received[RecordWithdrawn], deps: Deps) -> Outcome[None]:
    """Revoke what the department took back; remembered even if the record itself is still on its way."""
    record = event.data
    _check_publisher(event, record, deps)
    trace = Trace(at=deps.clock(), by=record.department, reason=record.reason, cause=event.id)
    return await _change(record, lambda before: hearing.withdraw(before, record.sequence, record.reason), trace, deps)


async def _change(
    record: AnyRecord, change: Callable[[Credential], Credential], trace: Trace, deps: Deps
) -> Outcome[None]:
    """Change the record's credential; its holder's identity card says who that is, if the person is registered.

    Who registers later finds the record all the same: residents are led to their credentials by the index.
    """
    index, kind = record.holder_index, record.document_type
    id_ = credential_id(index, kind, record.record_id, record.department)
    found, card = await asyncio.gather(deps.credentials.get(id_), deps.credentials.get(credential_id(index, ID_CARD)))
    resident_id = card.holder.resident_id if card else None
    holder = Holder(resident_id=resident_id, index=index)
    before = found or Credential(id=id_, document_type=kind, record=record.record_id, holder=holder)
    heard = change(before)
    after = heard if heard == before else hearing.link(heard, resident_id)
    return outcome(before, settle(before, after, trace), deps)


def _check_publisher(
    event: Received[RecordPublished] | Received[RecordWithdrawn], record: AnyRecord, deps: Deps
) -> None:
    """Raise BrokenMessageError for a department that speaks in another's name or of what it does not keep."""
    publisher = event.type.partition(".")[0]
    if record.department != publisher:
        rule = f"{publisher!r}, the department that publishes it"
        raise BrokenMessageError("wrong-department", "/data/department", rule)
    keeper = type_of(record.document_type, deps.types).kept_by
    if keeper != publisher:
        rule = f"a document type that {publisher!r} keeps; {record.document_type!r} is kept by {keeper!r}"
        raise BrokenMessageError("wrong-department", "/data/document_type", rule)
