"""What is published of decisions: the notices, and the figures of a month."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.responses import Response

from portal.frame.place import router as page_router
from portal.frame.visits import Anybody
from portal.hall.answers import Items, Notices, Statistics

router = page_router()

_LONGEST_MONTH = 31


@router.get("/hall/notices")
async def notices(visit: Anybody, item: str = "", cursor: str = "") -> Response:
    """Show decisions, the latest first, of all items or of one."""
    found, items = await asyncio.gather(
        visit.call.get_public("/v1/notices", Notices, item=item or None, cursor=cursor or None, limit=20),
        visit.part(visit.call.get_public("/v1/items", Items, limit=100)),
    )
    return visit.show(
        "hall/notices.html", here="notices", found=found, items=items.items if items else (), item=item, cursor=cursor
    )


@router.get("/hall/statistics")
async def statistics(visit: Anybody, month: str = "") -> Response:
    """Show how well the district does in a month."""
    found, newest = await asyncio.gather(
        visit.call.get_public("/v1/statistics/open", Statistics, month=month or None),
        visit.part(visit.call.get_public("/v1/statistics/open", Statistics)),
    )
    before = f"{found.first - timedelta(days=1):%Y-%m}"
    after = f"{(found.first + timedelta(days=_LONGEST_MONTH)).replace(day=1):%Y-%m}"
    return visit.show(
        "hall/statistics.html",
        here="statistics",
        found=found,
        before=before,
        after=after if newest and found.first < newest.first else "",
    )
