"""HTTP: what residents, departments and their reviewers call."""

from __future__ import annotations

from fastapi import APIRouter

from credential_store.api import accesses, credentials, hand_overs, queries

router = APIRouter()
router.include_router(credentials.router)
router.include_router(queries.router)
router.include_router(accesses.router)
router.include_router(hand_overs.router)
