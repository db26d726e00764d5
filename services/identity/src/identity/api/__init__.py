"""The routes: parse, call a handler, shape the view."""

from __future__ import annotations

from fastapi import APIRouter

from identity.api import guardianships, presences, queries, residents, terminals

router = APIRouter()
router.include_router(residents.router)
router.include_router(queries.router)
router.include_router(guardianships.router)
router.include_router(terminals.router)
router.include_router(presences.router)

__all__ = ["router"]
