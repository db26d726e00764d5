"""Where an application stands, for whoever has the number and the code of its receipt."""

from __future__ import annotations

from starlette.responses import Response

from portal.frame.calls import CallRefused, Json
from portal.frame.forms import Sent
from portal.frame.place import router as page_router
from portal.frame.visitors import Anybody
from portal.hall.answers import HallProgress

router = page_router()


@router.get("/hall/progress")
async def form(visit: Anybody) -> Response:
    """Ask for number and code."""
    return visit.show("hall/progress.html", here="progress", found=None)


@router.post("/hall/progress")
async def look(visit: Anybody, form: Sent) -> Response:
    """Show where it stands, below the form; number and code never stand in an address."""
    asked: dict[str, Json] = {"number": form.text("number"), "code": form.text("code")}
    try:
        found = await visit.call.post("/v1/progress", HallProgress, asked)
    except CallRefused as refused:
        return visit.show(
            "hall/progress.html", here="progress", found=None, problem=refused.problem, filled=form.filled
        )
    return visit.show("hall/progress.html", here="progress", found=found, filled=form.filled)
