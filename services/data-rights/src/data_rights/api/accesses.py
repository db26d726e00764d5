"""/v1/accesses: where residents read who used their data, and get the proof that an entry is in the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from data_rights.api.labels import Coded, coded, sentence, who
from data_rights.api.parts import AccessId, DepsOf, Resident, Whose
from data_rights.domain.access import Access
from data_rights.domain.asked import ServiceRequest
from data_rights.domain.chain import Block
from data_rights.domain.dispute import Dispute
from data_rights.handlers import queries
from data_rights.handlers.queries import InclusionProof
from runtime.clock import Moment
from standards.hash_chain import stamp
from web import routes
from web.pages import Cursor, Limit, Page, page

router = APIRouter(prefix="/accesses", tags=["accesses"])


class AccessDocumentView(BaseModel):
    """A document that was seen or asked for."""

    document_type: Coded
    identifier: str | None = Field(description="The electronic credential identifier, where it was a credential")


class AccessView(BaseModel):
    """One use of the resident's data, in words and in parts."""

    access_id: str
    at: datetime
    sentence: str
    who: str
    by: str = Field(description="The account")
    role: Coded
    departments: list[Coded]
    how: Coded
    what: Coded
    documents: list[AccessDocumentView]
    application_id: str | None
    item: Coded | None
    purpose: str | None = Field(description="As it was stated; null: it is the work on the application")
    result: Coded | None = Field(description="What an automatic match found")
    dispute: str | None = Field(description="The id of its dispute, where it is disputed")
    is_sealed: bool = Field(description="Whether it is in the chain already, some seconds after it happened")

    @classmethod
    def of(cls, access: Access, language: str, disputes: Mapping[str, Dispute]) -> AccessView:
        return cls(
            access_id=access.id,
            at=access.at,
            sentence=sentence(access, language),
            who=who(access, language),
            by=access.by.subject,
            role=coded("roles", access.by.role, language),
            departments=[coded("departments", code, language) for code in access.by.departments],
            how=coded("hows", access.how, language),
            what=coded("whats", access.what, language),
            documents=[
                AccessDocumentView(
                    document_type=coded("documents", it.document_type, language), identifier=it.identifier
                )
                for it in access.documents
            ],
            application_id=access.application_id,
            item=coded("items", access.item, language) if access.item else None,
            purpose=access.purpose,
            result=coded("results", access.result, language) if access.result else None,
            dispute=disputes[access.id].id if access.id in disputes else None,
            is_sealed=access.block is not None,
        )


class BlockView(BaseModel):
    """A block: its hash is the SHA-256 of the canonical JSON of number, previous, at, entries ([id, digest]), term."""

    number: int
    previous: str
    at: str = Field(description="When it was sealed, as it is hashed")
    entries: list[tuple[str, str]]
    term: int | None = Field(description="Days that their content is kept; null: an old block, where it is not hashed")
    hash: str

    @classmethod
    def of(cls, block: Block) -> BlockView:
        entries = [(each.id, each.digest) for each in block.entries]
        return cls(
            number=block.number,
            previous=block.previous,
            at=stamp(block.at),
            entries=entries,
            term=block.term,
            hash=block.hash,
        )


class InclusionProofView(BaseModel):
    """What one needs to check one entry: itself, its block, the blocks after it, and the head that was published."""

    entry: dict[str, object] = Field(description="The entry as it is hashed, its salt inside")
    digest: str = Field(description="SHA-256 of the entry's canonical JSON: sorted keys, no blanks, UTF-8")
    block: BlockView
    following: list[BlockView]
    head_number: int
    head_hash: str
    head_published_at: datetime

    @classmethod
    def of(cls, proof: InclusionProof) -> InclusionProofView:
        return cls(
            entry=proof.told,
            digest=proof.digest,
            block=BlockView.of(proof.block),
            following=[BlockView.of(each) for each in proof.following],
            head_number=proof.head.number,
            head_hash=proof.head.hash,
            head_published_at=proof.head.at,
        )


async def _asked(
    *,
    by: Annotated[str | None, Query(max_length=100, description="An account, such as a staff number")] = None,
    department: Annotated[str | None, Query(max_length=60, examples=["health"])] = None,
    document_type: Annotated[str | None, Query(max_length=60, examples=["birth-certificate"])] = None,
    application_id: Annotated[str | None, Query(max_length=60)] = None,
    how: Annotated[str | None, Query(max_length=60, examples=["viewed"])] = None,
    since: Annotated[Moment | None, Query(description="From this moment on")] = None,
    until: Annotated[Moment | None, Query(description="Before this moment")] = None,
) -> ServiceRequest:
    return ServiceRequest(
        by=by,
        department=department,
        document_type=document_type,
        application_id=application_id,
        how=how,
        since=since,
        until=until,
    )


@router.get("", summary="Read who used my data")
async def list_own(
    caller: Resident,
    asked: Annotated[ServiceRequest, Depends(_asked)],
    deps: DepsOf,
    language: routes.Language,
    cursor: Cursor,
    resident_id: Whose = None,
    limit: Limit = 20,
) -> Page[AccessView]:
    """Give a resident, or a child's guardian, every use of their data by people, departments and matches, latest first.

    A look at one's own data is not in it.
    """
    before = str(cursor[0]) if cursor else None
    found = await queries.accesses(resident_id, asked, caller, deps, before=before, limit=limit)
    disputes = await queries.disputes(found, deps)
    return page(found, limit, key=lambda it: [it.id], view=lambda it: AccessView.of(it, language, disputes))


@router.get("/{id}", summary="Read one use of my data")
async def read(
    id: AccessId, caller: Resident, deps: DepsOf, language: routes.Language, resident_id: Whose = None
) -> AccessView:
    """Show one entry."""
    found = await queries.access(id, resident_id, caller, deps)
    return AccessView.of(found, language, await queries.disputes([found], deps))


@router.get("/{id}/proof", summary="Get the proof that an entry is in the record")
async def prove(id: AccessId, caller: Resident, deps: DepsOf, resident_id: Whose = None) -> InclusionProofView:
    """Give what one needs to check an entry against a published head; refused (409) until a head covers it."""
    return InclusionProofView.of(await queries.proof(id, resident_id, caller, deps))
