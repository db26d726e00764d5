"""Looks at credentials: a resident's at their own, a department's with a stated purpose that the resident can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bus.event import Outcome
from credential_store.domain import looks, own_search
from credential_store.domain.credential import Credential, IndexedHolder, Issue
from credential_store.domain.identifiers import credential_of
from credential_store.domain.looks import LookQuestion
from credential_store.handlers.access_events import accessed, case_of, document_of
from credential_store.handlers.dependencies import Deps
from privacy.access_log import Document
from runtime.clock import today
from runtime.errors import NotAllowed, NotFound, Refusal
from standards import credential_identifier, identity_number, mask
from standards.bounds import is_said
from web.auth import Principal, Role


@dataclass(frozen=True, slots=True)
class FoundCredential:
    """One credential that a question found: its version, and the holder's masked number if the caller gave it."""

    credential: Credential
    issue: Issue
    holder_code: str | None = None


@dataclass(frozen=True, slots=True)
class LookAnswer:
    """All that a question found."""

    matches: Sequence[FoundCredential]


async def own(
    by: Principal, ward_id: str | None, after: str | None, limit: int, words: str, deps: Deps
) -> Outcome[Sequence[Credential]]:
    """Return a page of what a resident or a ward holds, and one more to tell whether there is a next page.

    With `words`, which the store can't look for as it keeps everything encrypted, only what they all stand in.

    That a guardian looked is told. Raises NotAllowed for anybody else, whether or not there is such a person.
    """
    whose = ward_id or by.subject
    if not await deps.guardianships.acts_for(by.subject, whose):
        raise NotAllowed("not-your-ward", field="holder")
    index = await deps.credentials.index_of(whose)
    most = 0 if words else limit + 1
    held = [] if index is None else await deps.credentials.of_holder(index, after=after, limit=most)
    found = [each for each in held if own_search.says(each, words, deps.types)][: limit + 1] if words else held
    if not held:
        return Outcome(result=found, accesses=())
    holder, seen = held[0].holder, [document_of(each) for each in found[:limit]]
    told = accessed(holder, "viewed", by, None, seen, deps)
    return Outcome(accesses=told, case=case_of(holder), result=found)


async def view(id_: str, by: Principal, purpose: str | None, deps: Deps) -> Credential:
    """Return one credential to its holder, or, for a stated purpose, to the department that keeps it.

    Raises NotFound, Refusal.
    """
    credential = await deps.credentials.get(id_)
    if credential is None or credential.current is None:
        raise NotFound("credential-unknown")
    if by.role == Role.RESIDENT:
        if not await deps.guardianships.acts_for(by.subject, credential.holder.resident_id or ""):
            raise NotFound("credential-unknown")
        return credential
    looks.check_keeper(credential, by.departments, deps.types)
    if not is_said(purpose):
        raise Refusal("purpose-missing", field="purpose")
    return credential


async def tell_of_view(credential: Credential, by: Principal, purpose: str | None, deps: Deps) -> Outcome[Credential]:
    """Tell of a department's or a guardian's look at one credential; a resident's at their own is nobody's business."""
    told = accessed(credential.holder, "viewed", by, purpose, [document_of(credential)], deps)
    return Outcome(accesses=told, case=case_of(credential.holder), result=credential)


async def ask(question: LookQuestion, by: Principal, deps: Deps) -> Outcome[LookAnswer]:
    """Answer a department's question, and tell of it for the holder to read, whether anything matched or not.

    The result is None when nothing matched.
    """
    looks.check(question, deps.types)
    holder, matches = await _find(question, by, deps)
    answer = LookAnswer(matches) if matches else None
    if holder is None:
        return Outcome(result=answer, accesses=())
    seen = [Document(document_type=it.credential.document_type, identifier=it.issue.identifier) for it in matches]
    if not seen and question.document_type is not None:
        seen = [Document(document_type=question.document_type)]
    told = accessed(holder, "queried", by, question.purpose, seen, deps)
    return Outcome(accesses=told, case=case_of(holder), result=answer)


async def _find(
    question: LookQuestion, by: Principal, deps: Deps
) -> tuple[IndexedHolder | None, Sequence[FoundCredential]]:
    if question.identifier is not None:
        return await _by_identifier(question.identifier, by, deps)
    if question.document_type is not None:
        looks.check_shared(question.document_type, by.departments, deps.types)
    if question.number is not None:
        number = identity_number.parse(question.number, today=today(deps.clock())).number
        return await _by_holder(deps.opener.index.of(number), mask.number(number), question, by, deps)
    index = await deps.credentials.index_of(question.resident_id or "")
    return (None, ()) if index is None else await _by_holder(index, None, question, by, deps)


async def _by_holder(
    index: str, code: str | None, question: LookQuestion, by: Principal, deps: Deps
) -> tuple[IndexedHolder, Sequence[FoundCredential]]:
    held = await deps.credentials.of_holder(index)
    resident_id = next((c.holder.resident_id for c in held if c.holder.resident_id), None)
    return IndexedHolder(resident_id=resident_id, index=index), _shown(held, question.document_type, by, code, deps)


async def _by_identifier(
    identifier: str, by: Principal, deps: Deps
) -> tuple[IndexedHolder | None, Sequence[FoundCredential]]:
    serial = credential_identifier.parse(identifier).serial
    credential = await deps.credentials.get(credential_of(serial))
    issue = credential.issue(identifier) if credential else None
    if credential is None or issue is None:
        return None, ()
    looks.check_shared(credential.document_type, by.departments, deps.types)
    return credential.holder, (FoundCredential(credential, issue),)


def _shown(
    held: Sequence[Credential], document_type: str | None, by: Principal, code: str | None, deps: Deps
) -> Sequence[FoundCredential]:
    return tuple(
        FoundCredential(credential, credential.current, code)
        for credential in held
        if credential.current is not None
        and document_type in {None, credential.document_type}
        and deps.types.of(credential.document_type).is_shared_with(by.departments)
    )
