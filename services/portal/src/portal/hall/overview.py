"""The hall in one glance, where its windows are, and whether each part of the system answers."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from portal.frame.calls import Away, CallRefused, Nothing
from portal.frame.place import router as page_router
from portal.frame.visitors import Anybody
from portal.frame.visits import PageVisit
from portal.hall.answers import HallStatistics, Notices
from standards.communities import offices

router = page_router()

PARTS = ("identity", "applications", "matcher", "review-dispatch", "credential-store", "data-rights")
"""The services that people notice when they are away."""


@router.get("/hall/")
async def overview(visit: Anybody) -> Response:
    """Show this month's figures and the latest decisions."""
    statistics, notices = await asyncio.gather(
        visit.part(visit.call.get_public("/v1/statistics/open", HallStatistics)),
        visit.part(visit.call.get_public("/v1/notices", Notices, limit=5)),
    )
    return visit.show("hall/overview.html", here="hall", statistics=statistics, notices=notices)


@router.get("/hall/windows")
async def windows(visit: Anybody) -> Response:
    """Show the community windows by sub-district."""
    return visit.show("hall/windows.html", here="windows", offices=offices())


@router.get("/hall/status")
async def status(visit: Anybody) -> Response:
    """Say which parts of the system answer now."""
    found = await asyncio.gather(*(_answers(visit, part) for part in PARTS))
    return visit.show("hall/status.html", here="status", parts=tuple(zip(PARTS, found, strict=True)), all_up=all(found))


async def _answers(visit: PageVisit, part: str) -> bool:
    try:
        await visit.call.get(f"/services/{part}/readyz", Nothing)
    except (Away, CallRefused):
        return False
    return True
