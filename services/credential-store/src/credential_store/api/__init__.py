"""HTTP: what residents, departments and their reviewers call, and whoever is shown a credential."""

from __future__ import annotations

from fastapi import APIRouter

from credential_store.api import (
    credentials,
    hand_overs,
    presentations,
    queries,
    status_lists,
    verifications,
)
from web import quotas

router = APIRouter()
router.include_router(credentials.router)
router.include_router(presentations.router)
router.include_router(queries.router)
router.include_router(status_lists.router)
router.include_router(verifications.router)
router.include_router(hand_overs.router)
router.include_router(quotas.router)
