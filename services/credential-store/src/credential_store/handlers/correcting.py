"""A value was wrong: what the district approved or granted is issued again with the right one."""

from __future__ import annotations

from datetime import date

from credential_store.consumed import CorrectionAnswered
from credential_store.domain import hearing
from credential_store.domain.credential import Content, Credential, Said, Value
from credential_store.domain.document_types import DocumentType, UntilItEnds
from credential_store.domain.standing import Trace, settle
from credential_store.handlers.issuing import outcome
from credential_store.handlers.needs import Deps
from messaging.envelope import BrokenMessageError
from messaging.event import NOTHING, NotYet, Outcome, Received


async def correct(event: Received[CorrectionAnswered], deps: Deps) -> Outcome[None]:
    """Issue the next version with the right value; the earlier one is ended as replaced.

    What a department's own system keeps is published again by that system, and an identity card is read again at a
    window: neither changes here. Raises NotYet for a credential that is not known.
    """
    answer = event.data
    if answer.value is None or answer.credential_id is None:
        return NOTHING
    before = await deps.credentials.get(answer.credential_id)
    if before is None or before.current is None:
        raise NotYet(f"credential {answer.credential_id} is not known")
    _check(answer, answer.value, before)
    content = _corrected(before.current.content, answer.field, answer.value, deps.types.of(before.document_type))
    said = Said(at=answer.answered_at, sequence=before.current.said.sequence, key=answer.task_id)
    after = hearing.correct(before, content, said, deps.types.numbering(before.document_type))
    trace = Trace(at=deps.clock(), by=", ".join(answer.officers), reason=answer.explanation, cause=event.id)
    return await outcome(before, settle(before, after, trace), deps)


def _check(answer: CorrectionAnswered, value: Value, credential: Credential) -> None:
    """Raise BrokenMessageError for somebody else's credential, a field that joins records, or another kind of value."""
    if credential.holder.index != answer.holder.index:
        raise BrokenMessageError("another-holder", "/data/holder", "the holder of the credential")
    known = credential.current.content.fields.get(answer.field) if credential.current else None
    if known == credential.holder.index or (known is not None and type(known) is not type(value)):
        raise BrokenMessageError("another-kind-of-value", "/data/value", "of the kind that the field has")


def _corrected(content: Content, field: str, value: Value, kind: DocumentType) -> Content:
    """Put the right value in; a corrected end of the document is the end of its validity, too."""
    corrected = content.model_copy(update={"fields": {**content.fields, field: value}})
    lasting = kind.approval_lasts
    if isinstance(lasting, UntilItEnds) and lasting.field == field and isinstance(value, str):
        ends = max(date.fromisoformat(value), content.valid_from)  # what is right may say that it never was valid
        return corrected.model_copy(update={"valid_until": ends})
    return corrected
