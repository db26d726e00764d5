"""Routes: parse, call a handler, shape the view."""

from __future__ import annotations

from fastapi import APIRouter

from operations.api import audit, edits, failures, groups, replays, trails

router = APIRouter()
router.include_router(replays.router)
router.include_router(edits.router)
router.include_router(failures.router)
router.include_router(groups.router)
router.include_router(audit.router)
router.include_router(trails.router)
