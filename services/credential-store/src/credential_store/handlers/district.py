"""What the district itself vouches for: documents that a person approved, credentials that an application granted."""

from __future__ import annotations

from credential_store.consumed import ApplicationApproved, Grant, ReviewApproved
from credential_store.consumed import Holder as ConsumedHolder
from credential_store.domain import hearing, sameness
from credential_store.domain.credential import Content, Credential, Holder, Said
from credential_store.domain.document_types import Approval, DocumentType, DocumentTypes, UnknownDocumentTypeError
from credential_store.domain.identifiers import credential_id, record_of
from credential_store.domain.standing import Trace, settle
from credential_store.handlers.issuing import outcome
from credential_store.handlers.needs import Deps
from messaging.envelope import BrokenMessageError
from messaging.event import NOTHING, NotYet, Outcome, Received
from runtime.clock import today


async def store_approved(event: Received[ReviewApproved], deps: Deps) -> Outcome[None]:
    """Store the values that people approved, for as long as such an approval lasts.

    Of a document that is held already it is the next version. Raises NotYet while the one beside which people approved
    it is not known.
    """
    approved, last = event.data, event.data.approvals[-1]
    kind, start = type_of(approved.document_type, deps.types), today(last.approved_at)
    held = await _held(approved.document_type, approved.holder.index, deps)
    if approved.evidence_id is not None and approved.evidence_id not in {each.id for each in held}:
        raise NotYet(f"credential {approved.evidence_id} is not known")
    same = sameness.same_document(kind, approved.fields, held, approved.evidence_id, start)
    fields = approved.fields if same is None else sameness.completed(kind, approved.fields, same)
    basis = Approval(start=start, fields=fields, read=approved.stated_until)
    content = Content(
        fields=fields,
        origin="review",
        application_id=approved.application_id,
        valid_from=start,
        valid_until=kind.approval_lasts.until(basis),
    )
    said = Said(at=last.approved_at, key=approved.task_id)
    return await _store(approved.document_type, approved.holder, content, said, _trace(event, deps), deps, same)


async def store_granted(event: Received[ApplicationApproved], deps: Deps) -> Outcome[None]:
    """Store the credential that an approved application grants, if it grants one."""
    approved, grant = event.data, event.data.grant
    if grant is None:
        return NOTHING
    said = Said(at=approved.decided_at, key=approved.application_id)
    trace = Trace(at=deps.clock(), by=approved.decided_by, cause=event.id)
    kind, held = type_of(grant.document_type, deps.types), await _held(grant.document_type, grant.holder.index, deps)
    same = sameness.same_document(kind, grant.fields, held, None, today(approved.decided_at))
    return await _store(grant.document_type, grant.holder, _granted(grant, approved), said, trace, deps, same)


def type_of(code: str, types: DocumentTypes) -> DocumentType:
    """Return the document type that a message names. Raises BrokenMessageError: waiting will not make it known."""
    try:
        return types.of(code)
    except UnknownDocumentTypeError as error:
        rule = f"one of the document types of the district, not {code!r}"
        raise BrokenMessageError("unknown-document-type", "/data/document_type", rule) from error


async def _held(document_type: str, index: str, deps: Deps) -> list[Credential]:
    """Return what a person holds of this type."""
    return [each for each in await deps.credentials.of_holder(index) if each.document_type == document_type]


async def _store(
    document_type: str,
    holder: ConsumedHolder,
    content: Content,
    said: Said,
    trace: Trace,
    deps: Deps,
    same: Credential | None,
) -> Outcome[None]:
    record = record_of(type_of(document_type, deps.types), content.fields, content.application_id or "")
    id_ = credential_id(holder.index, document_type, record)
    before = (
        same
        or await deps.credentials.get(id_)
        or Credential(
            id=id_,
            document_type=document_type,
            record=record,
            holder=Holder(resident_id=holder.resident_id, index=holder.index),
        )
    )
    heard = hearing.hear(hearing.link(before, holder.resident_id), content, said, deps.types.numbering(document_type))
    return await outcome(before, settle(before, heard, trace), deps)


def _trace(event: Received[ReviewApproved], deps: Deps) -> Trace:
    """Name everybody who approved, and what each of them wrote."""
    approvals = event.data.approvals
    notes = [it.note for it in approvals if it.note]
    by = ", ".join(it.reviewer for it in approvals)
    return Trace(at=deps.clock(), by=by, reason="; ".join(notes) or None, cause=event.id)


def _granted(grant: Grant, approved: ApplicationApproved) -> Content:
    return Content(
        fields=grant.fields,
        origin="grant",
        application_id=approved.application_id,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
    )
