"""A value was wrong: what the district approved or granted is issued again with the right one."""

from __future__ import annotations

from datetime import date

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, NotYet, Outcome, Received
from credential_store.domain import versions
from credential_store.domain.credential import Credential, CredentialContent, Statement, Value
from credential_store.domain.document_types import DocumentType, UntilItEnds
from credential_store.domain.proof import DocumentProof
from credential_store.domain.status import Trace, settle
from credential_store.handlers import signatures
from credential_store.handlers.dependencies import Deps
from credential_store.handlers.issuance import outcome
from credential_store.views import CorrectionAnswered, CorrectionRequested


async def note_request(event: Received[CorrectionRequested], deps: Deps) -> Outcome[None]:
    """Note which value of which credential a resident asks to be corrected, and how."""
    said = event.data
    if said.credential_id is None:
        return NOTHING
    named = DocumentProof.named(said.correction_id, "correction", f"{said.credential_id}/{said.field}")
    if await deps.proofs.get(named) is not None:
        return NOTHING
    value = signatures.value_hash(named, said.should_say, deps)
    asked = DocumentProof(
        id=named, index=said.holder.index, document_type=said.document_type, value=value, at=event.time
    )
    return Outcome(changes=[deps.proofs.save(asked)])


async def correct(event: Received[CorrectionAnswered], deps: Deps) -> Outcome[None]:
    """Issue the next version with the right value; the earlier one is ended as replaced.

    What a department's own system keeps is published again by that system, and an identity card is read again at a
    window: neither changes here. Raises NotYet for a credential that is not known.
    """
    answer = event.data
    if answer.value is None or answer.credential_id is None:
        return NOTHING
    await signatures.of_correction(event, deps)
    before = await deps.credentials.get(answer.credential_id)
    if before is None or before.current is None:
        raise NotYet(f"credential {answer.credential_id} is not known")
    _check(answer, answer.value, before)
    content = _corrected(before.current.content, answer.field, answer.value, deps.types.of(before.document_type))
    said = Statement(at=answer.answered_at, sequence=before.current.said.sequence, key=answer.task_id)
    after = versions.correct(before, content, said, deps.types.numbering(before.document_type))
    trace = Trace(at=deps.clock(), by=", ".join(answer.officers), reason=answer.explanation, cause=event.id)
    return await outcome(before, settle(before, after, trace), deps)


def _check(answer: CorrectionAnswered, value: Value, credential: Credential) -> None:
    """Raise BrokenMessageError for somebody else's credential, a field that joins records, or another kind of value."""
    if credential.holder.index != answer.holder.index:
        raise BrokenMessageError("another-holder", "/data/holder", "the holder of the credential")
    known = credential.current.content.fields.get(answer.field) if credential.current else None
    if known == credential.holder.index or (known is not None and type(known) is not type(value)):
        raise BrokenMessageError("another-kind-of-value", "/data/value", "of the kind that the field has")


def _corrected(content: CredentialContent, field: str, value: Value, kind: DocumentType) -> CredentialContent:
    """Put the right value in; a corrected end of the document is the end of its validity, too."""
    corrected = content.model_copy(update={"fields": {**content.fields, field: value}})
    lasting = kind.approval_lasts
    if isinstance(lasting, UntilItEnds) and lasting.field == field and isinstance(value, str):
        ends = max(date.fromisoformat(value), content.valid_from)  # what is right may say that it never was valid
        return corrected.model_copy(update={"valid_until": ends})
    return corrected
