"""Recording: every use of a resident's data that a service tells of becomes an entry, once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bus.envelope import new_event_id
from bus.event import NOTHING, Change, NotYet, Outcome, Received
from data_rights.domain.access import SYSTEM, Access, AccessedBy, SeenDocument, access_id, earlier_id
from data_rights.handlers.dependencies import Deps
from data_rights.views import (
    DataAccessed,
    Holder,
    Matched,
    MatchedDocument,
    NotMatched,
    PresenceBegun,
    UnmatchedDocument,
)
from privacy import access_log
from web.auth import Principal

_MATCHER = AccessedBy(subject="matcher", role=SYSTEM)


async def record(event: Received[DataAccessed], deps: Deps) -> Outcome[None]:
    """Somebody looked at or used a resident's data. Raises NotYet while nobody of that resident id is known."""
    said = event.data
    holder = await _index_of(said.holder, deps)
    entry = Access(
        id=access_id(event.id, holder, deps.digest),
        holder=holder,
        by=AccessedBy(subject=said.by.subject, role=said.by.role, departments=tuple(said.by.departments)),
        how=said.how,
        what=said.what,
        documents=tuple(
            SeenDocument(document_type=it.document_type, identifier=it.identifier) for it in said.documents
        ),
        application_id=said.application_id,
        item=said.item,
        purpose=said.purpose,
        source=event.type.partition(".")[0],
        at=said.at,
        salt=_salt(),
    )
    return await _added(entry, event, deps)


async def record_presence(event: Received[PresenceBegun], deps: Deps) -> Outcome[None]:
    """The resident stood at a window or a terminal, where the card was read to apply for them."""
    said = event.data
    entry = Access(
        id=access_id(event.id, said.holder_index, deps.digest),
        holder=said.holder_index,
        by=AccessedBy(subject=said.by.subject, role=said.by.role, departments=tuple(said.by.departments)),
        how="read-card",
        what="registration",
        documents=(SeenDocument(document_type="id-card"),),
        application_id=None,
        item=None,
        purpose=None,
        source="identity",
        at=said.begun_at,
        salt=_salt(),
    )
    return await _added(entry, event, deps)


async def record_match(event: Received[Matched], deps: Deps) -> Outcome[None]:
    """Documents were compared without a person, and are proven."""
    return await _recorded(event, [(each, [each.document_type]) for each in event.data.documents], "succeeded", deps)


async def record_mismatch(event: Received[NotMatched], deps: Deps) -> Outcome[None]:
    """Documents were compared without a person, and are not proven."""
    return await _recorded(event, [(each, each.document_types) for each in event.data.documents], "failed", deps)


@dataclass(frozen=True, slots=True)
class RecordedDeed:
    """What somebody asked for here, as an entry says it."""

    how: access_log.How | Literal["disputed"]
    what: access_log.What | Literal["access"] = "everything"
    documents: tuple[SeenDocument, ...] = ()


def by_guardian(holder: str, resident_id: str, by: Principal, deed: RecordedDeed, deps: Deps) -> list[Change]:
    """Record what a guardian asked for about a ward; what people ask about themselves is nobody's business."""
    if access_log.is_own(by, resident_id):
        return []
    entry = Access(
        id=access_id(new_event_id(), holder, deps.digest),
        holder=holder,
        by=AccessedBy(subject=by.subject, role=by.role),
        how=deed.how,
        what=deed.what,
        documents=deed.documents,
        application_id=None,
        item=None,
        purpose=None,
        source="data-rights",
        at=deps.clock(),
        salt=_salt(),
    )
    return [deps.accesses.add(entry)]


async def _recorded(
    event: Received[Matched] | Received[NotMatched],
    compared: Sequence[tuple[MatchedDocument | UnmatchedDocument, Sequence[str]]],
    result: str,
    deps: Deps,
) -> Outcome[None]:
    """Record a match of each document, with the types that were compared."""
    entries = [await _match(event, document, types, result, deps) for document, types in compared]
    return Outcome(changes=[change for entry in entries for change in (await _added(entry, event, deps)).changes])


async def _match(
    event: Received[Matched] | Received[NotMatched],
    document: MatchedDocument | UnmatchedDocument,
    types: Sequence[str],
    result: str,
    deps: Deps,
) -> Access:
    said = event.data
    holder = await _index_of(document.holder, deps)
    return Access(
        id=access_id(event.id, holder, deps.digest, "" if event.type.endswith(".v1") else document.requirement),
        holder=holder,
        by=_MATCHER,
        how="matched",
        what="evidence",
        documents=tuple(SeenDocument(document_type=each) for each in types),
        application_id=said.application_id,
        item=said.item,
        purpose=None,
        result=result,
        source="matcher",
        at=event.time,
        salt=_salt(),
        answers=f"{said.application_id}/{document.requirement}/{document.attempt}",
    )


async def _added(entry: Access, event: Received[Any], deps: Deps) -> Outcome[None]:
    """Add an entry, once: not what is recorded, nor what was and has ended, nor a second answer to one question."""
    if event.may_have_been_handled(deps.clock()) and await _was_recorded(entry, event, deps):
        return NOTHING
    return Outcome(changes=[deps.accesses.add(entry)])


async def _was_recorded(entry: Access, event: Received[Any], deps: Deps) -> bool:
    ids = [entry.id, earlier_id(event.id, entry.holder)]
    return bool(await deps.accesses.many(ids) or await deps.accesses.ended(ids))


async def _index_of(holder: Holder, deps: Deps) -> str:
    if holder.index is not None:
        return holder.index
    person = await deps.people.get(holder.resident_id or "")
    if person is None:
        raise NotYet(f"resident {holder.resident_id} is not known")
    return person.index


def _salt() -> str:
    return secrets.token_hex(16)
