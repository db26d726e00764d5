"""Recording: every use of a resident's data that a service tells of becomes an entry, once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from data_rights.consumed import DataAccessed, Holder, Matched, NotMatched, PresenceBegun
from data_rights.domain.access import SYSTEM, Access, By, Seen, access_id
from data_rights.handlers.needs import Deps
from messaging.envelope import new_event_id
from messaging.event import NOTHING, Change, NotYet, Outcome, Received
from runtime import accesses
from runtime.access import Principal

_MATCHER = By(subject="matcher", role=SYSTEM)


async def record(event: Received[DataAccessed], deps: Deps) -> Outcome[None]:
    """Somebody looked at or used a resident's data. Raises NotYet while nobody of that resident id is known."""
    said = event.data
    holder = await _index_of(said.holder, deps)
    entry = Access(
        id=access_id(event.id, holder),
        holder=holder,
        by=By(subject=said.by.subject, role=said.by.role, departments=tuple(said.by.departments)),
        how=said.how,
        what=said.what,
        documents=tuple(Seen(document_type=it.document_type, identifier=it.identifier) for it in said.documents),
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
        id=access_id(event.id, said.holder_index),
        holder=said.holder_index,
        by=By(subject=said.by.subject, role=said.by.role, departments=tuple(said.by.departments)),
        how="read-card",
        what="registration",
        documents=(Seen(document_type="id-card"),),
        application_id=None,
        item=None,
        purpose=None,
        source="identity",
        at=said.begun_at,
        salt=_salt(),
    )
    return await _added(entry, event, deps)


async def record_match(event: Received[Matched], deps: Deps) -> Outcome[None]:
    """A document was compared without a person, and is proven."""
    return await _match(event, [event.data.document_type], "succeeded", deps)


async def record_mismatch(event: Received[NotMatched], deps: Deps) -> Outcome[None]:
    """A document was compared without a person, and is not proven."""
    return await _match(event, event.data.document_types, "failed", deps)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody asked for here, as an entry says it."""

    how: accesses.How | Literal["disputed"]
    what: accesses.What | Literal["access"] = "everything"
    documents: tuple[Seen, ...] = ()


def by_guardian(holder: str, resident_id: str, by: Principal, deed: Deed, deps: Deps) -> list[Change]:
    """Record what a guardian asked for about a ward; what people ask about themselves is nobody's business."""
    if accesses.is_own(by, resident_id):
        return []
    entry = Access(
        id=access_id(new_event_id(), holder),
        holder=holder,
        by=By(subject=by.subject, role=by.role),
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


async def _match(
    event: Received[Matched] | Received[NotMatched], types: Sequence[str], result: str, deps: Deps
) -> Outcome[None]:
    said = event.data
    holder = await _index_of(said.holder, deps)
    entry = Access(
        id=access_id(event.id, holder),
        holder=holder,
        by=_MATCHER,
        how="matched",
        what="evidence",
        documents=tuple(Seen(document_type=each) for each in types),
        application_id=said.application_id,
        item=said.item,
        purpose=None,
        result=result,
        source="matcher",
        at=event.time,
        salt=_salt(),
        answers=f"{said.application_id}/{said.requirement}/{said.attempt}",
    )
    return await _added(entry, event, deps)


async def _added(entry: Access, event: Received[Any], deps: Deps) -> Outcome[None]:
    """Add an entry, once: not what is recorded, nor what was and has ended, nor a second answer to one question."""
    if event.may_have_been_handled(deps.clock()) and await _was_recorded(entry, deps):
        return NOTHING
    return Outcome(changes=[deps.accesses.add(entry)])


async def _was_recorded(entry: Access, deps: Deps) -> bool:
    return await deps.accesses.get(entry.id) is not None or bool(await deps.accesses.ended([entry.id]))


async def _index_of(holder: Holder, deps: Deps) -> str:
    if holder.index is not None:
        return holder.index
    person = await deps.people.get(holder.resident_id or "")
    if person is None:
        raise NotYet(f"resident {holder.resident_id} is not known")
    return person.index


def _salt() -> str:
    return secrets.token_hex(16)
