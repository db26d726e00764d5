"""HTTP: what residents read about themselves, and what anybody may know of the record."""

from __future__ import annotations

from fastapi import APIRouter

from data_rights.api import accesses, corrections, disputes, erasures, exports, heads

router = APIRouter()
router.include_router(accesses.router)
router.include_router(disputes.router)
router.include_router(corrections.router)
router.include_router(exports.router)
router.include_router(erasures.router)
router.include_router(heads.router)

__all__ = ["router"]
