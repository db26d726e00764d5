"""/v1/status-lists: which signed credentials no longer count, for anybody to fetch and keep for a while."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path
from starlette.responses import Response

from credential_store.domain.status_list import Purpose
from credential_store.handlers import status_lists
from credential_store.handlers.dependencies import Deps
from web import routes

router = APIRouter(prefix="/status-lists", tags=["verification"])

MEDIA_TYPE = "application/vc+jwt"


@router.get(
    "/{purpose}/{number}",
    summary="Fetch a status list",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}, 304: {"description": "It is the one that you have"}},
)
async def fetch(
    purpose: Purpose,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    deps: Annotated[Deps, Depends(routes.deps)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Give a Bitstring Status List, signed. Whoever fetches it says about nobody in particular."""
    found = await status_lists.published(purpose, number, deps)
    tag = f'"{sha256(found.text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={int(status_lists.FRESH.total_seconds())}"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    return Response(found.text, media_type=MEDIA_TYPE, headers=headers)
