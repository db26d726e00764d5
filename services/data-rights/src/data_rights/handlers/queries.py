"""Reading the record: residents their own entries and those of their wards, anybody the published heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data_rights.domain.access import Access, digest, told
from data_rights.domain.asked import ServiceRequest
from data_rights.domain.chain import Block, Head
from data_rights.domain.dispute import Dispute, dispute_id
from data_rights.domain.people import pair
from data_rights.handlers.dependencies import Deps
from data_rights.store.holders import HeldT, HoldersDocuments
from runtime.errors import Conflict, NotAllowed, NotFound
from web.auth import Principal


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """What one needs to check one entry against a published head.

    `told` is the entry as it is hashed, `block` the one that it is in, `following` are those after it up to the head.
    """

    told: dict[str, Any]
    digest: str
    block: Block
    following: Sequence[Block]
    head: Head


async def accesses(
    resident_id: str | None, asked: ServiceRequest, by: Principal, deps: Deps, *, before: str | None, limit: int
) -> Sequence[Access]:
    """Return a page of the entries about the caller or a ward, and one more to tell whether there is a next page.

    Raises NotAllowed for anybody else's.
    """
    index = await index_of(resident_id or by.subject, by, deps)
    return [] if index is None else await deps.accesses.page(index, asked, before=before, limit=limit + 1)


async def access(id_: str, resident_id: str | None, by: Principal, deps: Deps) -> Access:
    """Return one entry about the caller or a ward. Raises NotFound, also for somebody else's."""
    index = await index_of(resident_id or by.subject, by, deps)
    found = await deps.accesses.get(id_)
    if found is None or found.holder != index:
        raise NotFound("access-unknown")
    return found


async def proof(id_: str, resident_id: str | None, by: Principal, deps: Deps) -> InclusionProof:
    """Return the proof that an entry is in the record. Raises NotFound, and Conflict before a head covers it."""
    entry = await access(id_, resident_id, by, deps)
    head = await deps.chain.head_at(entry.block) if entry.block is not None else None
    if entry.block is None or head is None:
        raise Conflict("not-published-yet")
    block, *following = await deps.chain.after(entry.block - 1, head.number - entry.block + 1)
    return InclusionProof(told(entry), digest(entry), block, following, head)


async def disputes(found: Sequence[Access], deps: Deps) -> dict[str, Dispute]:
    """Return the disputes that there are of these entries, by the entry's id."""
    known = await deps.disputes.many([dispute_id(each.id) for each in found])
    return {each.access_id: each for each in known.values()}


async def heads(before: int | None, limit: int, deps: Deps) -> Sequence[Head]:
    """Return a page of published heads, the latest first, and one more to tell whether there is a next page."""
    return await deps.chain.heads_before(before, limit + 1)


async def page_of(
    kept: HoldersDocuments[HeldT], resident_id: str | None, by: Principal, deps: Deps, *, before: str | None, limit: int
) -> Sequence[HeldT]:
    """Return a page of what is kept about the caller or a ward, the latest first, and one more. Raises NotAllowed."""
    index = await index_of(resident_id or by.subject, by, deps)
    return [] if index is None else await kept.of_holder(index, before=before, limit=limit + 1)


async def index_of(resident_id: str, by: Principal, deps: Deps) -> str | None:
    """Return the index of whose record is read; None: nothing is known of them yet. Raises NotAllowed."""
    if resident_id != by.subject:
        guardianship = await deps.guardianships.get(pair(by.subject, resident_id))
        if guardianship is None or not guardianship.active:
            raise NotAllowed("not-your-data")
    person = await deps.people.get(resident_id)
    return None if person is None else person.index
