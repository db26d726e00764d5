"""/.well-known: who we are and with which keys we sign, for whoever checks our signatures without us."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from credential_store.handlers.dependencies import Deps
from runtime.json_signatures import Payload
from web import routes

router = APIRouter(prefix="/.well-known")

DepsOf = Annotated[Deps, Depends(routes.deps)]
_KEPT = {"Cache-Control": "public, max-age=3600"}
"""A new key is published long before anybody could have kept an answer of before it signed: see docs/credentials.md."""


@router.get("/jwks.json")
async def credential_keys(deps: DepsOf) -> Response:
    """Give the keys that sign credentials and status lists, old ones among them."""
    return _kept(deps.issuer.keys.public.jwks())


@router.get("/agreement-jwks.json")
async def agreement_keys(deps: DepsOf) -> Response:
    """Give the keys that sign agreements; none of them counts for a credential."""
    return _kept(deps.trusted.agreements.jwks())


@router.get("/jwt-vc-issuer")
async def issuer(deps: DepsOf) -> Response:
    """Describe the issuer of credentials (SD-JWT VC, section 4)."""
    return _kept({"issuer": deps.issuer.url, "jwks": deps.issuer.keys.public.jwks()})


def _kept(content: Payload) -> Response:
    return JSONResponse(content, headers=_KEPT)
