"""Every route of the service: what residents, reviewers, officials and the public call."""

from __future__ import annotations

from fastapi import APIRouter

from applications.api import (
    agreements,
    applications,
    confirmations,
    items,
    notices,
    progress,
    review_switches,
    scans,
    statistics,
    uploads,
)
from applications.eligibility import api as eligibility
from applications.inquiries import api as inquiries
from applications.open_statistics import api as open_statistics
from applications.receipts import api as receipts

router = APIRouter()
router.include_router(items.router)
router.include_router(eligibility.router)
router.include_router(applications.router)
router.include_router(progress.router)
router.include_router(receipts.router)
router.include_router(inquiries.router)
router.include_router(scans.router)
router.include_router(uploads.router)
router.include_router(confirmations.router)
router.include_router(agreements.router)
router.include_router(notices.router)
router.include_router(statistics.router)
router.include_router(review_switches.router)
router.include_router(open_statistics.router)

__all__ = ["router"]
