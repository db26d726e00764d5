"""What events do to a credential. Each function hands back the same credential when the news is old.

Whatever order a holder's events arrive in, and however often, the same version ends up current with the same status:
of what one publisher says the highest sequence counts, between publishers the later moment, and suspensions and
withdrawals are remembered beside the content, not applied to it.
"""

from __future__ import annotations

from typing import Literal

from credential_store.domain import identifiers
from credential_store.domain.credential import (
    REVOKED,
    Credential,
    CredentialContent,
    Ending,
    HeldBy,
    Hold,
    Issue,
    Statement,
    Withdrawal,
)
from credential_store.domain.document_types import Numbering
from credential_store.domain.status import REPLACED, is_withdrawn

Known = Literal["news", "known", "older-than-held", "sequence-reused"]
"""What a department says of a record: something new, what is held already, or a fault of its sender's."""


def merge(credential: Credential, content: CredentialContent, said: Statement, numbering: Numbering) -> Credential:
    """Take in what somebody vouches for: as the first version, as the next one, or not at all."""
    current = credential.current
    if current is None:
        return issue(credential, content, said, numbering)
    if not _is_newer(content, said, current):
        return credential
    if content == current.content and current.ended is None and not is_withdrawn(credential, current):
        return credential.model_copy(
            update={"issues": (*credential.issues[:-1], current.model_copy(update={"said": said}))}
        )
    return issue(credential, content, said, numbering)


def issue(credential: Credential, content: CredentialContent, said: Statement, numbering: Numbering) -> Credential:
    """Add a version under its own identifier; the one before is ended as replaced and named as predecessor."""
    before = credential.current
    number = len(credential.issues) + 1
    new = Issue(
        number=number,
        identifier=identifiers.identifier(numbering, credential.id, number),
        predecessor=before.identifier if before else None,
        content=content,
        said=said,
        issued_at=said.at,
    )
    earlier = (*credential.issues[:-1], _replaced(before, said)) if before else ()
    return credential.model_copy(update={"issues": (*earlier, new)})


def correct(credential: Credential, content: CredentialContent, said: Statement, numbering: Numbering) -> Credential:
    """Take in a correction of what the district approved or granted; of what others publish, or what ended, nothing."""
    current = credential.current
    if current is None or current.content.voice != "district" or current.ended is not None:
        return credential
    return merge(credential, content, said, numbering)


def hold(credential: Credential, by: HeldBy, new: Hold) -> Credential:
    """Suspend, or lift the suspension that the same side set."""
    last = credential.holds.get(by)
    if last is not None and not new.said.is_after(last.said):
        return credential
    return credential.model_copy(update={"holds": {**credential.holds, by: new}})


def withdraw(credential: Credential, sequence: int, reason: str | None) -> Credential:
    """Remember that the department took back everything that it published up to `sequence`."""
    last = credential.withdrawal
    if last is not None and last.sequence >= sequence:
        return credential
    return credential.model_copy(update={"withdrawal": Withdrawal(sequence=sequence, reason=reason)})


def is_held(credential: Credential, content: CredentialContent, sequence: int) -> Known:
    """Tell what a department's publication under this sequence is to a credential.

    One that arrives after a withdrawal that is newer is news all the same: it is stored as what was taken back.
    """
    current, taken = credential.published, credential.withdrawal
    if taken is not None and taken.sequence == sequence:
        return "sequence-reused"
    if current is None or sequence > current.said.sequence:
        return "news"
    if sequence == current.said.sequence:
        return "known" if content == current.content else "sequence-reused"
    return "older-than-held"


def is_taken_back(credential: Credential, sequence: int, reason: str | None) -> Known:
    """Tell what a department's withdrawal under this sequence is to a credential."""
    current, taken = credential.published, credential.withdrawal
    if taken is not None and taken.sequence == sequence:
        return "known" if taken.reason == reason else "sequence-reused"
    if current is not None and current.said.sequence == sequence:
        return "sequence-reused"
    return "older-than-held" if sequence < held_sequence(credential) else "news"


def held_sequence(credential: Credential) -> int:
    """Return the highest sequence that a department has used for a record, 0 for none."""
    published = credential.published.said.sequence if credential.published else 0
    return max(published, credential.withdrawal.sequence if credential.withdrawal else 0)


def link(credential: Credential, resident_id: str | None) -> Credential:
    """Fill in the resident's id if it is known by now; it never changes afterwards."""
    if resident_id is None or credential.holder.resident_id is not None:
        return credential
    return credential.model_copy(update={"holder": credential.holder.model_copy(update={"resident_id": resident_id})})


def link_if_changed(before: Credential, after: Credential, resident_id: str | None) -> Credential:
    """Fill in the resident's id on the occasion of a change; for itself it is none."""
    return before if after == before else link(after, resident_id)


def _is_newer(content: CredentialContent, said: Statement, current: Issue) -> bool:
    if content.voice == current.content.voice:
        return said.is_after(current.said)
    return (said.at, content.voice) > (current.said.at, current.content.voice)


def _replaced(issue: Issue, said: Statement) -> Issue:
    if issue.ended is not None:
        return issue
    return issue.model_copy(update={"ended": Ending(status=REVOKED, reason=REPLACED, at=said.at)})
