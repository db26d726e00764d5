"""The dashboard: how much was decided, how much of it without people, by item, department and month."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.responses import Response

from portal.frame.calls import CallRefused, GatewayProblem, Query
from portal.frame.place import router as page_router
from portal.frame.visitors import Official
from portal.frame.visits import PageVisit
from portal.office.answers import OfficeQueues, OfficeStatistics, Switches
from portal.office.charts import columns
from portal.office.reviews import is_mine

router = page_router()


@router.get("/office/")
async def dashboard(visit: Official, month: str = "", item: str = "") -> Response:
    """Show the figures of a month, of one item or of all; without a month, of that of yesterday."""
    chosen = {"month": month, "item": item}
    (found, problem), queues, switches = await asyncio.gather(
        _figures(visit, {"month": month or None, "item": item or None}),
        visit.part(visit.call.get("/v1/tasks/statistics", OfficeQueues)),
        visit.part(visit.call.get("/v1/review-switches", Switches)),
    )
    proposed = [each for each in switches.items if each.proposal] if switches else []
    return visit.show(
        "office/dashboard.html",
        here="dashboard",
        found=found,
        chart=columns(found.months) if found else None,
        queues=queues.queues if queues else None,
        waits=sum(not is_mine(each, visit) for each in proposed),
        chosen=chosen,
        problem=problem,
        fields={"/month": "month", "/item": "item"},
        beside=_beside(found),
    )


async def _figures(visit: PageVisit, asked: Query) -> tuple[OfficeStatistics | None, GatewayProblem | None]:
    """Return the figures of what was asked for; of the newest month where that can't be had, and why it can't."""
    try:
        return await visit.part(visit.call.get("/v1/statistics", OfficeStatistics, **asked)), None
    except CallRefused as refused:
        return await visit.part(visit.call.get("/v1/statistics", OfficeStatistics)), refused.problem


def _beside(found: OfficeStatistics | None) -> dict[str, str] | None:
    """Return the months before and after the one that is shown; none after one that still runs."""
    if found is None:
        return None
    following = found.last + timedelta(days=1)
    return {
        "before": f"{found.first - timedelta(days=1):%Y-%m}",
        "after": f"{following:%Y-%m}" if following.month != found.first.month else "",
    }
