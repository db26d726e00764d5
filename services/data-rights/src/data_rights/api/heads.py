"""/v1/record-heads: where the record of accesses ended, and when; for anybody, as it says nothing about anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from data_rights.domain.chain import Head
from data_rights.handlers import queries
from data_rights.handlers.dependencies import Deps
from web import routes
from web.pages import Cursor, Limit, Page, page

router = APIRouter(prefix="/record-heads", tags=["record-heads"])


class HeadView(BaseModel):
    """A published head: block `number` had this `hash`."""

    number: int
    hash: str = Field(description="SHA-256, hex")
    published_at: datetime
    signed: str | None = Field(None, description="The same, signed (compact JWS); null: of a release that signed none")

    @classmethod
    def of(cls, head: Head) -> HeadView:
        return cls(number=head.number, hash=head.hash, published_at=head.at, signed=head.signed)


@router.get("", summary="Read the published heads of the record of accesses")
async def list_heads(deps: Annotated[Deps, Depends(routes.deps)], cursor: Cursor, limit: Limit = 20) -> Page[HeadView]:
    """List the published heads, the latest first. Whoever keeps them can tell when the record is changed later."""
    before = cursor[0] if cursor and isinstance(cursor[0], int) else None
    found = await queries.heads(before, limit, deps)
    return page(found, limit, key=lambda head: [head.number], view=HeadView.of)


@router.get("/keys", summary="Read the keys that sign heads")
async def list_keys(deps: Annotated[Deps, Depends(routes.deps)]) -> dict[str, Any]:
    """Give the public keys that sign heads, old ones among them (JSON Web Key Set)."""
    return deps.record_keys.public.jwks()
