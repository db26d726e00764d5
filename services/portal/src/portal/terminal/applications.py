"""What the resident sees first, and their applications: what waits for them, where each is, what they may get."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from portal.frame.place import router as page_router
from portal.frame.template_pages import path_of
from portal.frame.visitors import Anybody
from portal.resident.answers import OwnApplication, OwnApplications, Timeline
from portal.resident.applications import ENDED
from portal.resident.offer import may_get
from portal.resident.visitors import standing_of

router = page_router()

WAITING = frozenset({"draft", "returned"})
_LATEST = 3


@router.get("/home")
async def home(visit: Anybody) -> Response:
    """Show what waits for the person, what is under way, and what they may get."""
    judged = await visit.part(may_get(visit))
    standing, found = await asyncio.gather(
        standing_of(visit), visit.part(visit.call.get("/v1/applications", OwnApplications, limit=20))
    )
    own = found.items if found else ()
    return visit.show(
        "terminal/home.html",
        here="home",
        standing=standing,
        known=found,
        waiting=[each for each in own if each.state in WAITING],
        under_way=[each for each in own if each.state not in WAITING | ENDED],
        decided=[each for each in own if each.state in ENDED][:_LATEST],
        judged=judged,
    )


@router.get("/applications/{application_id}")
async def see(visit: Anybody, application_id: str) -> Response:
    """Show where an application is; a draft is gone on with."""
    path = f"/v1/applications/{path_of(application_id)}"
    application, timeline = await asyncio.gather(
        visit.call.get(path, OwnApplication), visit.part(visit.call.get(f"{path}/timeline", Timeline))
    )
    address = f"{visit.base}/applications/{path_of(application_id)}"
    if application.state == "draft":
        return visit.go(f"{address}/next")
    return visit.show(
        "terminal/application.html", here="applications", application=application, timeline=timeline, address=address
    )
