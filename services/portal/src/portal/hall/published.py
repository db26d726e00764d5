"""What is published of decisions: the notices, the figures of a month, the heads of the record of accesses."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.responses import Response

from portal.frame.place import router as page_router
from portal.frame.visitors import Anybody
from portal.hall.answers import HallStatistics, Heads, Notices

router = page_router()

_LONGEST_MONTH = 31


@router.get("/hall/notices")
async def notices(visit: Anybody, month: str = "", cursor: str = "") -> Response:
    """Show the decisions of a month, the latest first."""
    found, figures = await asyncio.gather(
        visit.call.get_public("/v1/notices", Notices, month=month or None, cursor=cursor or None, limit=20),
        visit.part(visit.call.get_public("/v1/statistics/open", HallStatistics, month=month or None)),
    )
    return visit.show(
        "hall/notices.html",
        here="notices",
        found=found,
        figures=figures,
        month=month,
        cursor=cursor,
        beside=await _beside(visit, figures, month) if figures else None,
    )


@router.get("/hall/statistics")
async def statistics(visit: Anybody, month: str = "") -> Response:
    """Show how well the district does in a month."""
    found = await visit.call.get_public("/v1/statistics/open", HallStatistics, month=month or None)
    return visit.show("hall/statistics.html", here="statistics", found=found, beside=await _beside(visit, found, month))


@router.get("/hall/record")
async def record(visit: Anybody, cursor: str = "") -> Response:
    """Show the published heads of the record of accesses."""
    found = await visit.call.get_public("/v1/record-heads", Heads, cursor=cursor or None, limit=20)
    return visit.show("hall/record.html", here="record", found=found, cursor=cursor)


async def _beside(visit: Anybody, shown: HallStatistics, asked: str) -> dict[str, str]:
    """Return the months before and after the one that is shown; none after the newest."""
    newest = await visit.part(visit.call.get_public("/v1/statistics/open", HallStatistics)) if asked else shown
    after = f"{(shown.first + timedelta(days=_LONGEST_MONTH)).replace(day=1):%Y-%m}"
    return {
        "before": f"{shown.first - timedelta(days=1):%Y-%m}",
        "after": after if newest and shown.first < newest.first else "",
    }
