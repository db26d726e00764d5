"""What the district itself vouches for: documents that a person approved, credentials that an application granted."""

from __future__ import annotations

from dataclasses import replace

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, Event, NotYet, Outcome, Received
from credential_store.domain import sameness, versions
from credential_store.domain.credential import Credential, CredentialContent, IndexedHolder, Statement
from credential_store.domain.document_types import ApprovalRule, DocumentType, DocumentTypes, UnknownDocumentTypeError
from credential_store.domain.held_credentials import HeldCredentials
from credential_store.domain.identifiers import record_of
from credential_store.domain.sameness import Told
from credential_store.domain.status import Trace, settle
from credential_store.handlers import duplicates, proofs, signatures, submissions
from credential_store.handlers.dependencies import Deps, kept_under
from credential_store.handlers.identity import ID_CARD, require_same_person
from credential_store.handlers.issuance import outcome
from credential_store.views import ApplicationApproved, DuplicateChecked, Grant, ReviewApproved
from credential_store.views import Holder as ConsumedHolder
from runtime.clock import today
from web.signed_requests import is_soon, refuse_unless


async def store_approved(event: Received[ReviewApproved], deps: Deps) -> Outcome[None]:
    """Store the values that people approved, for as long as such an approval lasts; the requirement is proven, too."""
    last = event.data.approvals[-1]
    is_told_at_once = last.signed_request is None or is_soon(last.approved_at, event.time)
    refuse_unless(is_told_at_once, "told as soon as it was approved")
    stored = await store_approval(event.data, event.id, deps)
    proven = await proofs.of_document(event.data.application_id, event.data, event.time, deps)
    return replace(stored, changes=[*stored.changes, *proven])


async def store_approval(approved: ReviewApproved, cause: str, deps: Deps) -> Outcome[None]:
    """Store an approval: of a document that is held already it is the next version.

    Where that can't be told, nothing is stored and a person is asked. Raises NotYet while the submission, or the
    credential that people said it is, is not known, BrokenMessageError for what that person never submitted.
    """
    await submissions.require(approved, deps)
    last = approved.approvals[-1]
    kind, start = type_of(approved.document_type, deps.types), today(last.approved_at)
    holding = await deps.holdings.of(approved.holder.index, approved.document_type)
    held = await duplicates.held_in(holding, deps)
    if approved.evidence_id is not None and approved.evidence_id not in {each.id for each in held}:
        raise NotYet(f"credential {approved.evidence_id} is not known")
    told = Told(approved.task_id, approved.evidence_id, approved.other_than or ())
    same = sameness.same_document(kind, approved.fields, held, told, start)
    if same is None and (doubtful := sameness.possibly_same(kind, approved.fields, held, told, start)):
        return Outcome(events=[duplicates.of_approval(approved, doubtful)])
    fields = approved.fields if same is None else sameness.completed(kind, approved.fields, same)
    basis = ApprovalRule(start=start, fields=fields, read=approved.stated_until)
    content = CredentialContent(
        fields=fields,
        origin="review",
        application_id=approved.application_id,
        valid_from=start,
        valid_until=kind.approval_lasts.until(basis),
    )
    said = Statement(at=last.approved_at, key=approved.task_id)
    before = same or await _new(approved.holder, holding, content, said, deps)
    return await _store(before, approved.holder, holding, content, said, _trace(approved, cause, deps), deps)


async def store_granted(event: Received[ApplicationApproved], deps: Deps) -> Outcome[None]:
    """Store the credential that an approved application grants, if it grants one.

    Where it may be a document that is held already, a person is asked, as it has been granted. Raises NotYet while the
    matcher, or people, have not said that what it needs is proven; BrokenMessageError for what the item does not grant.
    """
    approved, grant = event.data, event.data.grant
    if grant is None:
        return NOTHING
    await proofs.require(approved, deps)
    said = Statement(at=approved.decided_at, key=approved.application_id)
    trace = Trace(at=deps.clock(), by=approved.decided_by, cause=event.id)
    kind, day = type_of(grant.document_type, deps.types), today(approved.decided_at)
    holding = await deps.holdings.of(grant.holder.index, grant.document_type)
    held, told = await duplicates.held_in(holding, deps), Told(said.key)
    same = sameness.same_document(kind, grant.fields, held, told, day)
    content = _granted(grant, approved)
    before = same or await _new(grant.holder, holding, content, said, deps)
    doubtful = sameness.possibly_same(kind, grant.fields, held, told, day) if same is None else []
    asked = [duplicates.of_credential(before, content, doubtful)] if doubtful else []
    return await _store(before, grant.holder, holding, content, said, trace, deps, *asked)


async def note_check(event: Received[DuplicateChecked], deps: Deps) -> Outcome[None]:
    """Do as a person answered: store the approval that has waited for it, or let one of two credentials end."""
    answered = event.data
    used = await signatures.of_check(event, deps)
    if answered.approval is None:
        done = await duplicates.merge(answered, event.id, deps)
    else:
        known = {"evidence_id": answered.same_as, "other_than": answered.other_than}
        done = await store_approval(answered.approval.model_copy(update=known), event.id, deps)
    return replace(done, changes=[*done.changes, *used])


def type_of(code: str, types: DocumentTypes) -> DocumentType:
    """Return the document type that a message names. Raises BrokenMessageError: waiting will not make it known."""
    try:
        return types.of(code)
    except UnknownDocumentTypeError as error:
        rule = f"one of the document types of the district, not {code!r}"
        raise BrokenMessageError("unknown-document-type", "/data/document_type", rule) from error


async def _new(
    holder: ConsumedHolder, holding: HeldCredentials, content: CredentialContent, said: Statement, deps: Deps
) -> Credential:
    """Return the credential that a document becomes that is none of those that are held.

    Its number, or else its application, leads to it, unless that is another document's by now.
    """
    kind = type_of(holding.document_type, deps.types)
    record = record_of(kind, content.fields, content.application_id or "")
    ids = deps.ids.of(holder.index, holding.document_type, record)
    found = await kept_under(ids, deps)
    if found is not None and found.current is not None and kind.record_field is not None:
        record = said.key
        ids = deps.ids.of(holder.index, holding.document_type, record)
        found = await kept_under(ids, deps)
    return found or Credential(
        id=ids.new,
        document_type=holding.document_type,
        record=record,
        holder=IndexedHolder(resident_id=holder.resident_id, index=holder.index),
    )


async def _store(
    before: Credential,
    holder: ConsumedHolder,
    holding: HeldCredentials,
    content: CredentialContent,
    said: Statement,
    trace: Trace,
    deps: Deps,
    *asked: Event,
) -> Outcome[None]:
    card = await kept_under(deps.ids.of(holder.index, ID_CARD), deps)
    if card is not None:
        require_same_person(card, holder.resident_id)
    numbering = deps.types.numbering(holding.document_type)
    heard = versions.merge(versions.link(before, holder.resident_id), content, said, numbering)
    stored = await outcome(before, settle(before, heard, trace), deps)
    return duplicates.listed([stored], holding.having(before.id), deps, *asked)


def _trace(approved: ReviewApproved, cause: str, deps: Deps) -> Trace:
    """Name everybody who approved, and what each of them wrote."""
    notes = [it.note for it in approved.approvals if it.note]
    by = ", ".join(it.reviewer for it in approved.approvals)
    return Trace(at=deps.clock(), by=by, reason="; ".join(notes) or None, cause=cause)


def _granted(grant: Grant, approved: ApplicationApproved) -> CredentialContent:
    return CredentialContent(
        fields=grant.fields,
        origin="grant",
        application_id=approved.application_id,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
    )
