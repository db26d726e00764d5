"""What anybody finds beside the API: the keys that check our signatures, and a page where a credential is checked."""

from __future__ import annotations

from fastapi import APIRouter

from credential_store.web import keys, verify

pages = APIRouter()
pages.include_router(keys.router)
pages.include_router(verify.router)
